import ModelGraph

extension ModelCard {
    /// What hubs file a model under. Members that nobody knows are left out: no guess is published.
    struct Metadata {
        var members: [(key: String, values: [String], isList: Bool)] = []

        mutating func set(_ key: String, _ value: String?) {
            if let value { members.append((key, [value], false)) }
        }

        /// The block at the head of the file: a small part of YAML, every text in double quotes.
        var yaml: String {
            let lines = members.flatMap { member in
                member.isList
                    ? ["\(member.key):"] + member.values.map { "- \(Self.quoted($0))" }
                    : member.values.map { "\(member.key): \(Self.quoted($0))" }
            }
            return (["---"] + lines + ["---"]).joined(separator: "\n")
        }

        /// A YAML text in double quotes, as JSON writes it.
        private static func quoted(_ text: String) -> String {
            var result = ""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case _
                where scalar.value < 0x20 || (0x7F...0xA0).contains(scalar.value)
                    || [0x2028, 0x2029, 0xFEFF].contains(scalar.value):
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                default: result.unicodeScalars.append(scalar)
                }
            }
            return "\"\(result)\""
        }
    }

    var metadata: Metadata {
        var result = Metadata()
        result.set("base_model", baseModel)
        // The hubs' word for a model that was made smaller from another one, however.
        result.set("base_model_relation", baseModel == nil ? nil : "quantized")
        result.set("library_name", "reuseformer")
        result.set("pipeline_tag", converted.graph.pipelineTag)
        var tags = ["reuseformer", "attention-reuse", converted.provenance.architecture]
        if converted.graph.graph.embedding != nil { tags.append("sentence-embeddings") }
        if converted.graph.graph.hasPrecisions {
            let kinds = Set(converted.graph.graph.nodes.flatMap { $0.precisions.values.map(\.kind.rawValue) })
            tags += kinds.sorted()
        }
        result.members.append(("tags", tags, true))
        return result
    }
}

extension CheckedGraph {
    /// The task that hubs list such a model under; `nil` where the graph does not tell.
    var pipelineTag: String? {
        let names = Set(graph.outputs.map(\.name))
        if graph.outputs.contains(where: \.isOfChoices) { return "multiple-choice" }
        if graph.embedding != nil { return graph.readsText ? "sentence-similarity" : nil }
        if names.isSuperset(of: ["start_logits", "end_logits"]) { return "question-answering" }
        if graph.inputs.contains("input_features") {
            return graph.use == .languageModel ? "automatic-speech-recognition" : nil
        }
        let isPicture = graph.inputs.contains("pixel_values")
        guard graph.readsText || isPicture else { return nil }
        switch graph.use {
        case .encoder: return isPicture ? "image-feature-extraction" : "feature-extraction"
        case .maskedLanguageModel: return isPicture ? nil : "fill-mask"
        case .languageModel:
            if isPicture { return nil }
            return graph.encoderHiddenStates.isEmpty ? "text-generation" : "text2text-generation"
        case .classifier:
            guard let logits = graph.predictions, let shape = shapes[logits] else { return nil }
            let isOfSequences = shape.rows == .sequences
            if isPicture { return isOfSequences ? "image-classification" : nil }
            return isOfSequences ? "text-classification" : "token-classification"
        case .numbers: return nil
        }
    }
}
