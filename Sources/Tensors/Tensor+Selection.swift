extension Tensor {
    /// From this size on a cut is computed when it is looked at, instead of being kept.
    static let largestKeptCut = 4 << 20

    /// Blocks of `width` columns of a matrix or vector, in the given order, in the stored type.
    ///
    /// Large results take no memory of their own: they are cut anew whenever they are read.
    ///
    /// - Parameter blocks: Numbers of blocks, each inside the tensor.
    package func selectingColumns(blocks: [Int], width: Int) -> Tensor? {
        guard let columns = shape.extents.last, columns > 0, width > 0,
            blocks.allSatisfy({ $0 >= 0 && $0 < columns / width })
        else { return nil }
        return cut(
            rows: count / columns, rowBytes: columns * dtype.byteCount, blocks: blocks,
            blockBytes: width * dtype.byteCount,
            shape: Shape(shape.extents.dropLast() + [blocks.count * width]))
    }

    /// Blocks of `height` rows of a matrix, in the given order, in the stored type; large results as for columns.
    ///
    /// - Parameter blocks: Numbers of blocks, each inside the tensor.
    package func selectingRows(blocks: [Int], height: Int) -> Tensor? {
        guard shape.rank == 2, height > 0, blocks.allSatisfy({ $0 >= 0 && $0 < shape[0] / height }) else { return nil }
        return cut(
            rows: 1, rowBytes: byteCount, blocks: blocks, blockBytes: height * shape[1] * dtype.byteCount,
            shape: [blocks.count * height, shape[1]])
    }

    /// Blocks of `height` rows of a matrix, each multiplied by a factor, in float32; large results as for columns.
    ///
    /// - Parameter blocks: Numbers of blocks, each inside the tensor, and their factors.
    package func scalingRows(blocks: [(number: Int, factor: Float)], height: Int) -> Tensor? {
        guard let selected = selectingRows(blocks: blocks.map(\.number), height: height) else { return nil }
        let factors = blocks.map(\.factor), size = height * shape[1]
        return selected.kept(dtype: .float32, shape: selected.shape) { target in
            let target = target.assumingMemoryBound(to: Float.self)
            selected.withFloats { source in
                for (block, factor) in factors.enumerated() {
                    for index in block * size..<(block + 1) * size { target[index] = source[index] * factor }
                }
            }
        }
    }

    private func cut(rows: Int, rowBytes: Int, blocks: [Int], blockBytes: Int, shape: Shape) -> Tensor? {
        kept(dtype: dtype, shape: shape) { target in
            withUnsafeBytes { source in
                var position = 0
                for row in 0..<rows {
                    for block in blocks {
                        let start = row * rowBytes + block * blockBytes
                        UnsafeMutableRawBufferPointer(rebasing: target[position..<position + blockBytes])
                            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + blockBytes]))
                        position += blockBytes
                    }
                }
            }
        }
    }

    /// A tensor that `fill` writes: now, or, if it is large, each time that it is read.
    private func kept(
        dtype: DType, shape: Shape, _ fill: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void
    ) -> Tensor? {
        let byteCount = shape.count * dtype.byteCount
        let storage =
            byteCount < Self.largestKeptCut
            ? TensorStorage(byteCount: byteCount) { fill($0) } : .computed(byteCount: byteCount, by: fill)
        return Tensor(dtype: dtype, shape: shape, storage: storage)
    }
}
