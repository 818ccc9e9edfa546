import CKernels
import Platform
import ModelGraph

// Steps over the rows of a grid: pooled windows, rows at other places; and small products of matrices.

/// A position in a grid that goes through all of them, the last axis fastest.
private struct GridWalk {
    private(set) var position: [Int]
    private let extents: [Int]

    init(_ extents: [Int]) {
        self.extents = extents
        position = [Int](repeating: 0, count: extents.count)
    }

    mutating func advance() {
        for axis in position.indices.reversed() {
            position[axis] += 1
            if position[axis] < extents[axis] { return }
            position[axis] = 0
        }
    }
}

extension GroupExecution {
    /// Pools the windows of one sequence.
    func pool(_ pooling: LocalPooling, _ input: Register, _ out: Register, _ member: Int) {
        let source = rows(input, member), target = rows(out, member)
        let grid = pooling.grid.isEmpty ? [source.count] : pooling.grid
        let windows = pooling.windows
        let before = zip(windows, grid).map { $0.before(length: $1) }
        let sizes = windows.map(\.size), size = sizes.reduce(1, *)
        var window = GridWalk(zip(windows, grid).map { max($0.count(over: $1) ?? 1, 1) })
        for row in 0..<target.count {
            let line = target.base + row * target.slot.stride
            var inside = GridWalk(sizes)
            var seen = 0
            for _ in 0..<size {
                var index = 0, isInside = true
                for axis in grid.indices {
                    let at =
                        window.position[axis] * windows[axis].stride + inside.position[axis] * windows[axis].dilation
                        - before[axis]
                    isInside = isInside && at >= 0 && at < grid[axis]
                    index = index * grid[axis] + at
                }
                inside.advance()
                guard isInside else { continue }
                let other = source.base + index * source.slot.stride
                if seen == 0 {
                    line.update(from: other, count: target.slot.width)
                } else if pooling.function == .max {
                    rk_extreme(kernels.table, line, other, target.slot.width, 1, line)
                } else {
                    rk_add(kernels.table, line, other, target.slot.width, line)
                }
                seen += 1
            }
            if seen == 0 { line.update(repeating: 0, count: target.slot.width) }
            if seen > 1, pooling.function == .mean {
                for column in 0..<target.slot.width { line[column] /= Float(seen) }
            }
            window.advance()
        }
    }

    /// Puts the rows of one sequence at other places.
    func respace(_ respacing: Respacing, _ input: Register, _ out: Register, _ member: Int) {
        let source = rows(input, member), target = rows(out, member)
        let grid = respacing.grid.isEmpty ? [source.count] : respacing.grid
        var place = GridWalk(zip(respacing.axes, grid).map { $0.length($1) ?? 1 })
        for row in 0..<target.count {
            let line = target.base + row * target.slot.stride
            var index = 0, isInside = true
            for axis in grid.indices {
                let change = respacing.axes[axis], at = place.position[axis] - change.before
                isInside =
                    isInside && at >= 0 && at < grid[axis] * change.times
                    && (change.isRepeated || at % change.times == 0)
                index = index * grid[axis] + at / change.times
            }
            if isInside {
                line.update(from: source.base + index * source.slot.stride, count: target.slot.width)
            } else {
                line.update(repeating: 0, count: target.slot.width)
            }
            place.advance()
        }
    }

    /// Multiplies the matrices of one sequence.
    func multiply(_ product: MatrixProduct, _ left: Register, _ right: Register, _ out: Register, _ member: Int) {
        let a = rows(left, member), b = rows(right, member), target = rows(out, member)
        let count = product.count
        for number in 0..<count {
            rk_matrix_product(
                kernels.table, a.base + a.count / count * number * a.slot.stride, a.slot.stride, a.count / count,
                a.slot.width, b.base + b.count / count * number * b.slot.stride, b.slot.stride, target.slot.width,
                product.isTransposed ? 1 : 0, target.base + target.count / count * number * target.slot.stride,
                target.slot.stride)
        }
    }

    /// Makes the numbers of each column into shares along the rows of one sequence.
    func distribute(_ input: Register, _ function: Distribution.Function, _ out: Register, _ member: Int) {
        let source = rows(input, member), target = rows(out, member)
        for column in 0..<target.slot.width {
            function.distribute(
                Elements(start: source.base + column, stride: source.slot.stride), count: source.count,
                to: Elements(start: target.base + column, stride: target.slot.stride))
        }
    }
}

/// Numbers a distance apart.
struct Elements {
    let start: UnsafeMutablePointer<Float>
    var stride = 1

    subscript(index: Int) -> Float {
        get { start[index * stride] }
        nonmutating set { start[index * stride] = newValue }
    }
}

extension Distribution.Function {
    /// Makes some numbers into shares of a whole; the largest is taken off first.
    func distribute(_ source: Elements, count: Int, to target: Elements) {
        guard count > 0 else { return }
        var largest = source[0]
        for index in 1..<count where source[index] > largest { largest = source[index] }
        for index in 0..<count { target[index] = source[index] - largest }
        switch self {
        case .softmax:
            var sum: Float = 0
            for index in 0..<count {
                target[index] = expf(target[index])
                sum += target[index]
            }
            for index in 0..<count { target[index] /= sum }
        case .logSoftmax:
            var sum: Float = 0
            for index in 0..<count { sum += expf(target[index]) }
            let logarithm = logf(sum)
            for index in 0..<count { target[index] -= logarithm }
        case .sparsemax:
            let threshold = Self.threshold(target, count: count)
            for index in 0..<count { target[index] = max(target[index] - threshold, 0) }
        }
    }

    /// What is taken off all numbers so that those above it add up to 1. Numbers below a threshold that is too low
    /// are left out, again and again, until none is left out: each time the threshold grows.
    private static func threshold(_ numbers: Elements, count: Int) -> Float {
        var threshold = -Float.infinity, shown = 0
        while true {
            var sum: Float = 0, above = 0
            for index in 0..<count where numbers[index] > threshold {
                sum += numbers[index]
                above += 1
            }
            guard above > 0, above != shown else { return threshold }
            shown = above
            threshold = (sum - 1) / Float(above)
        }
    }
}
