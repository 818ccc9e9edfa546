import ArchitectureSpecs
import JSON
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

    private static func builtIn(_ documents: [[UInt8]]) throws(FileError) -> [CustomLayer] {
        var layers: [CustomLayer] = []
        for document in documents { layers.append(try CustomLayer(document, path: "built-in layer")) }
        return layers
    }

    /// What classes of people's own usually are, told by what is stored for them.
    ///
    /// - Throws: Only when a file of ours is broken, which a test rules out.
    package static func patterns() throws(FileError) -> [CustomLayer] { try knownPatterns.get() }

    /// Read once.
    private static let knownPatterns = Result { () throws(FileError) in try builtIn(patternDocuments) }

    private static let libraryDocuments = [
        PackageResources.bert_encoder_json, PackageResources.position_embedding_json,
        PackageResources.hub_token_and_position_embedding_json, PackageResources.hub_transformer_encoder_json,
        PackageResources.hub_transformer_decoder_json,
        PackageResources.reuse_transformer_json, PackageResources.self_attention_mask_json,
        PackageResources.transformer_encoder_block_json,
    ]

    /// The likelier ones first.
    private static let patternDocuments = [
        PackageResources.pattern_learned_positions_json,
        PackageResources.pattern_embedded_positions_json,
        PackageResources.pattern_tokens_and_positions_json,
        PackageResources.pattern_tokens_and_table_json,
        PackageResources.pattern_tokens_and_sines_json,
        PackageResources.pattern_tokens_json,
        PackageResources.pattern_class_row_json,
        PackageResources.pattern_column_vector_json,
        PackageResources.pattern_rms_norm_json,
        PackageResources.pattern_own_norm_json,
        PackageResources.pattern_block_json,
        PackageResources.pattern_block_of_one_norm_json,
        PackageResources.pattern_block_both_activated_json,
        PackageResources.pattern_cross_block_json,
        PackageResources.pattern_decoder_block_json,
        PackageResources.pattern_attention_with_norm_json,
        PackageResources.pattern_attention_json,
        PackageResources.pattern_feed_forward_json,
        PackageResources.pattern_feed_forward_with_norm_json,
        PackageResources.pattern_gated_residual_json,
        PackageResources.pattern_encoder_json,
        PackageResources.pattern_encoder_with_norm_json,
        PackageResources.pattern_encoder_with_sines_json,
        PackageResources.pattern_encoder_with_sines_with_norm_json,
        PackageResources.pattern_blocks_json,
        PackageResources.pattern_blocks_with_norm_json,
        PackageResources.pattern_patch_encoder_json,
        PackageResources.pattern_patch_encoder_with_table_json,
        PackageResources.pattern_patch_encoder_with_token_json,
        PackageResources.pattern_series_patches_json,
        PackageResources.pattern_dense_positions_json,
        PackageResources.pattern_weighed_rows_json,
        PackageResources.pattern_weighed_rows_flat_json,
        PackageResources.pattern_weighed_rows_by_step_json,
        PackageResources.pattern_weighed_rows_dense_json,
        PackageResources.pattern_weighed_rows_two_dense_json,
        PackageResources.pattern_convolved_patches_json,
        PackageResources.pattern_convolved_patches_with_positions_json,
        PackageResources.pattern_projected_patches_json,
        PackageResources.pattern_time_waves_json,
        PackageResources.pattern_time_kernel_json,
        PackageResources.pattern_patches_json,
        PackageResources.pattern_sine_positions_json,
        PackageResources.pattern_unchanged_json,
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
