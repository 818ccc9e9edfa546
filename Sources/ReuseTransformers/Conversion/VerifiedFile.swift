import Checkpoints
import Files
import HDF5
import ModelGraph
import Platform
import Verification

/// A model's file that gets its name only after it was read back and found to be what it should be.
struct VerifiedFile {
    let path: String
    let compression: TransformerModel.Compression
    /// How the file is read back.
    let reading: HDF5ReadingOptions
    /// The model that it is made of.
    let source: TransformerModel
    let work: Work

    /// Writes a model.
    ///
    /// - Parameters:
    ///   - complaint: What is wrong where `compare` finds a difference.
    ///   - compare: Compares the model with what was read back.
    ///   - finish: Whatever else must succeed before the file gets its name, given the model that was read back.
    ///   - isKept: Whether the file gets its name: without it what `finish` returned is returned, and no file is left.
    /// - Returns: What `finish` returns.
    /// - Throws: `.defect` when the models differ, `.inputOutput` when the disk refuses, `.cancelled`, or what `finish`
    ///   throws; no file is left then, and one that was there is as it was.
    func write<Result>(
        _ model: Model, complaint: String, compare: (Model) throws -> Exactness,
        finish: (TransformerModel, Exactness) throws(TransformerError) -> Result,
        isKept: (Result) -> Bool = { _ in true }
    ) throws(TransformerError) -> Result {
        let compression = try compression.checked()
        var result: Result?
        var failure: TransformerError?
        var isRejected = false
        do throws(FileError) {
            try Checkpoint.write(
                model, to: path, compression: compression, toolVersion: Version.text,
                cancellation: work.cancellation
            ) { (temporary) throws(FileError) in
                let written = try Checkpoint.load(
                    path: temporary, options: LoadingOptions(hdf5: reading, cancellation: work.cancellation))
                let exactness: Exactness
                do {
                    exactness = try compare(written)
                } catch {
                    // Data that the model does not take are the data's fault, not the file's.
                    if !work.cancellation.isRequested { failure = TransformerError(error) }
                    throw FileError(.cancelled, path: path, "was not written")
                }
                if work.cancellation.isRequested { throw FileError(.cancelled, path: path, "was not written") }
                guard exactness.holds else {
                    if let changed = source.changedFile {
                        throw FileError(
                            .inputOutput, path: changed, "was changed by another program while it was read",
                            remedy: "convert a file that nobody writes")
                    }
                    throw FileError(.defect, path: path, complaint)
                }
                var model = TransformerModel(path: path, model: written, hdf5: reading)
                let file = try MappedFile(path: temporary)
                model.writtenFile = .init(
                    name: model.name, bytes: file.byteCount, sha256: file.digest.hex)
                do throws(TransformerError) {
                    let finished = try finish(model, exactness)
                    result = finished
                    isRejected = !isKept(finished)
                } catch {
                    failure = error
                    throw FileError(.cancelled, path: path, "was not written")
                }
                if isRejected { throw FileError(.cancelled, path: path, "was not good enough") }
            }
        } catch {
            if isRejected, let result { return result }
            throw failure ?? TransformerError(error)
        }
        guard let result else { throw TransformerError(.defect, path: path, "was not read back") }
        return result
    }
}

extension TransformerModel {
    /// How a file stores tensors.
    public enum Compression: Sendable, Hashable {
        /// As they are: ready to be mapped.
        case none
        /// Compressed by Zstandard; weights shrink by a tenth. Levels from 1 (fast) to 19.
        case zstd(level: Int = 9)

        /// - Throws: `.usage` for a level that does not exist.
        func checked() throws(TransformerError) -> Checkpoint.Compression {
            switch self {
            case .none: return .none
            case .zstd(let level):
                guard (1...19).contains(level) else {
                    throw TransformerError(.usage, "levels of compression are 1 to 19, not \(level)")
                }
                return .zstd(level: level)
            }
        }
    }
}
