/// Reads a SentencePiece model, and rebuilds around it what the reference's classes add.
///
/// Source: SentencePiece's `sentencepiece_model.proto`.
enum SentencePieceFiles {
    static let names = ["sentencepiece.bpe.model", "spiece.model", "tokenizer.model"]

    /// A family's additions to the model.
    private enum Family { case t5, xlmRoberta }

    static func parts(
        _ bytes: [UInt8], file: String, config: inout TokenizerConfig
    ) throws(TokenizationError) -> TokenizerParts {
        let proto = try SentencePieceModel(bytes, file: file)
        let family = try family(file, config)
        var pieces = proto.pieces
        if family == .xlmRoberta {
            // The model has <unk>, <s>, </s> first; fairseq has its own order, and a mask at the end.
            pieces.removeFirst(min(3, pieces.count))
            pieces.insert(
                contentsOf: ["<s>", "<pad>", "</s>", "<unk>"].map { .init(text: Array($0.utf8), score: 0) }, at: 0)
            pieces.append(.init(text: Array("<mask>".utf8), score: 0))
        } else {
            for number in stride(from: (config.extraTokenCount ?? 100) - 1, through: 0, by: -1) {
                pieces.append(.init(text: Array("<extra_id_\(number)>".utf8), score: 0))
            }
        }
        let unknownID: Int32 = family == .xlmRoberta ? 3 : proto.unknownID
        var vocabulary = Vocabulary(file: file, field: "pieces", expecting: pieces.count)
        for (index, piece) in pieces.enumerated() { try vocabulary.add(piece.text, id: Int32(index)) }
        let model = try Unigram(
            vocabulary: vocabulary, scores: pieces.map(\.score), unknownID: unknownID,
            fallsBackToBytes: false, file: file, field: "pieces")
        let metaspace = Metaspace(
            replacement: Array("\u{2581}".utf8), prependScheme: config.addsPrefixSpace == false ? .never : .always,
            cutsWords: true)
        addDefaultRoles(family, vocabulary, &config)
        return TokenizerParts(
            normalizer: try normalizer(proto, file), preTokenizer: .metaspace(metaspace), model: .unigram(model),
            template: try template(family, vocabulary, file),
            decoder: .metaspace(
                replacement: metaspace.replacement, dropsFirst: metaspace.prependScheme != .never))
    }

    private static func family(_ file: String, _ config: TokenizerConfig) throws(TokenizationError) -> Family {
        switch config.className {
        case "T5Tokenizer", "MT5Tokenizer": return .t5
        case "XLMRobertaTokenizer": return .xlmRoberta
        case nil: return file == "sentencepiece.bpe.model" ? .xlmRoberta : .t5
        case let name?:
            throw .unsupported(
                file: "tokenizer_config.json", field: "tokenizer_class", found: "“\(name)” with a SentencePiece model",
                remedy: "put the model's tokenizer.json beside it")
        }
    }

    private static func normalizer(_ proto: SentencePieceModel, _ file: String) throws(TokenizationError) -> Normalizer
    {
        var steps: [Normalizer] = []
        if !proto.characterMap.isEmpty {
            guard let map = CharacterMap(proto.characterMap) else {
                throw .damaged(file, "normalizer_spec.precompiled_charsmap", "is no compiled character map")
            }
            steps.append(.precompiled(map))
        }
        steps.append(.strip(left: false, right: true))
        do throws(PatternError) {
            steps.append(.replace(try Pattern(expression: " {2,}"), with: Array("\u{2581}".utf8)))
        } catch {
            throw .damaged(file, "normalizer_spec", error.reason)
        }
        return .sequence(steps)
    }

    private static func addDefaultRoles(_ family: Family, _ vocabulary: Vocabulary, _ config: inout TokenizerConfig) {
        var defaults: [(SpecialRole, String)] = [(.eos, "</s>"), (.unk, "<unk>"), (.pad, "<pad>")]
        if family == .xlmRoberta {
            defaults += [(.bos, "<s>"), (.cls, "<s>"), (.sep, "</s>"), (.mask, "<mask>")]
        }
        for (role, content) in defaults where config.roles[role] == nil {
            let bytes = Array(content.utf8)
            guard vocabulary.id(of: bytes) != nil else { continue }
            config.roles[role] = AddedToken(
                content: bytes, takesSpacesBefore: role == .mask, isNormalized: role == .mask)
        }
        guard family == .t5 else { return }
        for number in 0..<(config.extraTokenCount ?? 100) {
            config.addedTokens.append((nil, AddedToken(content: Array("<extra_id_\(number)>".utf8)), "spiece.model"))
        }
    }

    private static func template(
        _ family: Family, _ vocabulary: Vocabulary, _ file: String
    ) throws(TokenizationError) -> Template {
        guard let eos = vocabulary.id(of: Array("</s>".utf8)) else {
            throw .damaged(file, "pieces", "the piece “</s>” is missing")
        }
        return family == .t5 ? .ending(with: eos) : .roberta(cls: 0, sep: eos)
    }
}

/// The fields of a SentencePiece model that encoding needs, read from protobuf wire format.
struct SentencePieceModel {
    struct Piece {
        var text: [UInt8]
        var score: Double
    }

    private(set) var pieces: [Piece] = []
    private(set) var characterMap: [UInt8] = []
    private(set) var unknownID: Int32 = 0

    init(_ bytes: [UInt8], file: String) throws(TokenizationError) {
        var isUnigram = true
        let isRead = ProtobufReader.forEachField(bytes[...]) { number, value in
            switch (number, value) {
            case (1, .bytes(let piece)):
                guard pieces.count < Limits.tokens, let piece = SentencePieceModel.piece(piece) else { return false }
                pieces.append(piece)
            case (2, .bytes(let trainer)):
                return ProtobufReader.forEachField(trainer) { number, value in
                    // Model type (1 is Unigram) and the id of the unknown piece.
                    if number == 3, case .integer(let type) = value { isUnigram = type == 1 }
                    if number == 40, case .integer(let id) = value { unknownID = Int32(clamping: id) }
                    return true
                }
            case (3, .bytes(let normalizer)):
                return ProtobufReader.forEachField(normalizer) { number, value in
                    if number == 2, case .bytes(let map) = value { characterMap = Array(map) }
                    return true
                }
            default: break
            }
            return true
        }
        guard isRead, !pieces.isEmpty else { throw .damaged(file, "", "is no SentencePiece model") }
        guard isUnigram else {
            throw .unsupported(
                file: file, field: "trainer_spec.model_type", found: "a model other than Unigram",
                remedy: "put the model's tokenizer.json beside it")
        }
        guard pieces.indices.contains(Int(unknownID)) else {
            throw .damaged(file, "trainer_spec.unk_id", "\(unknownID) is beyond the \(pieces.count) pieces")
        }
    }

    private static func piece(_ bytes: ArraySlice<UInt8>) -> Piece? {
        var piece = Piece(text: [], score: 0)
        let isRead = ProtobufReader.forEachField(bytes) { number, value in
            switch (number, value) {
            case (1, .bytes(let text)): piece.text = Array(text)
            case (2, .fixed32(let bits)): piece.score = Double(Float(bitPattern: bits))
            default: break
            }
            return true
        }
        return isRead && piece.score.isFinite && isValidUTF8(piece.text[...]) ? piece : nil
    }
}

/// Walks the fields of a protobuf message. Source: the wire format's description on protobuf.dev.
enum ProtobufReader {
    enum Value {
        case integer(Int64)
        case fixed32(UInt32)
        case fixed64
        case bytes(ArraySlice<UInt8>)
    }

    /// Calls a closure with each field.
    ///
    /// - Returns: `false` when the bytes are no message, or the closure said so.
    static func forEachField(_ message: ArraySlice<UInt8>, _ body: (Int, Value) -> Bool) -> Bool {
        var rest = message
        while !rest.isEmpty {
            guard let key = varint(&rest) else { return false }
            let value: Value
            switch key & 7 {
            case 0:
                guard let integer = varint(&rest) else { return false }
                value = .integer(Int64(bitPattern: integer))
            case 1:
                guard rest.count >= 8 else { return false }
                rest = rest.dropFirst(8)
                value = .fixed64
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return false }
                value = .bytes(rest.prefix(Int(length)))
                rest = rest.dropFirst(Int(length))
            case 5:
                guard rest.count >= 4 else { return false }
                value = .fixed32(rest.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) })
                rest = rest.dropFirst(4)
            default: return false
            }
            guard body(Int(truncatingIfNeeded: key >> 3), value) else { return false }
        }
        return true
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst(), shift < 64 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
