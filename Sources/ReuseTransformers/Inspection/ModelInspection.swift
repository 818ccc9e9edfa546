import ArchitectureSpecs
import BackgroundWork
import Checkpoints
import Costs
import Foundation
import Images
import Inputs
import JSON
import ModelGraph
import Reporting
import Tensors
import Tokenization
import TokenizerFormats
import Verification

/// What a checkpoint is, what it holds, and what reuse could save: from its metadata, without its weights.
///
///     let inspection = try await ModelInspection(of: URL(filePath: "bert/"))
///     print(inspection.architecture ?? "unknown", inspection.problems)
///
/// Works on any HDF5 or safetensors file; what a model would need and the file lacks is listed as a problem.
public struct ModelInspection: Sendable, Encodable {
    /// A part of the model.
    public struct Part: Sendable, Hashable, Encodable {
        /// Name of the part.
        public let name: String
        /// Numbers that the part has learnt.
        public let parameters: Int
        /// Multiply-adds of one input.
        public let multiplyAdds: Int
    }

    /// What reuse of all maps of one layer would save, shares of the whole model 0…1.
    public struct LayerSaving: Sendable, Hashable, Encodable {
        /// Name of the layer.
        public let node: String
        /// Heads of the layer.
        public let heads: Int
        /// Share of the attention maps.
        public let maps: Double
        /// Share of the multiply-adds.
        public let multiplyAdds: Double
        /// Share of the parameters.
        public let parameters: Double
    }

    /// A tensor of the file.
    public struct TensorEntry: Sendable, Encodable {
        /// Name in the file.
        public let name: String
        /// Name of the file.
        public let file: String
        /// Element type: `float32`, `bfloat16` …
        public let type: String
        /// Extents, outermost first.
        public let shape: [Int]
        /// Bytes in the file.
        public let storedBytes: Int
        /// How the bytes are compressed.
        public let filters: [String]
        /// What the model uses the tensor for, in words.
        public let use: String
        /// Range and what in it is no number, where it was asked for.
        package let statistics: TensorStatistics?
    }

    /// Something that no file says and that was taken for granted.
    public struct Assumption: Sendable, Hashable, Encodable {
        /// The class, or the class and a choice: `TransformerBlock.activation`.
        public let key: String
        /// What it is taken for.
        public let value: String
    }

    /// A class whose code no file holds, with everything that it can be by what is stored for it.
    public struct OpenClass: Sendable, Hashable, Encodable {
        /// Something that is not said.
        public struct Choice: Sendable, Hashable, Encodable {
            /// Its name.
            public let name: String
            /// What it decides.
            public let title: String
            /// What it can be, the usual first.
            public let values: [String]
        }

        /// What the class can be.
        public struct Document: Sendable, Hashable, Encodable {
            /// Its name.
            public let name: String
            /// What it is, in a line.
            public let title: String
            /// What is not said about it.
            public let choices: [Choice]
        }

        /// Name of the class.
        public let name: String
        /// Its layers.
        public let layers: [String]
        /// What it can be, the likelier first.
        public let documents: [Document]
    }

    /// How a model agreed with outputs of its own framework.
    public struct Agreement: Sendable, Hashable, Encodable {
        /// Largest difference of any output.
        public let difference: Double
        /// Inputs that were compared.
        public let inputs: Int
    }

    /// A layout or an architecture with what speaks for it and against it.
    public struct Candidate: Sendable, Hashable, Encodable {
        /// Its name.
        public let name: String
        /// The higher the more speaks for it.
        public let score: Int
        /// What speaks for it and against it.
        public let reasons: [String]
    }

    /// A key of the configuration and what became of it.
    public struct SettingEntry: Sendable, Hashable, Encodable {
        /// What became of a key.
        public enum Role: String, Sendable, Hashable, Encodable {
            /// The outputs depend on it, as they should.
            case used
            /// It changes no output.
            case harmless
            /// Taken out on request.
            case ignored
            /// It could change the outputs and is not handled.
            case refused
        }

        /// Its path, `rope_scaling.factor`.
        public let key: String
        /// Its value, shortened.
        public let value: String
        /// What became of it.
        public let role: Role
        /// Why; empty for a key that is used.
        public let reason: String
    }

    /// Sizes of the model.
    public struct Totals: Sendable, Hashable, Encodable {
        /// Layers as people count them, those of an encoder and of a decoder by name.
        public struct Stack: Sendable, Hashable, Encodable {
            /// `encoder` or `decoder`; `nil` where there is one stack.
            public let name: String?
            /// Its layers; the attention of a decoder to its encoder is a part of one.
            public let layers: Int
        }

        /// `12 layers`, or `4 encoder layers, 4 decoder layers`.
        package var layerText: String { LayerStacks.text(stacks.map { ($0.name, $0.layers) }) }
        /// Layers of all stacks.
        public let layers: Int
        /// The stacks of layers, in execution order.
        public let stacks: [Stack]
        /// Nodes with attention, each cross-attention one of them.
        public let attentionLayers: Int
        /// Attention heads.
        public let heads: Int
        /// Heads that compute a map.
        public let maps: Int
        /// Width of the last hidden states.
        public let hidden: Int
        /// Tokens that the model knows.
        public let vocabulary: Int
        /// Longest text in tokens; `nil`: unlimited.
        public let maximumTokens: Int?
        /// Numbers that the model has learnt.
        public let parameters: Int
        /// Multiply-adds of one input of `tokens` tokens.
        public let multiplyAdds: Int
        /// Sequence length of every count of multiply-adds.
        public let tokens: Int
        /// Whether counts do not depend on a length: every input of the model has a shape of its own.
        public let isFixed: Bool
        /// Bytes that decoding keeps for each token, of models that decode, in float32.
        public let cacheBytes: Int?
        /// The same for each row of what cross-attention looks at.
        public let memoryCacheBytes: Int?
        /// Bytes of the parameters as they are stored, before compression.
        public var parameterBytes = 0
        /// Matrices that are not in 32 bits, in words; `nil`: none.
        public var precision: String?
    }

    /// Last part of the path.
    public let name: String
    /// How the file is laid out: `hf-tf`, `keras2`, `safetensors` …
    public let dialect: String
    /// Why it was taken for this layout.
    public let dialectReasons: [String]
    /// All layouts, scored.
    public let dialects: [Candidate]
    /// Name of the architecture; `nil` when none is recognised.
    public let architecture: String?
    /// Architectures that were considered.
    public let candidates: [Candidate]
    package let use: ModelUse?
    /// Sizes; `nil` when it is no model that is known.
    public let totals: Totals?
    /// How a text becomes an embedding; `nil` where the files do not say it.
    public let embedding: Embedding?
    /// Parts in execution order.
    public let parts: [Part]
    /// What reuse could save, layer by layer.
    public let savings: [LayerSaving]
    /// The most that reuse could save; `nil` when it is no model that is known, or one without attention.
    public let largest: LargestSaving?
    package let plan: ReusePlan?
    /// Why it is not a model that can be run; empty when it is.
    public var problems: [String] { messages.map(OptionNames.inSwift) }
    /// The same with options as the command spells them.
    package let messages: [String]
    /// Everything that the files hold.
    public let tensors: [TensorEntry]
    /// What was taken for granted about classes whose code no file holds.
    public let assumptions: [Assumption]
    /// Classes that keep the model from being run until somebody says or proves what they are.
    public let openClasses: [OpenClass]
    /// How the model agreed with its own framework; `nil`: nobody has compared.
    public let agreement: Agreement?
    /// What became of every key of the configuration; empty where nothing accounts for them.
    public let settings: [SettingEntry]
    /// What reading decides that a user should know, a sentence each.
    public let notes: [String]

    /// Documents hold problems as the command prints them.
    private enum CodingKeys: String, CodingKey {
        case name, dialect, dialectReasons, dialects, architecture, candidates, use, totals, embedding, parts, savings
        case largest, plan, tensors, assumptions, openClasses, agreement, settings, notes
        case messages = "problems"
    }

    /// Sequence length that multiply-adds are counted for, in models that take as many tokens.
    private static let tokens = 128

    /// Inspects what is at a path.
    ///
    /// - Parameters:
    ///   - location: A folder with a checkpoint, or a file of tensors.
    ///   - options: How the checkpoint is to be understood.
    /// - Throws: `.inputOutput` when nothing is there, `.corrupt` for a file that is damaged, `.unsupported` for one
    ///   that is something else; `.cancelled`.
    public init(
        of location: URL, options: TransformerModel.Options = .init()
    ) async throws(TransformerError) {
        self = try await WorkQueue.unlimited.run { (cancellation) throws(TransformerError) in
            try ModelInspection(path: location.path, options: options.loading(cancellation))
        }
    }

    /// Inspects on this thread.
    ///
    /// - Parameter hasStatistics: Whether every tensor is read, for its range and what in it is no number.
    package init(
        path: String, options: LoadingOptions, hasStatistics: Bool = false
    ) throws(TransformerError) {
        let (options, proof) = try Self.proven(path, options)
        let summary = try TransformerError.mapping { try Checkpoint.describe(path: path, options: options) }
        assumptions = summary.assumptions.map { .init(key: $0.key, value: $0.value) }
        agreement = (proof ?? summary.proof).map { .init(difference: $0.difference, inputs: $0.inputs) }
        openClasses =
            summary.graph == nil
            ? ((try? CheckpointReadings(path: path, options: options))?.openClasses ?? []).map(OpenClass.init) : []
        name = TransformerModel.name(of: path)
        dialect = summary.dialect
        dialectReasons = summary.dialectReasons
        dialects = summary.dialects.map { .init(name: $0.dialect, score: $0.score, reasons: $0.reasons) }
        architecture = summary.architecture
        candidates = summary.candidates.map { .init(name: $0.architecture, score: $0.score, reasons: $0.reasons) }
        use = summary.graph?.use
        settings =
            (summary.configuration?.entries ?? []).map { SettingEntry($0) }
            + summary.further.flatMap { ledger in ledger.entries.map { SettingEntry($0, in: ledger.file) } }
            + Self.otherSettings(summary, ignoring: options.ignoredSettings)
        notes = summary.notes
        plan = summary.plan
        messages = summary.problems
        let tokens = min(
            summary.graph?.usualTokens ?? Self.tokens, summary.traits?.maximumTokens ?? Self.tokens)
        totals = summary.graph.map { Totals($0, summary.traits, summary.plan, tokens: tokens) }
        embedding = summary.graph.flatMap { Embedding($0.graph, summary.traits?.sentences) }
        parts = (summary.graph?.costsOfParts(tokens: tokens) ?? []).map {
            Part(name: $0.name, parameters: $0.parameters, multiplyAdds: $0.multiplyAdds)
        }
        largest = summary.graph.flatMap { LargestSaving(of: $0, tokens: tokens) }
        savings = summary.graph.map { LayerSavings.all(of: $0, tokens: tokens).map(LayerSaving.init) } ?? []
        tensors = try TransformerError.mapping {
            try summary.tensors.map { tensor in
                TensorEntry(
                    name: tensor.name, file: tensor.file, type: tensor.dtype.rawValue, shape: tensor.shape.extents,
                    storedBytes: tensor.storedByteCount, filters: tensor.filters, use: tensor.role.words,
                    statistics: hasStatistics ? TensorStatistics(of: try tensor.read()) : nil)
            }
        }
    }

    /// Options with what a reference proves in its place.
    private static func proven(
        _ path: String, _ options: LoadingOptions
    ) throws(TransformerError) -> (LoadingOptions, Model.Provenance.Proof?) {
        guard options.reference != nil else { return (options, nil) }
        let provenance = try TransformerModel(path: path, options: options).model.provenance
        var settled = options
        settled.reference = nil
        for assumption in provenance.assumptions ?? [] { settled.assumptions[assumption.key] = assumption.value }
        return (settled, provenance.proof)
    }

    /// What became of the keys of the files for texts, pictures and writing.
    private static func otherSettings(
        _ summary: CheckpointSummary, ignoring ignored: Set<String>
    ) -> [SettingEntry] {
        let files = summary.settingsFiles
        // A speech model's file of that name is about sounds.
        let readsPictures = summary.graph?.inputLayouts.values.contains { $0.grid.count == 2 } ?? false
        func document(_ name: String) -> JSONValue? { files[name].flatMap { try? JSONValue(parsing: $0, file: name) } }
        let ledgers = [
            document(TokenizerKeys.file).map { TokenizerKeys.ledger(of: $0, ignoring: ignored) },
            readsPictures ? ImagePreparation.ledger(assets: files, ignoring: ignored) : nil,
            document("generation_config.json").map { GenerationKeys.ledger(of: $0, ignoring: ignored) },
        ]
        return ledgers.compactMap(\.self).flatMap { ledger in
            ledger.entries.map { SettingEntry($0, in: ledger.file) }
        }
    }
}

extension ModelInspection.OpenClass {
    fileprivate init(_ open: CheckpointReadings.OpenClass) {
        name = open.className
        layers = open.layers
        documents = open.documents.map { document in
            Document(
                name: document.name, title: document.title,
                choices: document.choices.map { Choice(name: $0.name, title: $0.title, values: $0.values) })
        }
    }
}

extension ModelInspection.LayerSaving {
    fileprivate init(_ layer: LayerSavings) {
        node = layer.node
        heads = layer.heads
        maps = layer.savings.maps.saved
        multiplyAdds = layer.savings.multiplyAdds.saved
        parameters = layer.savings.parameters.saved
    }
}
extension ModelInspection.Totals {
    fileprivate init(_ graph: CheckedGraph, _ traits: Model.Traits?, _ plan: ReusePlan?, tokens: Int) {
        let cost = graph.cost(tokens: tokens)
        let embeddings = graph.nodes.compactMap { node in
            if case .embedding(let embedding) = node.operation { embedding } else { nil }
        }
        let layers = LayerStacks(of: graph, linear: Set((plan?.linear ?? []).map(\.node)))
        self.init(
            layers: layers.count, stacks: layers.stacks.map { .init(name: $0.name, layers: $0.layers) },
            attentionLayers: graph.attentionNodes.count, heads: graph.headIDs.count, maps: cost.maps,
            hidden: (graph.hiddenStates.last ?? graph.attentionNodes.first?.name)
                .flatMap { graph.shapes[$0]?.width } ?? 0,
            vocabulary: embeddings.map(\.vocabulary).max() ?? 0, maximumTokens: traits?.maximumTokens,
            parameters: cost.parameters, multiplyAdds: cost.multiplyAdds, tokens: tokens,
            isFixed: cost.multiplyAdds == graph.cost(tokens: tokens + 1).multiplyAdds,
            cacheBytes: cost.cacheBytes > 0 ? cost.cacheBytes : nil,
            memoryCacheBytes: cost.memoryCacheBytes > 0 ? cost.memoryCacheBytes : nil,
            parameterBytes: cost.parameterBytes, precision: graph.precisionText)
    }
}

extension ModelInspection.SettingEntry {
    /// - Parameter file: Its file, where that is not the model's configuration.
    init(_ entry: KeyLedger.Entry, in file: String? = nil) {
        key = (file.map { $0 + ": " } ?? "") + entry.key
        value = entry.value.settingText
        switch entry.fate {
        case .used: (role, reason) = (.used, "")
        case .harmless(let why): (role, reason) = (.harmless, why)
        case .waived: (role, reason) = (.ignored, "on request")
        case .refused(let why): (role, reason) = (.refused, why)
        }
    }
}
