import BackgroundWork
import Checkpoints
import Costs
import Foundation
import HDF5
import Inputs
import ModelGraph
import Platform
import ReferenceProofs
import Reporting
import Runtime
import Tensors
import Verification

/// A trained transformer, read and ready for use.
///
///     let model = try await TransformerModel(at: URL(filePath: "bert/"))
///     print(model.architecture, model.task, model.hiddenSize ?? 0)
///
/// A value: copies share the weights, which stay views of the mapped file where they are stored as they are used. To
/// compute with it make a `TextEmbedder`, `TextClassifier`, `TextGenerator` or `ImageClassifier`; to make it smaller,
/// a `ModelConverter`.
public struct TransformerModel: Sendable {
    /// How a checkpoint is to be understood. A `.reuse.h5` tells everything itself: nothing of this applies to it.
    public struct Options: Sendable, Hashable {
        /// Takes the checkpoint for this architecture: a built-in name, or the path of a JSON file that describes one.
        /// `nil`: the configuration and the names of the tensors decide.
        public var architecture: String?
        /// Where the configuration is, if not beside the weights: a JSON file, a `.keras`, or a full `.h5`.
        public var configuration: URL?
        /// Takes 0 for biases and 1 for norm scales that the checkpoint lacks; `assumptions` names each. Matrices and
        /// tables are never made up.
        public var allowsMissing: Bool
        /// Keys of the configuration that do not count, `a.b` for a member of a member: the caller's word that they
        /// change no output. A key that could and is not handled is an error otherwise.
        public var ignoredSettings: Set<String>
        /// What classes are whose code no file holds, by key: `["TransformerBlock.activation": "gelu"]`
        /// (docs/keras-models.md).
        public var assumptions: [String: String] = [:]
        /// An `.npz` with inputs and outputs of the model's own framework. The model has to agree with it; where a file
        /// leaves open what a class computes, the reading that agrees is taken.
        public var reference: URL?
        /// How HDF5 files are read. It applies to `.reuse.h5` files too.
        public var reading: ReadingOptions

        /// Options with defaults that suit a complete checkpoint.
        public init(
            architecture: String? = nil, configuration: URL? = nil, allowsMissing: Bool = false,
            ignoredSettings: Set<String> = [], reading: ReadingOptions = ReadingOptions()
        ) {
            self.architecture = architecture
            self.configuration = configuration
            self.allowsMissing = allowsMissing
            self.ignoredSettings = ignoredSettings
            self.reading = reading
        }

        /// What the modules below are given.
        func loading(_ cancellation: Cancellation) -> LoadingOptions {
            var options = LoadingOptions(
                architecture: architecture, config: configuration?.path, allowsMissing: allowsMissing,
                ignoredSettings: ignoredSettings, hdf5: reading.options, cancellation: cancellation)
            options.assumptions = assumptions
            options.reference = reference?.path
            return options
        }
    }

    /// What a model is for.
    public enum Task: String, Sendable, Hashable, CaseIterable {
        /// Hidden states or embeddings.
        case encoder
        /// Predicts hidden tokens of a text.
        case maskedLanguageModel
        /// Predicts the token after each one: continues or answers texts.
        case languageModel
        /// Scores classes, for each item or token.
        case classifier
        /// Gives numbers that are no classes: a regression, a forecast, the score of a pair.
        case numbers
    }

    /// The path as it was given: what errors call the model.
    package let path: String
    package let model: Model
    /// How its files were read, and files that are made of it are read back.
    package let hdf5: HDF5ReadingOptions
    /// Read when it is first asked for; copies share it.
    let tokenizers: TokenizerStore
    /// When its files were looked at first, or a little later.
    private let opening: Date
    /// Its file, where that was written and has no name yet.
    var writtenFile: Circumstances.StoredFile?

    /// Reads a model.
    ///
    /// Reads on a thread of its own: configuration, tokenizer and the places of the weights, which themselves are read
    /// as they are used. HDF5 files are indexed by a helper process.
    ///
    /// - Parameters:
    ///   - location: A folder with weights (or shards with their index), configuration and tokenizer; the weights file
    ///     itself; or a `.reuse.h5`.
    ///   - options: How the checkpoint is to be understood.
    /// - Throws: `TransformerError` with everything that does not fit, at once: missing, superfluous and misshapen
    ///   tensors (`.corrupt`), options that are not handled (`.unsupported`), files that are not there
    ///   (`.inputOutput`); `.cancelled`.
    public init(at location: URL, options: Options = Options()) async throws(TransformerError) {
        self = try await WorkQueue.unlimited.run { (cancellation) throws(TransformerError) in
            let model = try TransformerModel(path: location.path, options: options.loading(cancellation))
            // What is wrong with it shows where it is needed; here it is only read on a thread that may block.
            _ = model.tokenizers.load(model)
            return model
        }
    }

    /// Reads a model on this thread.
    package init(path: String, options: LoadingOptions = LoadingOptions()) throws(TransformerError) {
        self.init(path: path, model: try Self.load(path, options), hdf5: options.hdf5)
    }

    /// The model of a checkpoint; with a reference the one that agrees with it.
    private static func load(_ path: String, _ options: LoadingOptions) throws(TransformerError) -> Model {
        // A `.reuse.h5` was made of a checkpoint already, and may have been made smaller since.
        let isReuseFile = try TransformerError.mapping { try Checkpoint.isReuseFile(at: path, options: options) }
        guard let reference = options.reference, !isReuseFile else {
            return try TransformerError.mapping {
                try Checkpoint.load(path: path, options: options).fittedToItsPictures()
            }
        }
        let arrays = try TransformerError.mapping { try ReferenceArrays(path: reference) }
        let comparison = ReferenceComparison(
            reference: arrays, resources: ExecutionResources(cancellation: options.cancellation))
        let readings = try TransformerError.mapping { try CheckpointReadings(path: path, options: options) }
        if let readings {
            return try TransformerError.mapping {
                try ReferenceProof(
                    path: path, readings: readings, comparison: comparison, cancellation: options.cancellation
                ).model()
            }
        }
        let model = try TransformerError.mapping {
            try Checkpoint.load(path: path, options: options).fittedToItsPictures()
        }
        return try TransformerError.mapping { try ReferenceProof.checked(model, path: path, comparison) }
    }

    /// The model for the pictures among a batch's arrays, where it takes pictures of several sizes.
    package func fitted(to arrays: [String: Tensor]) throws(TransformerError) -> TransformerModel {
        let fitted = try TransformerError.mapping { try model.fitted(to: arrays) }
        return TransformerModel(path: path, model: fitted, hdf5: hdf5)
    }

    /// A model that is in memory already.
    package init(path: String, model: Model, hdf5: HDF5ReadingOptions = .standard) {
        self.path = path
        self.model = model
        self.hdf5 = hdf5
        tokenizers = TokenizerStore()
        opening = Date()
    }
}

extension TransformerModel {
    /// Last part of the path that it was read from.
    public var name: String { Self.name(of: path) }

    /// Name of the architecture: `bert`, `gpt2`, `vit` …
    public var architecture: String { model.provenance.architecture }

    /// What the model is for.
    public var task: Task {
        switch model.graph.use {
        case .encoder: .encoder
        case .maskedLanguageModel: .maskedLanguageModel
        case .languageModel: .languageModel
        case .classifier: .classifier
        case .numbers: .numbers
        }
    }

    /// Longest text in tokens, special tokens included; `nil`: unlimited.
    public var maximumTokens: Int? { model.traits.maximumTokens }

    /// Names of the classes of a classifier, in the order of its scores; empty when the files name none.
    public var labels: [String] { model.traits.labels }

    /// Width of the last hidden states; `nil` for models without.
    public var hiddenSize: Int? {
        guard let value = model.graph.lastHiddenState else { return nil }
        return model.graph.shapes[value]?.width
    }

    /// Numbers that the model has learnt; those that several layers share count once.
    public var parameterCount: Int { model.graph.cost(tokens: 1).parameters }

    /// Attention maps that the model computes for each input, and heads that it has; the rest reuses maps or none.
    public var attentionMaps: (computed: Int, heads: Int) {
        (model.graph.cost(tokens: 1).maps, model.graph.headIDs.count)
    }

    /// What the files lack or do not say and what was taken in its place, a sentence each (`Options.allowsMissing`,
    /// `Options.assumptions`).
    public var assumptions: [String] {
        let classes = (model.provenance.assumptions ?? []).map(\.text)
        let proof =
            model.provenance.proof.map {
                "the model's own framework agrees to \(Format.significant($0.difference, 2)) on \($0.inputs) inputs"
            } ?? "nobody has compared it with the model's own framework"
        let readings = classes.isEmpty ? [] : ["assumed \(classes.joined(separator: ", ")); \(proof)"]
        return readings
            + (model.provenance.assumed ?? []).map { parameter in
                let value = parameter.description.hasSuffix("/scale") ? "the neutral scale stands" : "zeros stand"
                return "\(parameter) is missing; \(value) in for it"
            }
    }

    /// What was taken for granted about classes whose code no file holds, as `Options.assumptions` takes it.
    public var readings: [ModelInspection.Assumption] {
        (model.provenance.assumptions ?? []).map { .init(key: $0.key, value: $0.value) }
    }

    /// How the model agreed with outputs of its own framework; `nil`: nobody has compared.
    public var agreement: ModelInspection.Agreement? {
        model.provenance.proof.map { .init(difference: $0.difference, inputs: $0.inputs) }
    }

    /// What reading decided that a user should know, a sentence each: a head that is not stored, settings that the
    /// caller left out.
    public var notes: [String] {
        model.notes
            + (model.provenance.ignoredSettings ?? []).map { key in
                "\"\(key)\" of the configuration does not count, on request"
            }
    }

    /// What the model scores.
    package enum Scores { case none, perItem, perToken }

    /// What the model scores.
    package var scores: Scores {
        guard let value = model.graph.predictions else { return .none }
        return model.graph.shapes[value]?.rows == .sequences ? .perItem : .perToken
    }

    /// Whether the model reads pictures.
    package var readsPictures: Bool {
        let ignored = model.provenance.passedOver
        return (try? ModelInputs(model, tokenizer: nil, maximumTokens: nil, ignoring: ignored))?.kind == .pictures
    }

    /// Writes the model as a `.reuse.h5`: one file that holds everything needed to run it, tokenizer included.
    ///
    /// The file is read back and compared before it gets its name; it appears complete or not at all. The same model
    /// gives the same bytes.
    ///
    /// - Parameters:
    ///   - file: Replaced if it exists.
    ///   - compression: How tensors are stored.
    /// - Throws: `.inputOutput` when the disk refuses; `.cancelled`, and no file is left.
    public func write(to file: URL, compression: Compression = .zstd()) async throws(TransformerError) {
        try await WorkQueue.unlimited.run { (cancellation) throws(TransformerError) in
            let file = VerifiedFile(
                path: file.path, compression: compression, reading: hdf5, source: self,
                work: Work(cancellation: cancellation))
            try file.write(model, complaint: "the written file does not hold what the model in memory holds") {
                try Exactness.check(tensorsOf: model, against: $0, cancellation: cancellation)
            } finish: { _, _ in
            }
        }
    }

    /// Last part of a path that names something.
    package static func name(of path: String) -> String {
        let parts = path.split(separator: "/").map(String.init)
        // `.` and `..` name nothing.
        return parts.last { $0 != "." && $0 != ".." } ?? path
    }
}

extension TransformerModel {
    /// One of the model's files that was written since it was read: its weights may be neither the old nor the new.
    var changedFile: String? {
        let paths = (try? Checkpoint.weightFiles(at: path)) ?? []
        return paths.first { path in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            return (attributes?[.modificationDate] as? Date).map { $0 >= opening } ?? true
        }
    }
}
