import Platform

/// Reads a SentencePiece model, and rebuilds around it what the reference's classes add.
enum SentencePieceFiles {
    static let names = ["sentencepiece.bpe.model", "spiece.model", "tokenizer.model"]

    /// A family's additions to the model.
    private enum Family { case t5, xlmRoberta, llama }

    private static let space = Array("\u{2581}".utf8)

    static func parts(
        _ bytes: [UInt8], file: String, config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        let model = try SentencePieceModel(bytes, file: file)
        let prependScheme: Metaspace.PrependScheme = config.addsPrefixSpace == false ? .never : .always
        switch try family(file, config) {
        case .xlmRoberta:
            let parts = try fairseqParts(model, file: file, prependScheme)
            addRoles(
                [
                    (.eos, "</s>"), (.unk, "<unk>"), (.pad, "<pad>"), (.bos, "<s>"), (.cls, "<s>"), (.sep, "</s>"),
                    (.mask, "<mask>"),
                ], parts.model.vocabulary, &config)
            return parts
        case .t5:
            let sentinels = (0..<(config.extraTokenCount ?? 100)).map { "<extra_id_\($0)>" }
            let pieces = model.pieces + sentinels.reversed().map { .init(text: Array($0.utf8), score: 0) }
            var parts = try cleanedParts(pieces, model, unknownID: model.unknownID, prependScheme, file: file)
            parts.template = .ending(with: try end(parts.model.vocabulary, file))
            addRoles([(.eos, "</s>"), (.unk, "<unk>"), (.pad, "<pad>")], parts.model.vocabulary, &config)
            config.addedTokens += sentinels.map { (nil, AddedToken(content: Array($0.utf8)), file) }
            return parts
        case .llama:
            var parts = try plainParts(model, file: file, appending: [])
            addRoles(
                [(.bos, "<s>"), (.bos, "<bos>"), (.eos, "</s>"), (.eos, "<eos>"), (.unk, "<unk>"), (.pad, "<pad>")],
                parts.model.vocabulary, &config)
            if config.addsBeginning ?? true, let bos = config.roles[.bos] {
                guard let id = parts.model.vocabulary.id(of: bos.content) else {
                    throw .damaged(file, "pieces", "the piece “\(Vocabulary.printable(bos.content))” is missing")
                }
                parts.template = .beginning(with: id)
            }
            return parts
        }
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
                .byteFallback, .metaspace(replacement: space, dropsFirst: model.addsPrefixSpace),
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

    /// The model in the order of ids that fairseq gave to XLM-RoBERTa: it has `<unk>`, `<s>`, `</s>` first, fairseq
    /// four of its own, and a mask at the end.
    static func fairseqParts(
        _ model: SentencePieceModel, file: String, _ prependScheme: Metaspace.PrependScheme = .always
    ) throws(FileError) -> TokenizerParts {
        let first = ["<s>", "<pad>", "</s>", "<unk>"].map { SentencePieceModel.Piece(text: Array($0.utf8), score: 0) }
        let pieces = first + model.pieces.dropFirst(3) + [.init(text: Array("<mask>".utf8), score: 0)]
        var parts = try cleanedParts(pieces, model, unknownID: 3, prependScheme, file: file)
        parts.template = .roberta(cls: 0, sep: try end(parts.model.vocabulary, file))
        return parts
    }

    /// Pieces behind the clean-up that the reference's fast classes do.
    private static func cleanedParts(
        _ pieces: [SentencePieceModel.Piece], _ model: SentencePieceModel, unknownID: Int32,
        _ prependScheme: Metaspace.PrependScheme, file: String
    ) throws(FileError) -> TokenizerParts {
        guard model.algorithm == .unigram else {
            throw .unsupported(
                file: file, field: "trainer_spec.model_type", found: "a model other than Unigram",
                remedy: "put the model's tokenizer.json beside it")
        }
        var steps: [Normalizer] = []
        if !model.characterMap.isEmpty {
            guard let map = CharacterMap(model.characterMap) else {
                throw .damaged(file, "normalizer_spec.precompiled_charsmap", "is no compiled character map")
            }
            steps.append(.precompiled(map))
        }
        steps.append(.strip(left: false, right: true))
        steps.append(.replace(try SentencePieceModel.pattern(" {2,}", file), with: space))
        var vocabulary = Vocabulary(file: file, field: "pieces", expecting: pieces.count)
        for (index, piece) in pieces.enumerated() { try vocabulary.add(piece.text, id: Int32(clamping: index)) }
        return TokenizerParts(
            normalizer: .sequence(steps),
            preTokenizer: .metaspace(Metaspace(replacement: space, prependScheme: prependScheme, cutsWords: true)),
            model: .unigram(
                try Unigram(
                    vocabulary: vocabulary, scores: pieces.map(\.score), unknownID: unknownID,
                    fallsBackToBytes: false, file: file, field: "pieces")),
            template: .plain, decoder: .metaspace(replacement: space, dropsFirst: prependScheme != .never))
    }

    private static func family(_ file: String, _ config: TokenizerConfig) throws(FileError) -> Family {
        switch config.className {
        case "T5Tokenizer", "MT5Tokenizer": return .t5
        case "XLMRobertaTokenizer": return .xlmRoberta
        case "LlamaTokenizer", "GemmaTokenizer", "CodeLlamaTokenizer": return .llama
        case nil: return file == "sentencepiece.bpe.model" ? .xlmRoberta : file == "spiece.model" ? .t5 : .llama
        case let name?:
            throw .unsupported(
                file: "tokenizer_config.json", field: "tokenizer_class", found: "“\(name)” with a SentencePiece model",
                remedy: "put the model's tokenizer.json beside it")
        }
    }

    /// Roles that no file names; of several tokens for one role the first that the vocabulary has.
    private static func addRoles(
        _ roles: [(SpecialRole, String)], _ vocabulary: Vocabulary, _ config: inout TokenizerConfig
    ) {
        for (role, content) in roles where config.roles[role] == nil {
            let bytes = Array(content.utf8)
            guard vocabulary.id(of: bytes) != nil else { continue }
            config.roles[role] = AddedToken(
                content: bytes, takesSpacesBefore: role == .mask, isNormalized: role == .mask)
        }
    }

    private static func end(_ vocabulary: Vocabulary, _ file: String) throws(FileError) -> Int32 {
        guard let eos = vocabulary.id(of: Array("</s>".utf8)) else {
            throw .damaged(file, "pieces", "the piece “</s>” is missing")
        }
        return eos
    }
}
