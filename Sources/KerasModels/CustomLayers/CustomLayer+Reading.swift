import JSON
import ModelGraph
import Platform
import WeightFiles

extension CustomLayer {
    /// The classes that widespread tutorials share, from `LayerSpecs/`.
    ///
    /// - Throws: Only when a file of ours is broken, which a test rules out.
    package static func builtIn() throws(FileError) -> [CustomLayer] {
        let documents = [
            PackageResources.bert_encoder_json, PackageResources.class_token_json,
            PackageResources.position_embedding_json, PackageResources.position_table_json,
            PackageResources.reuse_transformer_json, PackageResources.self_attention_mask_json,
            PackageResources.token_and_position_embedding_json, PackageResources.transformer_block_json,
            PackageResources.transformer_encoder_block_json,
        ]
        var layers: [CustomLayer] = []
        for document in documents { layers.append(try CustomLayer(document, path: "built-in layer")) }
        return layers
    }

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
        let known = Set(settings.map(\.name)), measured = Set(settings.filter { $0.extent != nil }.map(\.name))
        func check(_ names: Set<String>, _ location: String, indices: Set<String> = [], others: Set<String> = []) {
            for name in names.subtracting(known).subtracting(indices).subtracting(others).sorted() {
                problems.append("\(location): \"\(name)\" is not a setting")
            }
        }
        for (part, indices) in parts.flatMap({ $0.written() }) {
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
        let own = written.map(\.name.source) + (variables ?? [])
        let certain = written.filter { $0.when == nil }.map(\.name.source) + (variables ?? [])
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
