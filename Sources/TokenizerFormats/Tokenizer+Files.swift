import Platform
import Tokenization

extension Tokenizer {
    /// Makes a tokenizer from `tokenizer.json`; or `vocab.txt` (WordPiece); or `vocab.json` and `merges.txt`
    /// (byte-level BPE); or a SentencePiece model; or the `tokenizer.json` and assets of a KerasHub preset.
    /// `tokenizer_config.json` and `special_tokens_map.json` add to each, and with `config.json` tell the class whose
    /// reading counts.
    ///
    /// - Parameter ignored: Keys of `tokenizer_config.json` that are passed over.
    /// - Throws: ``FileError``: nothing there, damaged, unsupported, or beyond a limit.
    package static func load(
        files: TokenizerFiles, ignoring ignored: Set<String> = []
    ) throws(FileError) -> Tokenizer {
        let config = try TokenizerConfig(files, ignoring: ignored)
        let (parts, notes) = try files.parts(config)
        return Tokenizer(parts, config: config, notes: notes)
    }

    /// Makes a tokenizer from the files in a folder.
    ///
    /// - Throws: ``FileError``
    package static func load(directory: String) throws(FileError) -> Tokenizer {
        try load(files: TokenizerFiles(directory: directory))
    }

    private convenience init(_ parts: TokenizerParts, config: TokenizerConfig, notes: [String]) {
        self.init(
            normalizer: parts.normalizer, preTokenizer: parts.preTokenizer, model: parts.model,
            template: parts.template, decoder: parts.decoder, addedTokens: parts.addedTokens.entries,
            specialTokens: parts.specialTokens, cleansUpSpaces: parts.cleansUpSpaces ?? config.cleansUpSpaces,
            truncatesLeft: config.truncatesLeft, givesTypes: config.givesTypes,
            maxLength: parts.maxLength ?? config.maxLength, notes: notes)
    }
}
