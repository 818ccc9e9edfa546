import Foundation
import Images
import Inputs
import ModelGraph
import Platform
import Verification

/// Tells what pictures show.
///
///     let classifier = try ImageClassifier(model)
///     let results = try await classifier.classify([URL(filePath: "cat.jpeg")])
///     print(results[0].best.label)
///
/// Pictures are PNG or JPEG; they get the size and the colours that the model's `preprocessor_config.json` asks for.
/// One classifier serves any number of concurrent callers.
public struct ImageClassifier: Sendable {
    /// Names of the classes, in the order of their indices; empty when the model's files name none.
    public let labels: [String]

    private let inputs: ModelInputs
    private let rows: RowModel
    private let resources: ComputeResources

    private static let batchSize = 32

    /// A classifier of pictures. The weights are packed when it is first used, or by `prepare()`.
    ///
    /// - Throws: `.usage` for a model that reads no pictures or scores no classes.
    public init(
        _ model: TransformerModel, resources: ComputeResources = .shared
    ) throws(TransformerError) {
        labels = model.labels
        inputs = try DataReader(for: model, resources: resources).inputs
        guard inputs.kind == .pictures else {
            throw TransformerError(.usage, path: model.path, "the model reads no pictures")
        }
        rows = try RowModel(model, .predictions, resources: resources)
        self.resources = resources
    }

    /// How deep pictures went so far; `nil` for a model without exits.
    package var exits: ExitStudy? { rows.exits }

    /// Packs the weights now rather than at the first use.
    public func prepare() async throws(TransformerError) { try await rows.prepare(on: resources) }

    /// The classes of picture files, in their order. Memory holds a few pictures at a time.
    ///
    /// - Throws: `.inputOutput` for a file that is not there, `.corrupt` for one that is damaged, `.unsupported` for
    ///   colours other than grey and RGB; `.cancelled`.
    public func classify(_ files: [URL]) async throws(TransformerError) -> [Classification] {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            try classifications(ofPicturesAt: files.map(\.path), work: Work(cancellation: cancellation))
        }
    }

    /// The classes of pictures in memory: the bytes of PNG or JPEG files.
    ///
    /// - Throws: As for files.
    public func classify(_ pictures: [Data]) async throws(TransformerError) -> [Classification] {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            try classifications(pictures.count, Work(cancellation: cancellation)) { index in
                try inputs.item(ofPicture: Array(pictures[index]), named: "picture \(index)").sequence
            }
        }
    }

    /// The classes of picture files, on this thread.
    package func classifications(
        ofPicturesAt paths: [String], work: Work = Work()
    ) throws(TransformerError) -> [Classification] {
        try classifications(paths.count, work) { try inputs.item(ofPictureAt: paths[$0]).sequence }
    }

    /// The classes of those picture files that can be read, on this thread, with their paths.
    ///
    /// - Parameter unreadable: Called for each of the others.
    package func classifications(
        ofPicturesAt paths: [String], work: Work = Work(), unreadable: (FileError) -> Void
    ) throws(TransformerError) -> [(path: String, classification: Classification)] {
        var readable: [(path: String, input: ModelInput)] = []
        for path in paths {
            do throws(FileError) {
                readable.append((path, try inputs.item(ofPictureAt: path).sequence))
            } catch {
                guard error.kind != .usage else { throw TransformerError(error) }
                unreadable(error)
            }
        }
        let results = try classifications(readable.count, work) { readable[$0].input }
        return zip(readable, results).map { ($0.path, $1) }
    }

    private func classifications(
        _ count: Int, _ work: Work, item: (Int) throws -> ModelInput
    ) throws(TransformerError) -> [Classification] {
        var results: [Classification] = []
        try rows.forEachBatch(count, size: Self.batchSize, work: work) { (index) throws(TransformerError) in
            try TransformerError.mapping { try item(index) }
        } receive: { row, _ in
            results.append(Classification(scores: row, labels: labels))
        }
        return results
    }
}
