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
        guard let piece = part == nil ? stored : part?.shape(of: stored) else { return false }
        switch orientation {
        case .identity: return piece == parameter
        case .transpose: return piece.rank == 2 && Shape(piece.extents.reversed()) == parameter
        case .reshape: return piece.count == parameter.count
        }
    }

    /// The parameter from the stored tensor: a view where the bytes may stay as they are.
    ///
    /// - Returns: `nil` when the shapes do not fit.
    package func parameter(from stored: Tensor, shape: Shape) -> Tensor? {
        guard fits(stored.shape, as: shape) else { return nil }
        let piece = part == nil ? stored : part?.piece(of: stored)
        switch orientation {
        case .identity: return piece
        case .transpose: return piece?.withAxesExchanged()
        case .reshape: return piece?.reshaped(shape)
        }
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
