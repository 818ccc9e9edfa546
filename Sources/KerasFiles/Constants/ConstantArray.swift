import JSON
import ModelGraph
import Platform

/// Numbers that are known before anything runs: an array in a configuration, or what follows from shapes alone.
///
/// Axes are those of the framework's tensor. The first one is the batch's where `isBatched` says so: its extent is 1
/// then and stands for every sequence (`zeros_like(x)`, `tile(table, [batch, 1, 1])`).
package struct ConstantArray: Sendable, Hashable {
    /// Extents of all axes; none: a single number.
    package var shape: [Int]
    /// In row-major order.
    package var values: [Double]
    /// Whether the numbers are whole (ids, flags).
    package var isInteger = false
    /// Whether the first axis is the batch.
    package var isBatched = false

    /// Numbers of one array: far beyond any table of positions.
    package static let largestCount = 1 << 24
    /// Axes of one array.
    package static let largestRank = 8

    package init(shape: [Int], values: [Double], isInteger: Bool = false, isBatched: Bool = false) {
        self.shape = shape
        self.values = values
        self.isInteger = isInteger
        self.isBatched = isBatched
    }

    /// One number.
    package init(_ number: Double, isInteger: Bool = false) {
        self.init(shape: [], values: [number], isInteger: isInteger)
    }

    /// 0, 1, 2 …
    package static func counting(_ count: Int) -> ConstantArray {
        ConstantArray(shape: [count], values: (0..<count).map(Double.init), isInteger: true)
    }

    /// The same number everywhere; `nil` out of bounds.
    package static func filled(
        _ number: Double, shape: [Int], isInteger: Bool = false, isBatched: Bool = false
    ) -> Self? {
        guard let count = Self.count(shape) else { return nil }
        return ConstantArray(
            shape: shape, values: [Double](repeating: number, count: count), isInteger: isInteger, isBatched: isBatched)
    }

    /// Number of elements; `nil` out of bounds.
    package static func count(_ shape: [Int]) -> Int? {
        guard shape.count <= largestRank else { return nil }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent > 0, !overflow, product <= largestCount else { return nil }
            count = product
        }
        return count
    }

    /// The one number of an array without axes, or with a single element.
    package var number: Double? { values.count == 1 ? values[0] : nil }

    /// Steps from one element to the next along each axis.
    package var steps: [Int] {
        var steps = [Int](repeating: 1, count: shape.count)
        for axis in shape.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * shape[axis + 1] }
        return steps
    }

    /// As the framework prints it.
    package var shapeText: String {
        "["
            + shape.enumerated().map { isBatched && $0.offset == 0 ? "batch" : String($0.element) }
            .joined(separator: ", ") + "]"
    }
}

// MARK: - Reading

extension ConstantArray {
    /// Nested lists of numbers and flags.
    ///
    /// - Parameter type: The element type that the writer notes; without one, the numbers tell.
    /// - Returns: `nil` for lists of different lengths, for what is no number, and for arrays out of bounds.
    package init?(_ value: JSONValue, type: String? = nil) {
        var shape: [Int] = []
        var first = value
        while case .array(let elements) = first {
            guard let next = elements.first, shape.count < Self.largestRank else { return nil }
            shape.append(elements.count)
            first = next
        }
        guard let count = Self.count(shape) else { return nil }
        var values: [Double] = []
        values.reserveCapacity(count)
        var isWhole = true
        guard Self.append(value, shape[...], to: &values, &isWhole), values.count == count else { return nil }
        let isInteger = type.map { $0.hasPrefix("int") || $0.hasPrefix("uint") || $0 == "bool" } ?? isWhole
        self.init(shape: shape, values: values, isInteger: isInteger)
    }

    private static func append(
        _ value: JSONValue, _ shape: ArraySlice<Int>, to values: inout [Double], _ isWhole: inout Bool
    ) -> Bool {
        guard let extent = shape.first else {
            switch value {
            case .integer(let number): values.append(Double(number))
            case .number(let number):
                values.append(number)
                isWhole = false
            case .bool(let flag): values.append(flag ? 1 : 0)
            default: return false
            }
            return true
        }
        guard case .array(let elements) = value, elements.count == extent else { return false }
        for element in elements {
            guard append(element, shape.dropFirst(), to: &values, &isWhole) else { return false }
        }
        return true
    }
}

// MARK: - Shapes

extension ConstantArray {
    /// The shape under which arrays meet elementwise: aligned at the last axis, axes of extent 1 repeated.
    ///
    /// - Returns: `nil` where they do not meet, or where a batch meets an axis of something else.
    package static func common(_ arrays: [ConstantArray]) -> (shape: [Int], isBatched: Bool)? {
        let rank = arrays.map(\.shape.count).max() ?? 0
        var shape = [Int](repeating: 1, count: rank)
        for array in arrays {
            guard !array.isBatched || array.shape.count == rank else { return nil }
            for (axis, extent) in array.shape.enumerated() {
                let target = axis + rank - array.shape.count
                guard extent == 1 || shape[target] == 1 || shape[target] == extent else { return nil }
                shape[target] = max(shape[target], extent)
            }
        }
        let isBatched = arrays.contains(where: \.isBatched)
        guard count(shape) != nil, !isBatched || shape[0] == 1 else { return nil }
        return (shape, isBatched)
    }

    /// The array repeated along axes of extent 1, and along new ones in front; `nil` where it does not fit.
    package func broadcast(to target: [Int]) -> ConstantArray? {
        guard target.count >= shape.count, let count = Self.count(target) else { return nil }
        if target == shape { return self }
        let padded = [Int](repeating: 1, count: target.count - shape.count) + shape
        guard zip(padded, target).allSatisfy({ $0 == 1 || $0 == $1 }) else { return nil }
        let own = [Int](repeating: 0, count: target.count - shape.count) + steps
        let strides = zip(own, padded).map { $1 == 1 ? 0 : $0 }
        var result = gathered(target, strides, start: 0, count: count)
        result.isBatched = isBatched && target.count == shape.count
        return result
    }

    /// Elements in the order of an array of another shape that walks this one with other steps.
    package func gathered(_ target: [Int], _ strides: [Int], start: Int, count: Int) -> ConstantArray {
        var values: [Double] = []
        values.reserveCapacity(count)
        var digits = [Int](repeating: 0, count: target.count)
        var from = start
        for _ in 0..<count {
            values.append(self.values[from])
            for axis in digits.indices.reversed() {
                digits[axis] += 1
                from += strides[axis]
                if digits[axis] < target[axis] { break }
                from -= strides[axis] * target[axis]
                digits[axis] = 0
            }
        }
        return ConstantArray(shape: target, values: values, isInteger: isInteger, isBatched: isBatched)
    }

    /// The same numbers under another shape; -1 or `nil` stands for what is left over.
    package func reshaped(_ extents: [Int?]) -> ConstantArray? {
        var known = 1
        var open: Int?
        var result: [Int] = []
        for (axis, extent) in extents.enumerated() {
            if let extent, extent >= 0 {
                let (product, overflow) = known.multipliedReportingOverflow(by: extent)
                guard extent > 0, !overflow else { return nil }
                known = product
                result.append(extent)
            } else {
                guard open == nil else { return nil }
                open = axis
                result.append(1)
            }
        }
        guard values.count.isMultiple(of: known) else { return nil }
        if let open { result[open] = values.count / known } else if known != values.count { return nil }
        guard result.count <= Self.largestRank, !isBatched || result.first == 1 else { return nil }
        return ConstantArray(shape: result, values: values, isInteger: isInteger, isBatched: isBatched)
    }

    /// Axes in another order; the batch stays the first.
    package func permuted(_ order: [Int]) -> ConstantArray? {
        guard order.sorted() == Array(shape.indices), !isBatched || order.first == 0 else { return nil }
        let steps = steps
        return gathered(order.map { shape[$0] }, order.map { steps[$0] }, start: 0, count: values.count)
    }

    /// An index of an axis, counted from the end where it is negative.
    package func axis(_ index: Int, more: Int = 0) -> Int? {
        let rank = shape.count + more
        let axis = index < 0 ? index + rank : index
        return (0..<rank).contains(axis) ? axis : nil
    }

    /// Some elements of one axis, in the order of `indices`.
    package func selecting(_ indices: [Int], along axis: Int) -> ConstantArray? {
        guard shape.indices.contains(axis), !(isBatched && axis == 0),
            indices.allSatisfy({ (0..<shape[axis]).contains($0) })
        else { return nil }
        var target = shape
        target[axis] = indices.count
        guard let count = Self.count(target) else { return nil }
        let inner = shape[(axis + 1)...].reduce(1, *), outer = shape[..<axis].reduce(1, *)
        var result: [Double] = []
        result.reserveCapacity(count)
        for block in 0..<outer {
            for index in indices {
                let start = (block * shape[axis] + index) * inner
                result.append(contentsOf: values[start..<start + inner])
            }
        }
        return ConstantArray(shape: target, values: result, isInteger: isInteger, isBatched: isBatched)
    }

    /// The array with an axis of extent 1 put in.
    package func inserting(axis: Int) -> ConstantArray? {
        guard let axis = self.axis(axis, more: 1), shape.count < Self.largestRank, !isBatched || axis > 0 else {
            return nil
        }
        var result = self
        result.shape.insert(1, at: axis)
        return result
    }

    /// The array without some axes of extent 1.
    package func removing(axes: [Int]) -> ConstantArray? {
        var result = self
        for index in axes.sorted(by: >) {
            guard shape.indices.contains(index), shape[index] == 1, !(isBatched && index == 0) else { return nil }
            result.shape.remove(at: index)
        }
        return result
    }
}
