import ArchitectureSpecs
import EmbeddedFiles
import JSON
import KerasFiles
import ModelGraph
import Platform
import WeightFiles

extension CustomLayer {
    /// The classes of published libraries, by their names, from `LayerSpecs/`.
    ///
    /// - Throws: Only when a file of ours is broken, which a test rules out.
    package static func builtIn() throws(FileError) -> [CustomLayer] {
        try builtIn(libraryDocuments)
    }

    /// - Parameter names: Files of `LayerSpecs`, without their ending, in the order in which they are asked.
    private static func builtIn(_ names: [String]) throws(FileError) -> [CustomLayer] {
        let files = Dictionary(
            EmbeddedFile.all(in: .layerSpecs).map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
        var layers: [CustomLayer] = []
        for name in names { layers.append(try CustomLayer(files[name + ".json"] ?? [], path: "built-in layer")) }
        return layers
    }

    /// What classes of people's own usually are, told by what is stored for them.
    ///
    /// - Throws: Only when a file of ours is broken, which a test rules out.
    package static func patterns() throws(FileError) -> [CustomLayer] { try knownPatterns.get() }

    /// Read once.
    private static let knownPatterns = Result { () throws(FileError) in try builtIn(patternDocuments) }

    private static let libraryDocuments = [
        "bert_encoder", "position_embedding",
        "hub_token_and_position_embedding", "hub_transformer_encoder",
        "hub_transformer_decoder",
        "reuse_transformer", "self_attention_mask",
        "transformer_encoder_block",
    ]

    /// The likelier ones first.
    private static let patternDocuments = [
        "pattern_learned_positions",
        "pattern_embedded_positions",
        "pattern_tokens_and_positions",
        "pattern_tokens_and_table",
        "pattern_tokens_and_sines",
        "pattern_tokens",
        "pattern_class_row",
        "pattern_column_vector",
        "pattern_rms_norm",
        "pattern_own_norm",
        "pattern_block",
        "pattern_block_of_one_norm",
        "pattern_block_both_activated",
        "pattern_cross_block",
        "pattern_decoder_block",
        "pattern_attention_with_norm",
        "pattern_attention",
        "pattern_feed_forward",
        "pattern_feed_forward_with_norm",
        "pattern_gated_residual",
        "pattern_encoder",
        "pattern_encoder_with_norm",
        "pattern_encoder_with_sines",
        "pattern_encoder_with_sines_with_norm",
        "pattern_blocks",
        "pattern_blocks_with_norm",
        "pattern_patch_encoder",
        "pattern_patch_encoder_with_table",
        "pattern_patch_encoder_with_token",
        "pattern_series_patches",
        "pattern_dense_positions",
        "pattern_weighed_rows",
        "pattern_weighed_rows_flat",
        "pattern_weighed_rows_by_step",
        "pattern_weighed_rows_dense",
        "pattern_weighed_rows_two_dense",
        "pattern_convolved_patches",
        "pattern_convolved_patches_with_positions",
        "pattern_projected_patches",
        "pattern_time_waves",
        "pattern_time_kernel",
        "pattern_patches",
        "pattern_sine_positions",
        "pattern_unchanged",
    ]

    /// A class from its JSON text.
    package init(_ document: [UInt8], path: String) throws(FileError) {
        do throws(Document.ReadError) {
            self = try Document.decode(CustomLayer.self, from: document)
        } catch {
            throw FileError(
                .usage, path: path, "does not describe a layer: \(error)",
                remedy: "docs/keras-models.md shows how one is written")
        }
        let problems = self.problems
        if !problems.isEmpty { throw FileError(.usage, path: path, problems) }
    }

    /// The classes that a file describes: one, or a list of them under `layers`.
    ///
    /// - Returns: `nil` for what is no such file: the name of a built-in architecture, a spec.
    package static func layers(named name: String) throws(FileError) -> [CustomLayer]? {
        guard name.contains("/") || name.hasSuffix(".json") else { return nil }
        let document = try CheckpointFolder.document(path: name)
        let isSingle = document["classes"] != nil && document["calls"] != nil
        guard let layers = isSingle ? [document] : document["layers"]?.arrayValue else { return nil }
        var result: [CustomLayer] = []
        for layer in layers {
            // A value that was decoded can be encoded.
            result.append(try CustomLayer((try? Document.encode(layer)) ?? [], path: name))
        }
        return result
    }

    /// What makes no sense before the class meets a model.
    package var problems: [String] {
        var problems = nameProblems
        let shaped: [Expression] =
            parts.flatMap { $0.written() }.flatMap { $0.entry.shape ?? [] }
            + (variables ?? []).flatMap { $0.shape ?? [] }
        var known = Set(settings.map(\.name) + (choices ?? []).map(\.name) + Array((counted ?? [:]).keys))
        for expression in shaped { known.formUnion(expression.names) }
        let measured = Set(settings.filter { $0.extent != nil }.map(\.name))
        func check(_ names: Set<String>, _ location: String, indices: Set<String> = [], others: Set<String> = []) {
            for name in names.subtracting(known).subtracting(indices).subtracting(others).sorted() {
                problems.append("\(location): \"\(name)\" is not a setting")
            }
        }
        for (part, indices) in parts.flatMap({ $0.written() }) {
            check(Set((part.words ?? [:]).values), part.name.source, indices: indices)
            for part in [part] + (part.parts ?? []) {
                for (key, expression) in part.dimensions ?? [:] {
                    check(expression.names, "\(part.name.source), \(key)", indices: indices)
                }
            }
        }
        // Which parts there are is decided before anything stored is known.
        for (names, indices) in parts.flatMap({ $0.decisions() }) {
            check(names, "parts", indices: indices)
            for name in names.intersection(measured).sorted() {
                problems.append("parts: \"\(name)\" is the extent of a variable, and decides which variables there are")
            }
        }
        for (call, indices) in calls.flatMap({ $0.written() }) {
            check(Set((call.words ?? [:]).values), "calls", indices: indices)
        }
        let given = Set(inputs.names.map(Self.givenFlag))
        for (names, indices) in calls.flatMap({ $0.decisions() }) + output.list.flatMap({ $0.decisions() }) {
            check(names, "calls", indices: indices, others: given)
        }
        return problems.sorted()
    }

    /// Names of parts and values that lead nowhere. Names with an index in them are checked when they are known.
    private var nameProblems: [String] {
        var problems: [String] = []
        let written = parts.flatMap { $0.written() }.map(\.entry)
        let own = written.map(\.name.source) + (variables ?? []).map(\.name)
        let certain = written.filter { $0.when == nil }.map(\.name.source) + (variables ?? []).map(\.name)
        if Set(certain).count != certain.count { problems.append("two parts have the same name") }
        var values = Set(inputs.names)
        for (call, indices) in calls.flatMap({ $0.written() }) {
            let location = call.value.list.map(\.source).joined(separator: ", ")
            if let part = call.part, part.names.isEmpty, !own.contains(part.source) {
                problems.append("\(location): there is no part \"\(part.source)\"")
            }
            if (call.part == nil) == (call.operation == nil) {
                problems.append("\(location): calls either a part or an operation")
            }
            for argument in call.arguments + (call.keywords ?? [:]).values
            where argument.names.isEmpty && !values.contains(argument.source) {
                problems.append("\(location): \"\(argument.source)\" is not computed before")
            }
            for name in call.value.list.reduce(into: Set(), { $0.formUnion($1.names) }).subtracting(indices).sorted()
            where !settings.contains(where: { $0.name == name }) {
                problems.append("\(location): \"\(name)\" is not a setting")
            }
            values.formUnion(call.value.list.map(\.source))
        }
        for output in output.list.flatMap({ $0.written() }).map(\.entry)
        where output.value.names.isEmpty && !values.contains(output.value.source) {
            problems.append("the output \"\(output.value.source)\" is not computed")
        }
        return problems
    }
}
