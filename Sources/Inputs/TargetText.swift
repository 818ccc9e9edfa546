import JSON
import ModelGraph
import Tokenization

/// How an encoder–decoder takes its target.
package struct TargetText: Sendable, Hashable {
    /// Name of the input.
    package let input: String
    /// The id that every target starts with.
    package let startID: Int32
    /// Ids that end a target.
    package let endIDs: Set<Int32>

    package init(input: String, startID: Int32, endIDs: Set<Int32>) {
        self.input = input
        self.startID = startID
        self.endIDs = endIDs
    }

    /// What a target that has not begun looks like.
    package var beginning: InputArray { InputArray(ids: [startID]) }

    /// The ids that the decoder reads when it should predict `targetIDs`.
    package func reading(_ targetIDs: [Int32]) -> InputArray { InputArray(ids: [startID] + targetIDs.dropLast()) }
}

/// What a model's configuration says about generated texts.
package struct GenerationSettings: Sendable, Hashable {
    /// The id that a decoder's target starts with; `nil` for models without.
    package var decoderStartID: Int32?
    /// Ids that end a text.
    package var endIDs: Set<Int32> = []

    /// Reads `generation_config.json`, then `config.json`, and for what neither says the tokenizer's roles.
    ///
    /// - Parameter assets: Contents by file name. Files that cannot be read say nothing: their errors have been
    ///   reported where the model was read.
    package init(assets: [String: [UInt8]], tokenizer: Tokenizer?) {
        let documents = ["generation_config.json", "config.json"].compactMap { name in
            assets[name].flatMap { try? Document.decode(JSONValue.self, from: $0) }
        }
        func ids(_ key: String) -> [Int32] {
            for document in documents {
                guard let value = document[key] else { continue }
                let ids = (value.arrayValue ?? [value]).compactMap { $0.intValue.flatMap { Int32(exactly: $0) } }
                if !ids.isEmpty { return ids }
            }
            return []
        }
        decoderStartID = ids("decoder_start_token_id").first
        endIDs = Set(ids("eos_token_id"))
        if endIDs.isEmpty, let end = tokenizer?.specialTokens.eos ?? tokenizer?.specialTokens.sep { endIDs = [end] }
    }
}
