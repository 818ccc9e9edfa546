import JSON
import Platform

extension TokenizerFiles {
    /// Reads the description that counts among the files.
    ///
    /// - Returns: The parts, and what to tell a user about how files that releases read differently were read.
    func parts(_ config: TokenizerConfig) throws(FileError) -> (parts: TokenizerParts, notes: [String]) {
        var config = config
        let rules = ClassRules(config: config)
        var notes: [String] = []
        var (parts, hasProcessor) = try described(&config, rules, &notes)
        try parts.addTokens(of: config)
        parts.assignRoles(config)
        if let note = try ClassRules(config: config).adoptFrame(&parts, hasProcessor: hasProcessor) {
            notes.append(note)
        }
        return (parts, notes)
    }

    private func described(
        _ config: inout TokenizerConfig, _ rules: ClassRules, _ notes: inout [String]
    ) throws(FileError) -> (parts: TokenizerParts, hasProcessor: Bool) {
        let json = try json("tokenizer.json")
        if let json, let preset = try KerasHubFiles(json) { return (try preset.parts(self, config: &config), true) }
        let model = SentencePieceFiles.names.first { contents[$0] != nil }
        // Without a vocabulary there is nothing that a class could read: a model of pictures has none.
        let hasVocabulary = json != nil || model != nil || contents["vocab.txt"] != nil || contents["vocab.json"] != nil
        if hasVocabulary, let reader = config.tokenizerClass {
            guard !reader.isCodeOnly else {
                throw reader.unsupported(
                    ", whose words or ids come from code beside the files",
                    remedy: "make the ids with it and give them with --inputs")
            }
            guard reader.isDescribed else {
                throw reader.unsupported(
                    ", which is no class of the library",
                    remedy: "--ignore-config tokenizer_class reads tokenizer.json as it is")
            }
        }
        if let json, !(rules.readsOlderFiles && model != nil) {
            if rules.readsOlderFiles {
                notes.append("the files have no tokenizer.model; tokenizer.json stands in for it")
            }
            let file = TokenizerJSON(json)
            config.classMask = rules.mask
            return (try file.parts(config), file.hasProcessor)
        }
        if json != nil, let model {
            notes.append(
                "\(model) counts, not tokenizer.json: tokenizer_config.json asks for what only that file says, as in "
                    + "transformers \(config.release.generation.rawValue)")
        }
        if let bytes = try bytes(of: "vocab.txt") {
            return (try WordPieceFiles.parts(vocabulary: bytes, config: &config), true)
        }
        if let vocabulary = try self.json("vocab.json") {
            guard let merges = try bytes(of: "merges.txt") else { throw .noTokenizer(looked: ["merges.txt"]) }
            return (try BytePairFiles.parts(vocabulary: vocabulary, merges: merges, config: &config), true)
        }
        if let model, let bytes = try bytes(of: model) {
            return (try SentencePieceFiles.parts(bytes, file: model, config: &config), false)
        }
        throw .noTokenizer(
            looked: ["tokenizer.json", "vocab.txt", "vocab.json with merges.txt"] + SentencePieceFiles.names)
    }
}
