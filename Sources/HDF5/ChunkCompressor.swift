import CZstd
import Platform
import Tensors

/// How the elements of a dataset are stored.
package enum HDF5Compression: Sendable, Hashable {
    /// One plain run of bytes, ready to be mapped.
    case none
    /// Chunks, shuffled by bytes and compressed by zstd (filter 32015) at a level of 1…19.
    case zstd(level: Int)
}

/// Cuts a tensor into chunks and compresses them in parallel; the same bytes whatever the number of threads.
struct ChunkCompressor {
    let shape: Shape
    let elementSize: Int
    let level: Int32
    /// Extents of a chunk, as many as the shape has.
    let chunkExtents: [Int]

    /// Small enough to stay in a core's cache, large enough to compress well.
    static let targetBytes = 1 << 20

    /// - Parameter shape: Not a scalar, and not empty.
    init(shape: Shape, elementSize: Int, level: Int) {
        self.shape = shape
        self.elementSize = elementSize
        self.level = Int32(clamping: level)
        // Whole slices along the outer axes first: chunks are then runs of the tensor.
        var extents = shape.extents
        var bytes = shape.count * elementSize
        for axis in extents.indices where bytes > Self.targetBytes {
            let slice = bytes / extents[axis]
            extents[axis] = max(1, Self.targetBytes / slice)
            bytes = slice * extents[axis]
        }
        chunkExtents = extents
    }

    /// Coordinates of the first elements of all chunks, in row-major order.
    var origins: [[Int]] {
        var origins: [[Int]] = [[]]
        for (extent, chunk) in zip(shape.extents, chunkExtents) {
            origins = origins.flatMap { origin in stride(from: 0, to: extent, by: chunk).map { origin + [$0] } }
        }
        return origins
    }

    /// The stored bytes of some chunks, in the order given; `nil` for one that zstd cannot compress (out of memory),
    /// and for those that were left when the work was cancelled.
    func compressed(
        _ origins: ArraySlice<[Int]>, of bytes: UnsafeRawBufferPointer, _ cancellation: Cancellation? = nil
    ) -> [[UInt8]?] {
        let origins = Array(origins)
        var results = [[UInt8]?](repeating: nil, count: origins.count)
        results.withUnsafeMutableBufferPointer { results in
            // Each iteration writes its own slot; the tensor's bytes are only read.
            nonisolated(unsafe) let results = results
            nonisolated(unsafe) let bytes = bytes
            Workers().run(origins.count) { index in
                guard cancellation?.isRequested != true else { return }
                results[index] = compressed(chunk(at: origins[index], of: bytes))
            }
        }
        return results
    }

    /// The bytes of one chunk, zeros where it reaches beyond the shape.
    private func chunk(at origin: [Int], of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        let rank = shape.rank
        var result = [UInt8](repeating: 0, count: chunkExtents.reduce(elementSize, *))
        let extents = (0..<rank).map { min(chunkExtents[$0], shape[$0] - origin[$0]) }
        let rowBytes = extents[rank - 1] * elementSize
        let rows = extents.dropLast().reduce(1, *)
        result.withUnsafeMutableBytes { result in
            for row in 0..<rows {
                var rest = row
                var source = 0, target = 0, sourceStride = elementSize, targetStride = elementSize
                for axis in stride(from: rank - 1, through: 0, by: -1) {
                    let index = axis == rank - 1 ? 0 : rest % extents[axis]
                    if axis < rank - 1 { rest /= extents[axis] }
                    source += (origin[axis] + index) * sourceStride
                    target += index * targetStride
                    sourceStride *= shape[axis]
                    targetStride *= chunkExtents[axis]
                }
                UnsafeMutableRawBufferPointer(rebasing: result[target..<(target + rowBytes)])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[source..<(source + rowBytes)]))
            }
        }
        return result
    }

    private func compressed(_ chunk: [UInt8]) -> [UInt8]? {
        let input = shuffled(chunk)
        let bound = ZSTD_compressBound(input.count)
        var isSound = true
        let output = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            // zstd writes no more than `bound` bytes.
            let written = ZSTD_compress(output.baseAddress, bound, input, input.count, level)
            isSound = ZSTD_isError(written) == 0
            count = isSound ? written : 0
        }
        return isSound ? output : nil
    }

    /// Byte `b` of all elements together, as HDF5's filter 2 does.
    private func shuffled(_ chunk: [UInt8]) -> [UInt8] {
        guard elementSize > 1 else { return chunk }
        let count = chunk.count / elementSize
        return chunk.withUnsafeBufferPointer { chunk in
            [UInt8](unsafeUninitializedCapacity: chunk.count) { output, written in
                for byte in 0..<elementSize {
                    for element in 0..<count { output[byte * count + element] = chunk[element * elementSize + byte] }
                }
                written = chunk.count
            }
        }
    }
}
