import Checkpoints
import Files
import Inputs
import Platform
import Verification

extension ModelComparison {
    /// The comparison with how it came about: version, data, and the files of both models with sizes and digests.
    ///
    /// - Parameters:
    ///   - converted: `nil`: the model was never written.
    ///   - data: Paths of the data.
    /// - Throws: `.inputOutput` for a file that can no longer be read.
    /// - Complexity: One pass over the bytes of the files.
    func described(
        source: TransformerModel, converted: TransformerModel?, data: [String]
    ) throws(TransformerError) -> ModelComparison {
        var circumstances = Circumstances(version: Version.text, data: data.map(TransformerModel.name))
        circumstances.source = try Self.storedFiles(of: source)
        // A model that was only ever in memory carries the path of the one that it was made of.
        if let converted, converted.path != source.path || converted.model.graph == source.model.graph {
            circumstances.converted = try Self.storedFiles(of: converted)
        }
        var result = self
        result.report.circumstances = circumstances
        result.report.speed = timings.isEmpty ? nil : timings
        return result
    }

    /// The weight files of a model as they are now; `nil` for one that is in memory alone, or whose files are gone.
    private static func storedFiles(
        of model: TransformerModel
    ) throws(TransformerError) -> [Circumstances.StoredFile]? {
        if let file = model.writtenFile { return [file] }
        guard PathKind(model.path) != .nothing else { return nil }
        return try TransformerError.mapping {
            try Checkpoint.weightFiles(at: model.path).map { path in
                let file = try MappedFile(path: path)
                return .init(name: TransformerModel.name(of: path), bytes: file.byteCount, sha256: file.digest.hex)
            }
        }
    }
}

extension CalibrationData {
    /// Paths of the data; empty for texts in memory.
    var paths: [String] {
        var result: [String] = []
        if case .paths(let paths) = source { result += paths }
        if case .given(.paths(let paths)) = judging { result += paths }
        return result
    }
}

extension VerificationData {
    /// Paths of the data; empty for texts in memory.
    var paths: [String] {
        var result: [String] = []
        if case .path(let path) = items { result.append(path) }
        if case .path(let path) = labels { result.append(path) }
        if case .path(let path) = pairs { result.append(path) }
        return result
    }
}
