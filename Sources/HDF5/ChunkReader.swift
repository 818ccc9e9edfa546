import Platform
import Tensors

/// Puts the chunks of one dataset together, decoding them in parallel.
///
/// Each chunk writes its own part of the result, so the outcome does not depend on threads; of several broken chunks
/// the first one is reported.
struct ChunkReader {
    let file: UnsafeRawBufferPointer
    let shape: Shape
    let chunkExtents: [Int]
    let elementSize: Int
    let filters: [IndexDocument.Filter]

    private var chunkByteCount: Int { chunkExtents.reduce(elementSize, *) }

    /// Fills `target`, which holds fill values already.
    ///
    /// - Returns: What is wrong with the first chunk that cannot be decoded.
    func read(
        _ chunks: [IndexDocument.Chunk], into target: UnsafeMutableRawBufferPointer
    ) -> (chunk: [Int], ChunkFailure)? {
        guard !chunks.isEmpty else { return nil }
        var failures = [ChunkFailure?](repeating: nil, count: chunks.count)
        failures.withUnsafeMutableBufferPointer { failures in
            // Each iteration writes its own slot of `failures` and its own part of `target`: chunks do not overlap.
            nonisolated(unsafe) let failures = failures
            nonisolated(unsafe) let target = target
            nonisolated(unsafe) let reader = self
            Workers().run(chunks.count) { index in
                do throws(ChunkFailure) {
                    try reader.read(chunks[index], into: target)
                } catch {
                    failures[index] = error
                }
            }
        }
        for (chunk, failure) in zip(chunks, failures) {
            if let failure { return (chunk.coordinates, failure) }
        }
        return nil
    }

    private func read(_ chunk: IndexDocument.Chunk, into target: UnsafeMutableRawBufferPointer) throws(ChunkFailure) {
        // The extent has been checked against the file.
        let stored = UnsafeRawBufferPointer(rebasing: file[chunk.address..<(chunk.address + chunk.byteCount)])
        let steps = filters.indices.reversed().filter { chunk.filterMask >> UInt64($0) & 1 == 0 }
        guard let first = steps.first else { return try copy(stored, of: chunk, into: target) }

        // Between two filters data may be a little larger than the chunk: checksums, data that do not compress.
        let capacity = chunkByteCount + chunkByteCount / 64 + 4096
        var bytes = try filters[first].undone(stored, capacity: steps.count == 1 ? chunkByteCount : capacity)
        for step in steps.dropFirst() {
            bytes = try bytes.withBytes { (input) throws(ChunkFailure) in
                try filters[step].undone(input, capacity: capacity)
            }
        }
        try bytes.withBytes { (decoded) throws(ChunkFailure) in try copy(decoded, of: chunk, into: target) }
    }

    /// Copies the part of a chunk that lies inside the shape, row by row.
    private func copy(
        _ bytes: UnsafeRawBufferPointer, of chunk: IndexDocument.Chunk, into target: UnsafeMutableRawBufferPointer
    ) throws(ChunkFailure) {
        guard bytes.count == chunkByteCount else {
            throw ChunkFailure(reason: "\(bytes.count) bytes instead of \(chunkByteCount)")
        }
        let rank = shape.rank
        let extents = (0..<rank).map { min(chunkExtents[$0], shape[$0] - chunk.coordinates[$0]) }
        var chunkStrides = [Int](repeating: elementSize, count: rank)
        var targetStrides = chunkStrides
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            chunkStrides[axis] = chunkStrides[axis + 1] * chunkExtents[axis + 1]
            targetStrides[axis] = targetStrides[axis + 1] * shape[axis + 1]
        }
        let rowBytes = extents[rank - 1] * elementSize
        var index = [Int](repeating: 0, count: rank)
        while true {
            var source = 0, destination = 0
            for axis in 0..<rank {
                source += index[axis] * chunkStrides[axis]
                destination += (chunk.coordinates[axis] + index[axis]) * targetStrides[axis]
            }
            UnsafeMutableRawBufferPointer(rebasing: target[destination..<(destination + rowBytes)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[source..<(source + rowBytes)]))
            // Advances all axes but the last one, like an odometer.
            var axis = rank - 2
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < extents[axis] { break }
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
