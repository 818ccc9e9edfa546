import Platform
import Tokenization

/// Reads `vocab.txt`, BERT's oldest form: one token a line, its id the line's number from 0.
enum WordPieceFiles {
    static func parts(
        vocabulary bytes: [UInt8], config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        let file = "vocab.txt"
        if let reader = config.tokenizerClass, !classes.contains(reader.name) {
            throw reader.unsupported(" with a vocab.txt", remedy: "put the model's tokenizer.json beside it")
        }
        let vocabulary = try read(bytes, file: file)
        for role in [SpecialRole.unk, .sep, .pad, .cls, .mask] where config.roles[role] == nil {
            let token = Array((role.usualContents.first ?? "").utf8)
            // Vocabularies without a mask or padding exist; what is needed is checked below.
            if vocabulary.id(of: token) != nil { config.roles[role] = AddedToken(content: token) }
        }
        let unknownToken = config.roles[.unk]?.content ?? Array("[UNK]".utf8)
        let unknown = try WordPiece.unknownID(unknownToken, in: vocabulary, file: file, field: "")
        guard let cls = config.roles[.cls].flatMap({ vocabulary.id(of: $0.content) }),
            let sep = config.roles[.sep].flatMap({ vocabulary.id(of: $0.content) })
        else {
            throw .malformed(
                file: file, field: "", reason: "the tokens that start and end a text ([CLS], [SEP]) are missing",
                remedy: "name them in special_tokens_map.json (cls_token, sep_token)")
        }
        let lowercases = config.lowercases ?? true
        let prefix = Array("##".utf8)
        return TokenizerParts(
            normalizer: .bert(
                BertNormalizer(
                    cleansText: true, separatesIdeographs: config.separatesIdeographs ?? true,
                    stripsAccents: config.stripsAccents ?? lowercases, lowercases: lowercases)),
            preTokenizer: .bert,
            model: .wordPiece(
                WordPiece(
                    vocabulary: vocabulary, unknownID: unknown, continuationPrefix: prefix, characterLimit: 100)),
            template: config.className == "MPNetTokenizer"
                ? .roberta(cls: cls, sep: sep) : .bert(cls: cls, sep: sep),
            decoder: .wordPiece(prefix: prefix, cleansUp: true))
    }

    /// Classes of the reference that read a `vocab.txt` this way.
    private static let classes: Set = [
        "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "MPNetTokenizer",
        "ConvBertTokenizer", "LxmertTokenizer", "FunnelTokenizer", "LayoutLMTokenizer", "RetriBertTokenizer",
        "PreTrainedTokenizer", "SqueezeBertTokenizer", "DPRReaderTokenizer", "DPRQuestionEncoderTokenizer",
        "DPRContextEncoderTokenizer", "RealmTokenizer",
    ]

    /// The tokens of a vocabulary, one a line.
    static func read(_ bytes: [UInt8], file: String) throws(FileError) -> Vocabulary {
        if let at = firstInvalidUTF8(in: bytes[...]) {
            throw .damaged(file, "byte \(at)", "is not UTF-8")
        }
        var lines = LineCursor(bytes)
        var vocabulary = Vocabulary(file: file, field: "", expecting: bytes.count / 8)
        var id: Int32 = 0
        while let line = lines.next() {
            try vocabulary.add(Array(line), id: id)
            id += 1
        }
        return vocabulary
    }
}

/// Lines of a text; `\n`, `\r\n` and `\r` end one. A last line without an end counts, an empty rest does not.
struct LineCursor: IteratorProtocol {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> ArraySlice<UInt8>? {
        guard at < bytes.count else { return nil }
        let start = at
        while at < bytes.count, bytes[at] != 0x0A, bytes[at] != 0x0D { at += 1 }
        let end = at
        if at < bytes.count {
            at += bytes[at] == 0x0D && at + 1 < bytes.count && bytes[at + 1] == 0x0A ? 2 : 1
        }
        return bytes[start..<end]
    }
}
