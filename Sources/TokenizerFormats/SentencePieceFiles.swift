import Platform
import Tokenization

/// Reads a SentencePiece model, and rebuilds around it what the reference's classes add.
enum SentencePieceFiles {
    static let names = [
        "sentencepiece.bpe.model", "spiece.model", "tokenizer.model", "spm.model", "sentencepiece.model",
    ]

    private typealias Piece = SentencePieceModel.Piece

    static func parts(
        _ bytes: [UInt8], file: String, config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        let model = try SentencePieceModel(bytes, file: file)
        guard let reader = config.tokenizerClass else {
            throw .unsupported(
                file: file, field: "", found: "a SentencePiece model of which no file names the class",
                remedy: "name it as tokenizer_class in tokenizer_config.json")
        }
        switch reader.name {
        case "XLMRobertaTokenizer": return try fairseq(model, file, &config)
        case "CamembertTokenizer": return try camembert(model, file, &config)
        case "T5Tokenizer", "MT5Tokenizer": return try t5(model, file, &config)
        case "AlbertTokenizer": return try albert(model, file, &config, lowercases: true, keepsAccents: false)
        case "FNetTokenizer": return try albert(model, file, &config, lowercases: false, keepsAccents: true)
        case "DebertaV2Tokenizer": return try deberta(model, file, &config)
        case "LlamaTokenizer", "CodeLlamaTokenizer": return try llama(model, file, &config)
        case "GemmaTokenizer": return try gemma(model, file, &config)
        default:
            throw reader.unsupported(" with a SentencePiece model", remedy: "put the model's tokenizer.json beside it")
        }
    }

    // MARK: Families

    /// XLM-RoBERTa: the model has `<unk>`, `<s>`, `</s>` first, fairseq four of its own, and a mask at the end.
    private static func fairseq(
        _ model: SentencePieceModel, _ file: String, _ config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        let roles: [(SpecialRole, String)] = [
            (.bos, "<s>"), (.eos, "</s>"), (.unk, "<unk>"), (.sep, "</s>"), (.pad, "<pad>"), (.cls, "<s>"),
            (.mask, "<mask>"),
        ]
        let pieces = named(["<s>", "<pad>", "</s>", "<unk>"]) + model.pieces.dropFirst(3) + named(["<mask>"])
        let map = try model.map(file)
        let steps = steps(config, map) ?? .plain(map: map, .always)
        var parts = try parts(pieces, model, steps, unknownID: 3, file: file)
        addRoles(roles, &config, spacesBeforeMask: !config.release.isFive)
        parts.template = .roberta(cls: 0, sep: 2)
        return parts
    }

    /// CamemBERT: five tokens of its own, of which three are never used, before the model's but the first.
    private static func camembert(
        _ model: SentencePieceModel, _ file: String, _ config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        var own = named(["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"])
        own[4].score = -100
        let pieces = own + model.pieces.dropFirst() + named(["<mask>"])
        let map = try model.map(file)
        let steps = steps(config, map) ?? .plain(map: map, .always)
        var parts = try parts(pieces, model, steps, unknownID: 3, file: file)
        addRoles(
            [
                (.bos, "<s>"), (.eos, "</s>"), (.unk, "<unk>"), (.sep, "</s>"), (.pad, "<pad>"), (.cls, "<s>"),
                (.mask, "<mask>"),
            ], &config)
        if !config.release.isFive {
            for text in ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"] {
                config.addedTokens.append((nil, AddedToken(content: Array(text.utf8)), file))
            }
        }
        let vocabulary = parts.model.vocabulary
        parts.template = .roberta(cls: try id(of: "<s>", vocabulary, file), sep: try id(of: "</s>", vocabulary, file))
        return parts
    }

    /// T5: sentinels behind the model's pieces, an end after each text.
    private static func t5(
        _ model: SentencePieceModel, _ file: String, _ config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        let sentinels = (0..<(config.extraTokenCount ?? 100)).map { "<extra_id_\($0)>" }
        let adds = config.addsPrefixSpace ?? true
        let scheme: Metaspace.PrependScheme = adds ? (config.isLegacy == false ? .first : .always) : .never
        let map = try model.map(file)
        let steps = steps(config, map) ?? .plain(map: map, scheme)
        var parts = try parts(
            model.pieces + named(sentinels.reversed()), model, steps, unknownID: model.unknownID, file: file)
        parts.template = .ending(with: try id(of: "</s>", parts.model.vocabulary, file))
        addRoles([(.eos, "</s>"), (.unk, "<unk>"), (.pad, "<pad>")], &config)
        config.addedTokens += sentinels.map { (nil, AddedToken(content: Array($0.utf8)), file) }
        return parts
    }

    /// ALBERT and FNet: the model's own ids; pieces that end in a digit and a comma are shunned.
    private static func albert(
        _ model: SentencePieceModel, _ file: String, _ config: inout TokenizerConfig, lowercases: Bool,
        keepsAccents: Bool
    ) throws(FileError) -> TokenizerParts {
        var pieces = model.pieces
        if !config.release.isFive {
            for index in pieces.indices where pieces[index].endsInNumberAndComma { pieces[index].score -= 100 }
        }
        let map = try model.map(file)
        let steps =
            steps(config, map)
            ?? .albert(
                map: map, keepsAccents: config.keepsAccents ?? keepsAccents,
                lowercases: config.lowercases ?? lowercases)
        var parts = try parts(pieces, model, steps, unknownID: model.unknownID, file: file)
        addRoles(bertRoles(unk: "<unk>", pad: "<pad>"), &config, spacesBeforeMask: !config.release.isFive)
        parts.template = try bertTemplate(parts.model.vocabulary, file)
        return parts
    }

    /// DeBERTa's second and third version: the model's own ids; the mask stands behind them.
    private static func deberta(
        _ model: SentencePieceModel, _ file: String, _ config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        let map = try model.map(file)
        let steps =
            steps(config, map)
            ?? .deberta(
                map: map, lowercases: config.lowercases ?? false,
                splitsAtPunctuation: config.splitsAtPunctuation ?? false)
        var parts = try parts(model.pieces, model, steps, unknownID: model.unknownID, file: file)
        addRoles(bertRoles(unk: "[UNK]", pad: "[PAD]"), &config, spacesBeforeMask: false)
        if !config.release.isFive, config.roles[.unk]?.content == Array("[UNK]".utf8) {
            config.roles[.unk]?.isNormalized = true
        }
        parts.template = try bertTemplate(parts.model.vocabulary, file)
        return parts
    }

    /// Tokens by their roles, where texts stand between BERT's.
    private static func bertRoles(unk: String, pad: String) -> [(SpecialRole, String)] {
        [
            (.bos, "[CLS]"), (.eos, "[SEP]"), (.unk, unk), (.sep, "[SEP]"), (.pad, pad), (.cls, "[CLS]"),
            (.mask, "[MASK]"),
        ]
    }

    private static func bertTemplate(_ vocabulary: Vocabulary, _ file: String) throws(FileError) -> Template {
        .bert(cls: try id(of: "[CLS]", vocabulary, file), sep: try id(of: "[SEP]", vocabulary, file))
    }

    /// Llama: bytes for what the pieces cannot spell; its flags say which tokens stand around a text.
    private static func llama(
        _ model: SentencePieceModel, _ file: String, _ config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        let steps =
            steps(config, nil)
            ?? .llama(
                isLegacy: config.className == "CodeLlamaTokenizer" || config.isLegacy ?? true,
                addsPrefixSpace: config.addsPrefixSpace ?? true)
        let parts = try parts(
            model.pieces, model, steps, unknownID: 0, file: file, fallsBackToBytes: true,
            hasUnknown: !config.release.isFive)
        addRoles([(.bos, "<s>"), (.eos, "</s>"), (.unk, "<unk>")], &config)
        if config.release.isFive { config.addsBeginning = config.addsBeginning ?? false }
        return parts
    }

    /// Gemma: its own names for the first three pieces; generation 5 keeps the model's.
    private static func gemma(
        _ model: SentencePieceModel, _ file: String, _ config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        var pieces = model.pieces
        let tab = Array("\t".utf8)
        if !config.release.isFive {
            let first: [(SpecialRole, String)] = [(.pad, "<pad>"), (.eos, "<eos>"), (.bos, "<bos>")]
            guard pieces.count > first.count else { throw .damaged(file, "pieces", "has \(pieces.count) only") }
            for (index, entry) in first.enumerated() {
                pieces[index] = Piece(text: config.roles[entry.0]?.content ?? Array(entry.1.utf8), score: 0)
            }
            if !pieces.contains(where: { $0.text == tab }),
                let index = pieces.firstIndex(where: { $0.text == ByteToken.text(of: 9) })
            {
                pieces[index] = Piece(text: tab, score: 0)
            }
        }
        let parts = try parts(pieces, model, .gemma, unknownID: 3, file: file, fallsBackToBytes: true)
        addRoles([(.bos, "<bos>"), (.eos, "<eos>"), (.unk, "<unk>"), (.pad, "<pad>")], &config)
        if config.release.isFive { addRoles([(.mask, "<mask>")], &config, spacesBeforeMask: false) }
        if config.release.isFive { config.addsBeginning = config.addsBeginning ?? false }
        return parts
    }

    // MARK: What they share

    private static func named(_ texts: [String]) -> [Piece] { texts.map { Piece(text: Array($0.utf8), score: 0) } }

    /// The steps of generation 5; `nil` in generation 4.
    private static func steps(_ config: TokenizerConfig, _ map: CharacterMap?) -> SentencePieceSteps? {
        guard config.release.isFive, let name = config.className else { return nil }
        return SentencePieceSteps(rebuilding: name, config, map: map)
    }

    private static func parts(
        _ pieces: [Piece], _ model: SentencePieceModel, _ steps: SentencePieceSteps, unknownID: Int32, file: String,
        fallsBackToBytes: Bool = false, hasUnknown: Bool = true
    ) throws(FileError) -> TokenizerParts {
        var vocabulary = Vocabulary(file: file, field: "pieces", expecting: pieces.count)
        for (index, piece) in pieces.enumerated() { try vocabulary.add(piece.text, id: Int32(clamping: index)) }
        let tokens: TokenModel
        switch model.algorithm {
        case .bytePair:
            var options = BytePairEncoding.Options()
            options.unknownID = hasUnknown ? unknownID : nil
            options.fusesUnknown = true
            options.fallsBackToBytes = fallsBackToBytes
            tokens = .bytePair(
                BytePairEncoding(
                    vocabulary: vocabulary, merges: SentencePieceMerges.table(pieces, of: model, vocabulary),
                    options: options))
        default:
            tokens = .unigram(
                try Unigram(
                    vocabulary: vocabulary, scores: pieces.map(\.score), unknownID: unknownID,
                    fallsBackToBytes: fallsBackToBytes, file: file, field: "pieces"))
        }
        var parts = TokenizerParts(
            normalizer: steps.normalizer, preTokenizer: steps.preTokenizer, model: tokens, template: .plain,
            decoder: steps.decoder)
        for piece in model.pieces where piece.kind == .control || piece.kind == .userDefined {
            let token = AddedToken(content: piece.text, isSpecial: piece.kind == .control)
            try parts.add(token, declared: nil, file: file)
        }
        return parts
    }

    /// Roles that no file names, as the classes name them.
    private static func addRoles(
        _ roles: [(SpecialRole, String)], _ config: inout TokenizerConfig, spacesBeforeMask: Bool = true
    ) {
        for (role, content) in roles where config.roles[role] == nil {
            var token = AddedToken(content: Array(content.utf8))
            if role == .mask, spacesBeforeMask {
                token.takesSpacesBefore = true
                config.classMask = token
            }
            config.roles[role] = token
        }
    }

    private static func id(of text: String, _ vocabulary: Vocabulary, _ file: String) throws(FileError) -> Int32 {
        guard let id = vocabulary.id(of: Array(text.utf8)) else {
            throw .damaged(file, "pieces", "the piece “\(text)” is missing")
        }
        return id
    }

    /// The model as it is, by SentencePiece's own rules; no tokens around a text.
    ///
    /// - Parameter appending: Tokens that get the ids after the last piece where the model does not have them.
    static func plainParts(
        _ model: SentencePieceModel, file: String, appending more: [String]
    ) throws(FileError) -> TokenizerParts {
        var vocabulary = Vocabulary(file: file, field: "pieces", expecting: model.pieces.count)
        for (index, piece) in model.pieces.enumerated() { try vocabulary.add(piece.text, id: Int32(clamping: index)) }
        var parts = TokenizerParts(
            normalizer: try model.normalizer(file: file), preTokenizer: nil,
            model: try model.model(vocabulary: vocabulary, file: file), template: .plain,
            decoder: .sequence([
                .byteFallback,
                .metaspace(replacement: SentencePieceSteps.space, dropsFirst: model.addsPrefixSpace),
            ]))
        // With a space put before every text, these would be looked for with it.
        if !model.addsPrefixSpace {
            for piece in model.pieces where piece.kind == .userDefined {
                let token = AddedToken(content: piece.text, isNormalized: true, isSpecial: false)
                try parts.add(token, declared: nil, file: file)
            }
        }
        for text in more { try parts.add(AddedToken(content: Array(text.utf8)), declared: nil, file: file) }
        return parts
    }

    /// XLM-RoBERTa's order of ids, as KerasHub's presets have it.
    static func fairseqParts(_ model: SentencePieceModel, file: String) throws(FileError) -> TokenizerParts {
        var config = TokenizerConfig()
        return try fairseq(model, file, &config)
    }
}

extension SentencePieceModel.Piece {
    /// Whether it ends in a digit and a comma, where a number was cut.
    fileprivate var endsInNumberAndComma: Bool {
        let characters = String(decoding: text, as: UTF8.self).unicodeScalars.suffix(2)
        guard characters.count == 2, characters.last == ",", let first = characters.first else { return false }
        return first.properties.numericType == .decimal || first.properties.numericType == .digit
    }
}

extension SentencePieceModel {
    /// The compiled character map; `nil` when the model has none.
    fileprivate func map(_ file: String) throws(FileError) -> CharacterMap? {
        guard !characterMap.isEmpty else { return nil }
        guard let map = CharacterMap(characterMap) else {
            throw .damaged(file, "normalizer_spec.precompiled_charsmap", "is no compiled character map")
        }
        return map
    }
}
