import JSON
import Platform
import Tokenization

extension TokenModel {
    /// The `model` of a `tokenizer.json`.
    init(_ json: JSONField) throws(FileError) {
        // Files of the library's first years name no type: only BPE has merges, only Unigram an unknown *id*.
        var type = try json.string("type") ?? "WordPiece"
        if try json.optional("type") == nil {
            if try json.optional("merges") != nil { type = "BPE" }
            if try json.optional("unk_id") != nil { type = "Unigram" }
        }
        let used: [String]
        switch type {
        case "WordPiece":
            self = .wordPiece(try WordPiece(json))
            used = ["unk_token", "continuing_subword_prefix", "max_input_chars_per_word"]
        case "WordLevel":
            self = .wordLevel(try WordLevel(json))
            used = ["unk_token"]
        case "BPE":
            self = .bytePair(try BytePairEncoding(json))
            used = [
                "merges", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                "byte_fallback", "ignore_merges",
            ]
        case "Unigram":
            self = .unigram(try Unigram(json))
            used = ["unk_id", "byte_fallback"]
        default: throw json.unsupported("the model type “\(type)”", remedy: "use WordPiece, WordLevel, BPE or Unigram")
        }
        try json.checkMembers(["vocab"] + used)
    }
}

extension Vocabulary {
    /// An object of tokens and ids.
    init(object json: JSONField) throws(FileError) {
        guard json.kind == .object else { throw json.malformed("an object of tokens and ids was expected") }
        self.init(file: json.file, field: json.path, expecting: json.innerCount / 2)
        try json.forEachMember { (token, value) throws(FileError) in
            try add(token, id: try value.tokenID())
        }
    }
}

extension WordPiece {
    init(_ json: JSONField) throws(FileError) {
        let vocabulary = try Vocabulary(object: json.required("vocab"))
        let unknown = try json.optional("unk_token")?.bytes() ?? Array("[UNK]".utf8)
        self.init(
            vocabulary: vocabulary,
            unknownID: try WordPiece.unknownID(unknown, in: vocabulary, file: json.file, field: json.path),
            continuationPrefix: try json.optional("continuing_subword_prefix")?.affix() ?? Array("##".utf8),
            characterLimit: try json.optional("max_input_chars_per_word")?.integer(in: 0...1 << 20) ?? 100)
    }

    /// The id of the unknown token, without which words cannot be encoded.
    static func unknownID(
        _ token: [UInt8], in vocabulary: Vocabulary, file: String, field: String
    ) throws(FileError) -> Int32 {
        guard let id = vocabulary.id(of: token) else {
            throw .malformed(
                file: file, field: field,
                reason: "the unknown token “\(Vocabulary.printable(token))” is not in the vocabulary",
                remedy: "check that vocabulary and configuration belong together")
        }
        return id
    }
}

extension WordLevel {
    init(_ json: JSONField) throws(FileError) {
        let vocabulary = try Vocabulary(object: json.required("vocab"))
        // The reference refuses a text with an unknown word where the vocabulary lacks the token; so do files here.
        let unknown = try json.optional("unk_token")?.bytes() ?? Array("<unk>".utf8)
        self.init(
            vocabulary: vocabulary,
            unknownID: try WordPiece.unknownID(unknown, in: vocabulary, file: json.file, field: json.path))
    }
}

extension BytePairEncoding {
    init(_ json: JSONField) throws(FileError) {
        if let dropout = try json.optional("dropout"), try dropout.double() != 0 {
            throw dropout.unsupported("dropout", remedy: "set it to null: it makes ids random")
        }
        let vocabulary = try Vocabulary(object: json.required("vocab"))
        var options = Options()
        if let unknown = try json.optional("unk_token") {
            options.unknownID = try WordPiece.unknownID(
                try unknown.bytes(), in: vocabulary, file: json.file, field: unknown.path)
        }
        options.continuationPrefix = try json.optional("continuing_subword_prefix")?.affix() ?? []
        options.endOfWordSuffix = try json.optional("end_of_word_suffix")?.affix() ?? []
        options.fusesUnknown = try json.bool("fuse_unk", default: false)
        options.fallsBackToBytes = try json.bool("byte_fallback", default: false)
        options.prefersWholeWords = try json.bool("ignore_merges", default: false)

        let list = try json.required("merges")
        let elements = try list.elements()
        var merges = MergeListReader(
            vocabulary: vocabulary, prefixLength: options.continuationPrefix.count, file: json.file,
            count: elements.count)
        for entry in elements {
            if entry.kind == .string {
                try merges.add(line: try entry.bytes()[...], at: entry.location)
            } else {
                let sides = try entry.elements()
                guard sides.count == 2 else { throw entry.malformed("two tokens were expected") }
                try merges.add(try sides[0].bytes(), try sides[1].bytes(), at: entry.location)
            }
        }
        self.init(vocabulary: vocabulary, merges: merges.table, options: options)
    }
}

/// Collects merges in the order they were learned.
struct MergeListReader {
    private let vocabulary: Vocabulary
    private let prefixLength: Int
    private let file: String
    private(set) var table: MergeTable

    init(vocabulary: Vocabulary, prefixLength: Int, file: String, count: Int) {
        self.vocabulary = vocabulary
        self.prefixLength = prefixLength
        self.file = file
        table = MergeTable(expecting: count)
    }

    /// Adds “left right”.
    ///
    /// - Parameter location: Where the file says so.
    mutating func add(line: ArraySlice<UInt8>, at location: @autoclosure () -> String) throws(FileError) {
        let sides = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard sides.count == 2 else {
            throw .damaged(
                file, location(), "“\(Vocabulary.printable(Array(line)))” is not two tokens with a space between")
        }
        try add(Array(sides[0]), Array(sides[1]), at: location())
    }

    /// Adds a pair.
    mutating func add(_ left: [UInt8], _ right: [UInt8], at location: @autoclosure () -> String) throws(FileError) {
        let joined = left + right.dropFirst(prefixLength)
        let leftID = try id(of: left, at: location())
        let rightID = try id(of: right, at: location())
        let merge = MergeTable.Merge(rank: Int32(table.count), id: try id(of: joined, at: location()))
        guard table.insert(leftID, rightID, merge) else {
            throw .malformed(
                file: file, field: location(),
                reason: "the pair “\(Vocabulary.printable(left)) \(Vocabulary.printable(right))” occurs twice",
                remedy: "remove the second one")
        }
    }

    private func id(of token: [UInt8], at location: @autoclosure () -> String) throws(FileError) -> Int32 {
        guard let id = vocabulary.id(of: token) else {
            throw .malformed(
                file: file, field: location(), reason: "“\(Vocabulary.printable(token))” is not in the vocabulary",
                remedy: "use the vocabulary and merges of one and the same tokenizer")
        }
        return id
    }
}

extension Unigram {
    init(_ json: JSONField) throws(FileError) {
        let list = try json.required("vocab")
        let elements = try list.elements()
        var vocabulary = Vocabulary(file: json.file, field: list.path, expecting: elements.count)
        var scores: [Double] = []
        scores.reserveCapacity(elements.count)
        for (position, entry) in elements.enumerated() {
            guard position < Limits.tokens else {
                throw .limit(file: json.file, field: list.path, limit: Limits.tokens, found: elements.count)
            }
            let pair = try entry.elements()
            guard pair.count == 2 else { throw entry.malformed("is not a token and a number") }
            try vocabulary.add(try pair[0].bytes(), id: Int32(position))
            scores.append(try pair[1].double())
        }
        let unknown = try json.optional("unk_id")
        let unknownID = try unknown?.tokenID()
        if let unknownID, Int(unknownID) >= scores.count, let unknown {
            throw unknown.malformed("\(unknownID) is beyond the vocabulary of \(scores.count) tokens")
        }
        try self.init(
            vocabulary: vocabulary, scores: scores, unknownID: unknownID,
            fallsBackToBytes: json.bool("byte_fallback", default: false), file: json.file, field: json.path)
    }

    /// Checks that every text can be encoded.
    init(
        vocabulary: Vocabulary, scores: [Double], unknownID: Int32?, fallsBackToBytes: Bool, file: String, field: String
    ) throws(FileError) {
        let spellsAll =
            fallsBackToBytes && (0...255).allSatisfy { vocabulary.id(of: ByteToken.text(of: UInt8($0))) != nil }
        guard unknownID != nil || spellsAll else {
            throw .damaged(file, field, "there is no unknown token, and not every byte has a token")
        }
        self.init(
            vocabulary: vocabulary, scores: scores, unknownID: unknownID, fallsBackToBytes: fallsBackToBytes)
    }
}
