import Files
import Platform
import Runtime
import Tensors

extension Tensor {
    /// The same numbers in a file that has no name any more: pages that memory need not hold. Where the work may take
    /// what memory it needs, the tensor itself.
    ///
    /// - Throws: `AnalysisError.file` where there is no room for it.
    func spilled(_ resources: ExecutionResources) throws(AnalysisError) -> Tensor {
        guard let folder = resources.memory?.folder, byteCount >= Self.spillingBytes else { return self }
        let path = "\(folder)/reuseformer-spilled-\(SpillNumber.next)"
        let mapped: MappedFile
        do throws(FileError) {
            // Never committed: its name goes away with the value, also when the process is stopped.
            var file = try AtomicFile(replacing: path)
            try withUnsafeBytes { (bytes) throws(FileError) in try file.write(bytes) }
            mapped = try MappedFile(path: file.temporaryPath)
        } catch { throw .file(error) }
        let storage = TensorStorage(unsafeBytes: mapped.bytes, owner: mapped)
        guard let result = Tensor(dtype: dtype, shape: shape, storage: storage) else {
            throw .file(FileError(.inputOutput, path: path, "was changed by another program while it was written"))
        }
        return result
    }

    /// Smaller tensors stay where they are.
    private static let spillingBytes = 1 << 20
}

/// Numbers of spilled tensors of this process.
private enum SpillNumber {
    private static let count = Lock(0)

    static var next: Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
