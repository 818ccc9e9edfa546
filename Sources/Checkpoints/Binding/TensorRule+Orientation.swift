import Tensors

extension TensorRule {
    /// Shape in which a parameter is expected in the file; the parameter's own where the rule leaves it open.
    func storedShape(of parameter: Shape) -> Shape {
        var extents = parameter.extents
        if orientation == .transpose { extents.reverse() }
        if let part, let axis = part.axis(in: extents.count) {
            let (whole, overflow) = extents[axis].multipliedReportingOverflow(by: part.of)
            if !overflow { extents[axis] = whole }
        }
        return Shape(extents)
    }

    /// Whether a stored tensor gives the parameter.
    func fits(_ stored: Shape, as parameter: Shape) -> Bool {
        guard let piece = part == nil ? stored : part?.shape(of: stored),
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
        guard fits(stored.shape, as: shape) else { return nil }
        guard let piece = part == nil ? stored : part?.piece(of: stored),
            let ordered = axes == nil ? piece : piece.ordered(axes ?? [])
        else { return nil }
        switch orientation ?? .reshape {
        case .identity: return ordered
        case .transpose:
            let matrix = ordered.reshaped(Shape(ordered.shape.matrixExtents))
            return shape.rank == 2 ? matrix?.withAxesExchanged() : matrix
        case .reshape: return ordered.reshaped(shape)
        }
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

extension TensorRule.Part {
    /// The axis counted from the front; `nil` when there is no such axis.
    func axis(in rank: Int) -> Int? {
        let front = axis < 0 ? axis + rank : axis
        return (0..<rank).contains(front) ? front : nil
    }

    func shape(of stored: Shape) -> Shape? {
        guard of > 0, (0..<of).contains(index), let axis = axis(in: stored.rank), stored[axis].isMultiple(of: of) else {
            return nil
        }
        var extents = stored.extents
        extents[axis] /= of
        return Shape(extents)
    }

    func piece(of stored: Tensor) -> Tensor? {
        guard let shape = shape(of: stored.shape), let axis = axis(in: stored.shape.rank) else { return nil }
        let outer = stored.shape.extents[..<axis].reduce(1, *)
        let bytes = shape.extents[axis...].reduce(1, *) * stored.dtype.byteCount
        if outer == 1 {
            return Tensor(
                dtype: stored.dtype, shape: shape, storage: stored.storage,
                byteOffset: stored.byteOffset + index * bytes)
        }
        let storage = TensorStorage(byteCount: outer * bytes) { target in
            stored.withUnsafeBytes { source in
                for row in 0..<outer {
                    let start = (row * of + index) * bytes
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
                var place = [Int](repeating: 0, count: moved)
                var start = 0
                for position in stride(from: 0, to: byteCount, by: run) {
                    result[position..<position + run].copyBytes(from: source[start..<start + run])
                    for axis in (0..<moved).reversed() {
                        place[axis] += 1
                        start += strides[axes[axis]]
                        if place[axis] < target[axis] { break }
                        start -= strides[axes[axis]] * target[axis]
                        place[axis] = 0
                    }
                }
            }
        }
        return Tensor(dtype: dtype, shape: target, storage: storage)
    }

    /// A matrix with its axes exchanged, elements kept in their stored type.
    fileprivate func withAxesExchanged() -> Tensor? {
        guard shape.rank == 2 else { return nil }
        let rows = shape[0], columns = shape[1], size = dtype.byteCount
        let storage = TensorStorage(byteCount: byteCount) { target in
            withUnsafeBytes { source in
                // Square blocks keep both sides inside the cache.
                let block = 32
                for rowStart in stride(from: 0, to: rows, by: block) {
                    for columnStart in stride(from: 0, to: columns, by: block) {
                        for row in rowStart..<min(rowStart + block, rows) {
                            for column in columnStart..<min(columnStart + block, columns) {
                                for byte in 0..<size {
                                    target[(column * rows + row) * size + byte] =
                                        source[(row * columns + column) * size + byte]
                                }
                            }
                        }
                    }
                }
            }
        }
        return Tensor(dtype: dtype, shape: [columns, rows], storage: storage)
    }
}
