import ModelGraph

extension CustomLayer {
    /// The classes that widespread tutorials share, from `LayerSpecs/`.
    ///
    /// - Throws: Only when a file of ours is broken, which a test rules out.
    package static func builtIn() throws(CheckpointError) -> [CustomLayer] {
        let documents = [
            PackageResources.class_token_json, PackageResources.position_table_json,
            PackageResources.token_and_position_embedding_json, PackageResources.transformer_block_json,
        ]
        var layers: [CustomLayer] = []
        for document in documents { layers.append(try CustomLayer(document, path: "built-in layer")) }
        return layers
    }

    /// A class from its JSON text.
    package init(_ document: [UInt8], path: String) throws(CheckpointError) {
        do throws(Document.ReadError) {
            self = try Document.decode(CustomLayer.self, from: document)
        } catch {
            throw CheckpointError(
                .usage, path: path, "does not describe a layer: \(error)",
                remedy: "docs/keras-models.md shows how one is written")
        }
        let problems = self.problems
        if !problems.isEmpty { throw CheckpointError(.usage, path: path, problems) }
    }

    /// The classes that a file describes: one, or a list of them under `layers`.
    ///
    /// - Returns: `nil` for what is no such file: the name of a built-in architecture, a spec.
    package static func layers(named name: String) throws(CheckpointError) -> [CustomLayer]? {
        guard name.contains("/") || name.hasSuffix(".json") else { return nil }
        let document = try CheckpointFiles.document(FileEntry(path: name))
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
        var problems: [String] = []
        let own = parts.map(\.name) + (variables ?? [])
        if Set(own).count != own.count { problems.append("two parts have the same name") }
        var values = Set(inputs)
        for call in calls {
            if let part = call.part, !own.contains(part) {
                problems.append("\(call.value): there is no part \"\(part)\"")
            }
            if (call.part == nil) == (call.operation == nil) {
                problems.append("\(call.value): calls either a part or an operation")
            }
            for argument in call.arguments where !values.contains(argument) {
                problems.append("\(call.value): \"\(argument)\" is not computed before")
            }
            if own.contains(call.value) || !values.insert(call.value).inserted {
                problems.append("\(call.value): the name is used twice")
            }
        }
        if !values.contains(output) { problems.append("the output \"\(output)\" is not computed") }
        let known = Set(settings.map(\.name))
        for part in parts.flatMap({ [$0] + ($0.parts ?? []) }) {
            for (key, expression) in part.dimensions ?? [:] {
                for name in expression.names.subtracting(known).sorted() {
                    problems.append("\(part.name), \(key): \"\(name)\" is not a setting")
                }
            }
        }
        return problems.sorted()
    }
}
