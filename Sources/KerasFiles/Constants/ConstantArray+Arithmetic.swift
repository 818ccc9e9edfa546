import ModelGraph

extension ConstantArray {
    /// A function of each element.
    package func mapped(isInteger: Bool = false, _ change: (Double) -> Double) -> ConstantArray {
        ConstantArray(shape: shape, values: values.map(change), isInteger: isInteger, isBatched: isBatched)
    }

    /// A function of the elements of two arrays that meet; `nil` where they do not.
    package static func combined(
        _ left: ConstantArray, _ right: ConstantArray, isInteger: Bool, _ body: (Double, Double) -> Double
    ) -> ConstantArray? {
        guard let (shape, isBatched) = common([left, right]), let one = left.broadcast(to: shape),
            let other = right.broadcast(to: shape)
        else { return nil }
        return ConstantArray(
            shape: shape, values: zip(one.values, other.values).map(body), isInteger: isInteger, isBatched: isBatched)
    }

    /// Elements of one array where a condition is not 0, of another one elsewhere.
    package static func selected(
        _ condition: ConstantArray, _ left: ConstantArray, _ right: ConstantArray
    ) -> ConstantArray? {
        guard let (shape, isBatched) = common([condition, left, right]), let shown = condition.broadcast(to: shape),
            let one = left.broadcast(to: shape), let other = right.broadcast(to: shape)
        else { return nil }
        let values = shown.values.indices.map { shown.values[$0] != 0 ? one.values[$0] : other.values[$0] }
        return ConstantArray(
            shape: shape, values: values, isInteger: left.isInteger && right.isInteger, isBatched: isBatched)
    }

    /// Arrays one after the other along an axis; `nil` where they do not fit.
    package static func joined(_ arrays: [ConstantArray], axis index: Int) -> ConstantArray? {
        guard let first = arrays.first, let axis = first.axis(index) else { return nil }
        let isBatched = arrays.contains(where: \.isBatched)
        guard !isBatched || axis > 0, arrays.allSatisfy({ $0.shape.count == first.shape.count }) else { return nil }
        var shape = first.shape
        shape[axis] = 0
        for array in arrays {
            var other = array.shape
            other[axis] = first.shape[axis]
            guard other == first.shape else { return nil }
            shape[axis] += array.shape[axis]
        }
        guard let count = count(shape) else { return nil }
        let outer = shape[..<axis].reduce(1, *)
        var values: [Double] = []
        values.reserveCapacity(count)
        for block in 0..<outer {
            for array in arrays {
                let length = array.values.count / outer
                values.append(contentsOf: array.values[block * length..<(block + 1) * length])
            }
        }
        return ConstantArray(
            shape: shape, values: values, isInteger: arrays.allSatisfy(\.isInteger), isBatched: isBatched)
    }

    /// One number out of each line along some axes.
    ///
    /// - Parameters:
    ///   - axes: Of the array; `nil`: all.
    ///   - body: The number, from the line's elements in order.
    package func reduced(
        axes: [Int]?, keepsAxes: Bool, isInteger: Bool, _ body: ([Double]) -> Double
    ) -> ConstantArray? {
        let chosen = Set((axes ?? Array(shape.indices)).compactMap { self.axis($0) })
        guard chosen.count == (axes?.count ?? shape.count), !(isBatched && chosen.contains(0)) else { return nil }
        let kept = shape.indices.filter { !chosen.contains($0) }, gone = chosen.sorted()
        let steps = steps
        let order = kept + gone
        let arranged = gathered(order.map { shape[$0] }, order.map { steps[$0] }, start: 0, count: values.count)
        let length = gone.map { shape[$0] }.reduce(1, *)
        let results = stride(from: 0, to: values.count, by: max(length, 1)).map {
            body(Array(arranged.values[$0..<$0 + length]))
        }
        let target = keepsAxes ? shape.indices.map { chosen.contains($0) ? 1 : shape[$0] } : kept.map { shape[$0] }
        return ConstantArray(shape: target, values: results, isInteger: isInteger, isBatched: isBatched)
    }

    /// Sums of all elements up to each one along an axis.
    package func accumulated(axis index: Int, isExclusive: Bool, isReversed: Bool) -> ConstantArray? {
        guard let axis = axis(index), !(isBatched && axis == 0) else { return nil }
        let step = steps[axis], length = shape[axis]
        var result = self
        for start in values.indices where start / step % length == 0 {
            var sum = 0.0
            for number in 0..<length {
                let element = start + (isReversed ? length - 1 - number : number) * step
                if isExclusive {
                    result.values[element] = sum
                    sum += values[element]
                } else {
                    sum += values[element]
                    result.values[element] = sum
                }
            }
        }
        return result
    }

    /// The array with everything outside a band of its last two axes made 0.
    ///
    /// - Parameters:
    ///   - lower: Diagonals below the main one that stay; `nil`: all.
    ///   - upper: Diagonals above it that stay; `nil`: all. Negative: not even those nearest to it.
    package func band(lower: Int?, upper: Int?) -> ConstantArray? {
        guard shape.count >= (isBatched ? 3 : 2) else { return nil }
        let columns = shape[shape.count - 1], rows = shape[shape.count - 2]
        var result = self
        for index in values.indices {
            let column = index % columns, row = index / columns % rows
            if row - column > lower ?? Int.max || column - row > upper ?? Int.max { result.values[index] = 0 }
        }
        return result
    }
}
