import Platform
import Tokenization

/// The fields of a SentencePiece model that encoding needs, read from protobuf wire format.
///
/// Source: SentencePiece's `sentencepiece_model.proto`, defaults included.
struct SentencePieceModel {
    /// How a text is cut into pieces.
    enum Algorithm: Int64 {
        case unigram = 1
        case bytePair = 2
        case word = 3
        case character = 4
    }

    struct Piece {
        /// What a piece stands for.
        enum Kind: Int64 {
            case normal = 1
            case unknown = 2
            case control = 3
            case userDefined = 4
            case unused = 5
            case byte = 6
        }

        var text: [UInt8]
        var score: Double
        var kind = Kind.normal
    }

    private(set) var pieces: [Piece] = []
    private(set) var algorithm: Algorithm = .unigram
    private(set) var characterMap: [UInt8] = []
    private(set) var unknownID: Int32 = 0
    /// Whether characters without a piece are spelled in bytes.
    private(set) var fallsBackToBytes = false
    /// Whether a space is put before a text.
    private(set) var addsPrefixSpace = true
    /// Whether spaces at the ends vanish and several become one.
    private(set) var removesExtraSpaces = true

    init(_ bytes: [UInt8], file: String) throws(FileError) {
        var algorithmNumber = Algorithm.unigram.rawValue
        var hasTrainer = false
        let isRead = ProtobufReader.forEachField(bytes[...]) { number, value in
            switch (number, value) {
            case (1, .bytes(let piece)):
                guard pieces.count < Limits.tokens, let piece = SentencePieceModel.piece(piece) else { return false }
                pieces.append(piece)
            case (2, .bytes(let trainer)):
                hasTrainer = true
                return ProtobufReader.forEachField(trainer) { number, value in
                    guard case .integer(let integer) = value else { return true }
                    switch number {
                    case 3: algorithmNumber = integer
                    case 35: fallsBackToBytes = integer != 0
                    case 40: unknownID = Int32(clamping: integer)
                    default: break
                    }
                    return true
                }
            case (3, .bytes(let normalizer)):
                return ProtobufReader.forEachField(normalizer) { number, value in
                    switch (number, value) {
                    case (2, .bytes(let map)): characterMap = Array(map)
                    case (3, .integer(let flag)): addsPrefixSpace = flag != 0
                    case (4, .integer(let flag)): removesExtraSpaces = flag != 0
                    default: break
                    }
                    return true
                }
            default: break
            }
            return true
        }
        guard isRead, !pieces.isEmpty else { throw .damaged(file, "", "is no SentencePiece model") }
        // Every writer puts it behind the pieces: a file that ends between two pieces reads as a smaller vocabulary.
        guard hasTrainer else { throw .damaged(file, "trainer_spec", "is missing: the file is cut short") }
        guard let algorithm = Algorithm(rawValue: algorithmNumber), algorithm == .unigram || algorithm == .bytePair
        else {
            throw .unsupported(
                file: file, field: "trainer_spec.model_type", found: "a model of whole words or characters",
                remedy: "put the model's tokenizer.json beside it")
        }
        self.algorithm = algorithm
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
            case (3, .integer(let kind)): piece.kind = Piece.Kind(rawValue: kind) ?? .normal
            default: break
            }
            return true
        }
        return isRead && piece.score.isFinite && isValidUTF8(piece.text[...]) ? piece : nil
    }

    /// The character map, the clean-up of spaces, and spaces written as SentencePiece writes them.
    ///
    /// - Throws: ``FileError`` when the map is damaged.
    func normalizer(file: String) throws(FileError) -> Normalizer {
        let space = Array("\u{2581}".utf8)
        var steps: [Normalizer] = []
        if !characterMap.isEmpty {
            guard let map = CharacterMap(characterMap) else {
                throw .damaged(file, "normalizer_spec.precompiled_charsmap", "is no compiled character map")
            }
            steps.append(.precompiled(map))
        }
        if removesExtraSpaces {
            steps.append(.replace(try Self.pattern(" {2,}", file), with: [0x20]))
            steps.append(.strip(left: true, right: true))
        }
        if addsPrefixSpace { steps.append(.prepend(space)) }
        steps.append(.replace(Pattern(literal: [0x20]), with: space))
        return .sequence(steps)
    }

    /// An expression of ours.
    static func pattern(_ expression: String, _ file: String) throws(FileError) -> Pattern {
        do throws(PatternError) {
            return try Pattern(expression: expression)
        } catch {
            throw .damaged(file, "normalizer_spec", error.reason)
        }
    }

    /// The step that cuts a text that `normalizer(file:)` has rewritten.
    func model(vocabulary: Vocabulary, file: String) throws(FileError) -> TokenModel {
        guard algorithm == .bytePair else {
            return .unigram(
                try Unigram(
                    vocabulary: vocabulary, scores: pieces.map(\.score), unknownID: unknownID,
                    fallsBackToBytes: fallsBackToBytes, file: file, field: "pieces"))
        }
        var options = BytePairEncoding.Options()
        options.unknownID = unknownID
        options.fusesUnknown = true
        options.fallsBackToBytes = fallsBackToBytes
        return .bytePair(BytePairEncoding(vocabulary: vocabulary, merges: merges(vocabulary), options: options))
    }

    /// All pairs of pieces that make a piece. The piece with the highest score is made first, wherever it was cut:
    /// pairs that make the same piece have the same rank.
    private func merges(_ vocabulary: Vocabulary) -> MergeTable {
        let mergeable = pieces.indices.filter { pieces[$0].kind == .normal || pieces[$0].kind == .userDefined }
        let order = mergeable.sorted { (pieces[$0].score, $1) > (pieces[$1].score, $0) }
        var table = MergeTable(expecting: order.count)
        for (rank, index) in order.enumerated() {
            let text = pieces[index].text
            var cut = 1
            while cut < text.count {
                defer { cut += 1 }
                guard text[cut] & 0xC0 != 0x80, let left = part(text[..<cut], vocabulary),
                    let right = part(text[cut...], vocabulary)
                else { continue }
                _ = table.insert(left, right, .init(rank: Int32(clamping: rank), id: Int32(clamping: index)))
            }
        }
        return table
    }

    private func part(_ text: ArraySlice<UInt8>, _ vocabulary: Vocabulary) -> Int32? {
        guard let id = vocabulary.id(of: Array(text)), pieces.indices.contains(Int(id)) else { return nil }
        let kind = pieces[Int(id)].kind
        return kind == .normal || kind == .userDefined ? id : nil
    }
}
