import Tensors

/// How a stored tensor becomes a parameter `[in, out]`: a rule's steps in their order, for one checkpoint's settings.
package struct TensorLayout: Sendable, Hashable {
    /// Some of the equal parts along an axis.
    package struct Part: Sendable, Hashable {
        /// The first part that is taken.
        var index: Int
        /// Number of parts.
        var of: Int
        /// How many are taken.
        var count = 1
        /// Negative: from the end.
        var axis: Int

        package init(index: Int, of: Int, count: Int = 1, axis: Int) {
            self.index = index
            self.of = of
            self.count = count
            self.axis = axis
        }
    }

    /// Extents that split the stored axes further; `nil`: as they are stored.
    let view: [Int]?
    let part: Part?
    /// The axes in the order of the parameter's; `nil`: as they are.
    let axes: [Int]?
    /// `nil`: `reshape` where axes are reordered, otherwise `identity`.
    let orientation: TensorRule.Orientation?

    package init(
        _ orientation: TensorRule.Orientation? = nil, view: [Int]? = nil, part: Part? = nil, axes: [Int]? = nil
    ) {
        self.orientation = orientation
        self.view = view
        self.part = part
        self.axes = axes
    }
}

extension TensorLayout {
    /// Shape in which a parameter is expected in the file; the parameter's own where the rule leaves it open.
    package func storedShape(of parameter: Shape) -> Shape {
        guard view == nil else { return parameter }
        var extents = parameter.extents
        if orientation == .transpose { extents.reverse() }
        if let part, let axis = part.axis(in: extents.count) {
            let (whole, overflow) = extents[axis].multipliedReportingOverflow(by: part.of)
            if !overflow, part.count > 0 { extents[axis] = whole / part.count }
        }
        return Shape(extents)
    }

    /// Whether a stored tensor gives the parameter.
    package func fits(_ stored: Shape, as parameter: Shape) -> Bool {
        guard let split = viewed(stored), let piece = part == nil ? split : part?.shape(of: split),
            let ordered = axes == nil ? piece : piece.ordered(axes ?? [])
        else { return false }
        switch orientation ?? (axes == nil ? .identity : .reshape) {
        case .identity: return ordered == parameter
        case .transpose: return Shape(ordered.matrixExtents.reversed()) == parameter
        case .reshape: return ordered.merges(into: parameter)
        }
    }

    /// The parameter from the stored tensor: a view where the bytes may stay as they are.
    ///
    /// - Returns: `nil` when the shapes do not fit.
    package func parameter(from stored: Tensor, shape: Shape) -> Tensor? {
        guard fits(stored.shape, as: shape), let split = viewed(stored.shape).flatMap(stored.reshaped) else {
            return nil
        }
        guard let piece = part == nil ? split : part?.piece(of: split),
            let ordered = axes == nil ? piece : piece.ordered(axes ?? [])
        else { return nil }
        switch orientation ?? .reshape {
        case .identity: return ordered
        case .transpose:
            let matrix = ordered.reshaped(Shape(ordered.shape.matrixExtents))
            return shape.rank == 2 ? matrix?.transposed() : matrix
        case .reshape: return ordered.reshaped(shape)
        }
    }

    /// The stored axes, split as the view says; `nil` where they do not split that way.
    private func viewed(_ stored: Shape) -> Shape? {
        guard let view else { return stored }
        let split = Shape(view)
        return split.merges(into: stored) ? split : nil
    }
}

extension Shape {
    /// Extents without leading ones, at least two where there are so many.
    fileprivate var matrixExtents: [Int] {
        let leading = extents.prefix { $0 == 1 }.count
        return Array(extents.dropFirst(min(leading, max(rank - 2, 0))))
    }

    /// Whether the same elements in the same order have another shape by taking neighbouring axes together, or by
    /// axes of extent 1 that come and go. A matrix never becomes its transpose that way.
    func merges(into other: Shape) -> Bool {
        var rest = extents.filter { $0 != 1 }[...]
        for extent in other.extents where extent != 1 {
            var product = 1
            while product < extent, let next = rest.popFirst() {
                let (value, overflow) = product.multipliedReportingOverflow(by: next)
                guard !overflow, next > 0 else { return false }
                product = value
            }
            guard product == extent else { return false }
        }
        return rest.isEmpty
    }

    /// The extents in another order; `nil` when `axes` does not name each once.
    fileprivate func ordered(_ axes: [Int]) -> Shape? {
        axes.sorted() == Array(0..<rank) ? Shape(axes.map { extents[$0] }) : nil
    }
}

extension TensorLayout.Part {
    /// The axis counted from the front; `nil` when there is no such axis.
    func axis(in rank: Int) -> Int? {
        let front = axis < 0 ? axis + rank : axis
        return (0..<rank).contains(front) ? front : nil
    }

    func shape(of stored: Shape) -> Shape? {
        guard of > 0, count > 0, index >= 0, index <= of - count, let axis = axis(in: stored.rank),
            stored[axis].isMultiple(of: of)
        else { return nil }
        var extents = stored.extents
        extents[axis] = extents[axis] / of * count
        return Shape(extents)
    }

    func piece(of stored: Tensor) -> Tensor? {
        guard let shape = shape(of: stored.shape), let axis = axis(in: stored.shape.rank) else { return nil }
        let outer = stored.shape.extents[..<axis].reduce(1, *)
        let bytes = shape.extents[axis...].reduce(1, *) * stored.dtype.byteCount
        let whole = stored.shape.extents[axis...].reduce(1, *) * stored.dtype.byteCount
        let before = whole / of * index
        if outer == 1 {
            return Tensor(
                dtype: stored.dtype, shape: shape, storage: stored.storage, byteOffset: stored.byteOffset + before)
        }
        let storage = TensorStorage(byteCount: outer * bytes) { target in
            stored.withUnsafeBytes { source in
                for row in 0..<outer {
                    let start = row * whole + before
                    target[row * bytes..<(row + 1) * bytes].copyBytes(from: source[start..<start + bytes])
                }
            }
        }
        return Tensor(dtype: stored.dtype, shape: shape, storage: storage)
    }
}

extension UnsafeMutableRawBufferPointer.SubSequence {
    /// Copies bytes of the same number.
    fileprivate func copyBytes(from source: UnsafeRawBufferPointer.SubSequence) {
        UnsafeMutableRawBufferPointer(rebasing: self).copyMemory(from: UnsafeRawBufferPointer(rebasing: source))
    }
}

extension Tensor {
    /// The same elements with their axes in another order; `nil` when `axes` does not name each once.
    fileprivate func ordered(_ axes: [Int]) -> Tensor? {
        guard let target = shape.ordered(axes), !axes.isEmpty else { return nil }
        // Elements that are side by side on both sides are moved together.
        let tail = axes.indices.reversed().prefix { axes[$0] == $0 }.count
        let moved = axes.count - tail
        let run = shape.extents[moved...].reduce(dtype.byteCount, *)
        var strides = [Int](repeating: run, count: moved)
        for axis in (0..<max(moved - 1, 0)).reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
        let storage = TensorStorage(byteCount: byteCount) { result in
            withUnsafeBytes { source in
                guard !source.isEmpty else { return }
                var index = [Int](repeating: 0, count: moved)
                var start = 0
                for position in stride(from: 0, to: byteCount, by: run) {
                    result[position..<position + run].copyBytes(from: source[start..<start + run])
                    for axis in (0..<moved).reversed() {
                        index[axis] += 1
                        start += strides[axes[axis]]
                        if index[axis] < target[axis] { break }
                        start -= strides[axes[axis]] * target[axis]
                        index[axis] = 0
                    }
                }
            }
        }
        return Tensor(dtype: dtype, shape: target, storage: storage)
    }
}
