import JSON
import Platform

extension TokenizerFiles {
    /// Reads the most complete description among the files.
    func parts(_ config: TokenizerConfig) throws(FileError) -> TokenizerParts {
        var config = config
        var parts = try described(&config)
        try parts.addTokens(of: config)
        parts.assignRoles(config)
        return parts
    }

    private func described(_ config: inout TokenizerConfig) throws(FileError) -> TokenizerParts {
        if let json = try json("tokenizer.json") {
            if let preset = try KerasHubFiles(json) { return try preset.parts(self, config: &config) }
            return try TokenizerJSON(json).parts(config)
        }
        if let bytes = try bytes(of: "vocab.txt") {
            return try WordPieceFiles.parts(vocabulary: bytes, config: &config)
        }
        if let vocabulary = try json("vocab.json") {
            guard let merges = try bytes(of: "merges.txt") else { throw .noTokenizer(looked: ["merges.txt"]) }
            return try BytePairFiles.parts(vocabulary: vocabulary, merges: merges, config: &config)
        }
        if let name = SentencePieceFiles.names.first(where: { contents[$0] != nil }), let bytes = try bytes(of: name) {
            return try SentencePieceFiles.parts(bytes, file: name, config: &config)
        }
        throw .noTokenizer(
            looked: ["tokenizer.json", "vocab.txt", "vocab.json with merges.txt"] + SentencePieceFiles.names)
    }
}
