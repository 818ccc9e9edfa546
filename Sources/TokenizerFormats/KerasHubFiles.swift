import JSON
import Platform
import Tokenization

/// Reads the tokenizer of a KerasHub preset: a Keras configuration in `tokenizer.json` that names a class, the assets
/// of that class, and `preprocessor.json` for the tokens around a text.
///
/// Source: the tokenizers and preprocessors of keras-hub 0.32.
struct KerasHubFiles {
    /// What a class puts around a text.
    private enum Frame {
        /// `[CLS] A [SEP] B [SEP]`.
        case bert
        /// `<s> A </s></s> B </s>`.
        case roberta
        /// A start token where there is one, and no end: what a generated text goes on from.
        case beginning
        /// An end token only.
        case ending
    }

    /// What a class is made of.
    private struct Recipe {
        let frame: Frame
        var start: String?
        var end: String?
        var pad: String?
        var mask: String?
        /// XLM-RoBERTa's own order of the first ids.
        var hasFairseqOrder = false
    }

    private static let recipes: [String: Recipe] = {
        let bert = Recipe(frame: .bert, start: "[CLS]", end: "[SEP]", pad: "[PAD]", mask: "[MASK]")
        let roberta = Recipe(frame: .roberta, start: "<s>", end: "</s>", pad: "<pad>", mask: "<mask>")
        let text = Recipe(frame: .beginning, start: "<|endoftext|>", end: "<|endoftext|>", pad: "<|endoftext|>")
        let llama = Recipe(frame: .beginning, start: "<s>", end: "</s>", pad: "<pad>")
        let gemma = Recipe(frame: .beginning, start: "<bos>", end: "<eos>", pad: "<pad>")
        let cut = Recipe(frame: .bert, start: "[CLS]", end: "[SEP]", pad: "<pad>", mask: "[MASK]")
        return [
            "BertTokenizer": bert, "DistilBertTokenizer": bert, "ElectraTokenizer": bert,
            "RobertaTokenizer": roberta, "BartTokenizer": roberta,
            "XLMRobertaTokenizer": Recipe(
                frame: .roberta, start: "<s>", end: "</s>", pad: "<pad>", mask: "<mask>", hasFairseqOrder: true),
            "AlbertTokenizer": cut, "FNetTokenizer": cut,
            "DebertaV3Tokenizer": Recipe(frame: .bert, start: "[CLS]", end: "[SEP]", pad: "[PAD]", mask: "[MASK]"),
            "GPT2Tokenizer": text, "GPTNeoXTokenizer": text, "FalconTokenizer": text,
            "OPTTokenizer": Recipe(frame: .beginning, start: "</s>", end: "</s>", pad: "<pad>"),
            "BloomTokenizer": llama, "LlamaTokenizer": llama, "MistralTokenizer": llama,
            "Phi3Tokenizer": Recipe(frame: .beginning, start: "<s>", end: "<|endoftext|>", pad: "<|endoftext|>"),
            "Llama3Tokenizer": Recipe(
                frame: .beginning, start: "<|begin_of_text|>", end: "<|end_of_text|>", pad: "<|end_of_text|>"),
            "QwenTokenizer": Recipe(frame: .beginning, end: "<|endoftext|>", pad: "<|endoftext|>"),
            "Qwen3Tokenizer": Recipe(frame: .beginning, end: "<|im_end|>", pad: "<|endoftext|>"),
            "GemmaTokenizer": gemma, "Gemma3Tokenizer": gemma,
            "T5Tokenizer": Recipe(frame: .ending, end: "</s>", pad: "<pad>"),
        ]
    }()

    private let className: String
    private let settings: JSONField
    private let recipe: Recipe

    /// - Returns: `nil` when the file is not KerasHub's.
    init?(_ json: JSONField) throws(FileError) {
        guard json.kind == .object, try json.optional("model") == nil, let name = try json.string("class_name"),
            let settings = try json.optional("config")
        else { return nil }
        guard let recipe = Self.recipes[name] else {
            throw .unsupported(
                file: json.file, field: "class_name", found: "the tokenizer “\(name)”",
                remedy: "convert the texts to ids elsewhere")
        }
        className = name
        self.settings = settings
        self.recipe = recipe
    }

    func parts(_ files: TokenizerFiles, config: inout TokenizerConfig) throws(FileError) -> TokenizerParts {
        var parts: TokenizerParts
        if let bytes = try files.bytes(of: "vocabulary.txt") {
            parts = try wordPiece(bytes)
        } else if let vocabulary = try files.json("vocabulary.json") {
            guard let merges = try files.bytes(of: "merges.txt") else { throw .noTokenizer(looked: ["merges.txt"]) }
            parts = try bytePair(vocabulary, merges)
        } else if let bytes = try files.bytes(of: "vocabulary.spm") {
            parts = try sentencePiece(bytes)
        } else {
            throw .noTokenizer(looked: ["vocabulary.txt", "vocabulary.json with merges.txt", "vocabulary.spm"])
        }
        let preprocessor = try files.json("preprocessor.json").map { json throws(FileError) in
            try json.required("config")
        }
        addRoles(parts.model.vocabulary, &config)
        parts.template = try template(parts.model.vocabulary, preprocessor)
        parts.cleansUpSpaces = false
        if recipe.frame == .bert || recipe.frame == .roberta {
            parts.maxLength = try preprocessor?.optional("sequence_length")?.integer(in: 1...1 << 24)
        }
        return parts
    }

    // MARK: Models

    private func wordPiece(_ bytes: [UInt8]) throws(FileError) -> TokenizerParts {
        let file = "vocabulary.txt"
        let vocabulary = try WordPieceFiles.read(bytes, file: file)
        let unknown = try settings.string("oov_token") ?? "[UNK]"
        let prefix = Array((try settings.string("suffix_indicator") ?? "##").utf8)
        return TokenizerParts(
            normalizer: .bert(
                BertNormalizer(
                    cleansText: false, separatesIdeographs: true,
                    stripsAccents: try settings.bool("strip_accents", default: false),
                    lowercases: try settings.bool("lowercase", default: false))),
            preTokenizer: .bert,
            model: .wordPiece(
                WordPiece(
                    vocabulary: vocabulary,
                    unknownID: try WordPiece.unknownID(Array(unknown.utf8), in: vocabulary, file: file, field: ""),
                    continuationPrefix: prefix, characterLimit: 100)),
            template: .plain, decoder: .wordPiece(prefix: prefix, cleansUp: false))
    }

    private func bytePair(_ json: JSONField, _ merges: [UInt8]) throws(FileError) -> TokenizerParts {
        let vocabulary = try Vocabulary(object: json)
        let addsPrefixSpace = try settings.bool("add_prefix_space", default: false)
        return TokenizerParts(
            normalizer: nil,
            preTokenizer: .byteLevel(ByteLevel(addsPrefixSpace: addsPrefixSpace, cutsWords: true)),
            model: .bytePair(
                BytePairEncoding(
                    vocabulary: vocabulary, merges: try BytePairFiles.read(merges, vocabulary), options: .init())),
            template: .plain, decoder: .byteLevel)
    }

    private func sentencePiece(_ bytes: [UInt8]) throws(FileError) -> TokenizerParts {
        let file = "vocabulary.spm"
        let model = try SentencePieceModel(bytes, file: file)
        guard !recipe.hasFairseqOrder else {
            return try SentencePieceFiles.fairseqParts(model, file: file)
        }
        return try SentencePieceFiles.plainParts(model, file: file, appending: recipe.mask.map { [$0] } ?? [])
    }

    // MARK: Around a text

    private func addRoles(_ vocabulary: Vocabulary, _ config: inout TokenizerConfig) {
        var roles: [(SpecialRole, String?)] = [(.pad, recipe.pad), (.mask, recipe.mask), (.eos, recipe.end)]
        if recipe.frame == .bert || recipe.frame == .roberta { roles += [(.cls, recipe.start), (.sep, recipe.end)] }
        roles.append((.bos, recipe.start))
        for (role, content) in roles where config.roles[role] == nil {
            guard let content, vocabulary.id(of: Array(content.utf8)) != nil else { continue }
            config.roles[role] = AddedToken(content: Array(content.utf8))
        }
    }

    private func template(
        _ vocabulary: Vocabulary, _ preprocessor: JSONField?
    ) throws(FileError) -> Template {
        func id(_ content: String?) throws(FileError) -> Int32 {
            guard let content, let id = vocabulary.id(of: Array(content.utf8)) else {
                throw .malformed(
                    file: "tokenizer.json", field: "class_name",
                    reason: "\(className) needs the token “\(content ?? "")”, which the vocabulary does not have",
                    remedy: "use the assets of one and the same preset")
            }
            return id
        }
        switch recipe.frame {
        case .bert: return .bert(cls: try id(recipe.start), sep: try id(recipe.end))
        case .roberta: return .roberta(cls: try id(recipe.start), sep: try id(recipe.end))
        case .ending: return .ending(with: try id(recipe.end))
        case .beginning:
            guard recipe.start != nil, try preprocessor?.bool("add_start_token", default: true) ?? true else {
                return .plain
            }
            return .beginning(with: try id(recipe.start))
        }
    }
}
