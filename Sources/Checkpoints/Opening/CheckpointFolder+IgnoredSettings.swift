import JSON
import Platform
import WeightFiles

extension CheckpointFolder {
    /// Names of files beside the weights that hold no settings, though they are JSON.
    private static let tables: Set = [
        "tokenizer.json", "vocab.json", "vocabulary.json", "added_tokens.json", "special_tokens_map.json",
        "modules.json",
    ]
    private static let sentenceFiles = ["config_sentence_transformers.json", "sentence_bert_config.json"]

    /// Keys that the caller does not want to count and that no settings file of the folder has: a slip of the pen, that
    /// would pass without a word.
    func absentSettings(_ keys: Set<String>) -> [String] {
        guard !keys.isEmpty else { return [] }
        var entries = assetEntries.filter { $0.name.hasSuffix(".json") && !Self.tables.contains($0.name) }
        if let configEntry { entries.append(configEntry) }
        entries += Self.sentenceFiles.map(rootEntry) + Self.sentenceFiles.map { entry($0) }
        entries += (modules?.entries ?? []).map { rootEntry("\($0.path)/config.json") }
        // What cannot be read was reported when the model was.
        let documents = entries.filter(exists).compactMap { try? document($0) }
        return keys.filter { key in
            !documents.contains { $0[path: key] != nil || $0["image_processor"]?[path: key] != nil }
        }.sorted()
    }

    /// What a caller should know of keys that are nowhere, a sentence each.
    func notes(onAbsent keys: [String]) -> [String] {
        keys.map { "\"\($0.printable)\" stands in none of the model's settings files: --ignore-config changes nothing" }
    }
}
