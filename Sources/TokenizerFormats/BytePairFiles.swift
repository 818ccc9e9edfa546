import JSON
import Platform
import Tokenization

/// Reads `vocab.json` and `merges.txt`, the form of GPT-2 and RoBERTa.
enum BytePairFiles {
    /// Classes of the reference whose tokens stand around a text as RoBERTa's do.
    private static let robertaClasses: Set = [
        "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer", "BlenderbotTokenizer",
        "MvpTokenizer",
    ]
    /// Classes that have no tokens around a text, or only one before it.
    private static let plainClasses: Set = [
        "GPT2Tokenizer", "CodeGenTokenizer", "PreTrainedTokenizer", "Qwen2Tokenizer",
    ]
    /// Where Qwen's tokenizer cuts words.
    private static let qwenWords =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"#
        + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#

    static func parts(
        vocabulary json: JSONField, merges: [UInt8], config: inout TokenizerConfig
    ) throws(FileError) -> TokenizerParts {
        let vocabulary = try Vocabulary(object: json)
        let isRoberta = try isRoberta(vocabulary, config)
        try addDefaultRoles(isRoberta: isRoberta, vocabulary, &config)
        let table = try read(merges, vocabulary)
        let bytes = PreTokenizer.byteLevel(
            ByteLevel(addsPrefixSpace: config.addsPrefixSpace ?? false, cutsWords: true))
        let steps = config.className == "Qwen2Tokenizer" ? qwenSteps(config) : nil
        return TokenizerParts(
            normalizer: steps?.normalizer, preTokenizer: steps?.preTokenizer ?? bytes,
            model: .bytePair(BytePairEncoding(vocabulary: vocabulary, merges: table, options: .init())),
            template: try template(isRoberta: isRoberta, vocabulary, config),
            decoder: .byteLevel)
    }

    /// Qwen's steps: composed characters, its own words, bytes as characters.
    static func qwenSteps(_ config: TokenizerConfig) -> (normalizer: Normalizer, preTokenizer: PreTokenizer)? {
        guard let words = try? Pattern(expression: qwenWords) else { return nil }
        let bytes = ByteLevel(addsPrefixSpace: config.addsPrefixSpace ?? false, cutsWords: false)
        return (.unicode(.nfc), .sequence([.split(words, .isolated, inverted: false), .byteLevel(bytes)]))
    }

    private static func isRoberta(_ vocabulary: Vocabulary, _ config: TokenizerConfig) throws(FileError) -> Bool {
        guard let reader = config.tokenizerClass else {
            return ["<s>", "</s>", "<mask>"].allSatisfy { vocabulary.id(of: Array($0.utf8)) != nil }
        }
        guard robertaClasses.contains(reader.name) || plainClasses.contains(reader.name) else {
            throw reader.unsupported(
                " with vocab.json and merges.txt", remedy: "put the model's tokenizer.json beside it")
        }
        return robertaClasses.contains(reader.name)
    }

    private static func addDefaultRoles(
        isRoberta: Bool, _ vocabulary: Vocabulary, _ config: inout TokenizerConfig
    ) throws(FileError) {
        let defaults: [(SpecialRole, String)] =
            isRoberta
            ? [
                (.bos, "<s>"), (.eos, "</s>"), (.sep, "</s>"), (.cls, "<s>"), (.unk, "<unk>"), (.pad, "<pad>"),
                (.mask, "<mask>"),
            ]
            : [(.bos, "<|endoftext|>"), (.eos, "<|endoftext|>"), (.unk, "<|endoftext|>")]
        for (role, content) in defaults where config.roles[role] == nil {
            let bytes = Array(content.utf8)
            guard vocabulary.id(of: bytes) != nil else { continue }
            config.roles[role] = AddedToken(
                content: bytes, takesSpacesBefore: role == .mask, isNormalized: role != .mask)
        }
    }

    private static func template(
        isRoberta: Bool, _ vocabulary: Vocabulary, _ config: TokenizerConfig
    ) throws(FileError) -> Template {
        func id(_ role: SpecialRole) throws(FileError) -> Int32 {
            guard let content = config.roles[role]?.content, let id = vocabulary.id(of: content) else {
                throw .malformed(
                    file: "vocab.json", field: "", reason: "the token of the role \(role.rawValue) is missing",
                    remedy: "name it in special_tokens_map.json")
            }
            return id
        }
        if isRoberta { return .roberta(cls: try id(.cls), sep: try id(.sep)) }
        guard config.addsBeginning == true else { return .plain }
        // A beginning stands before the first text only.
        let first: [Template.Part] = [.special([try id(.bos)], typeID: 0), .text(isSecond: false, typeID: 0)]
        return Template(single: first, pair: first + [.text(isSecond: true, typeID: 1)])
    }

    /// The pairs of a `merges.txt`.
    static func read(_ bytes: [UInt8], _ vocabulary: Vocabulary) throws(FileError) -> MergeTable {
        var lines = LineCursor(bytes)
        var merges = MergeListReader(
            vocabulary: vocabulary, prefixLength: 0, file: "merges.txt", count: bytes.count / 8)
        var number = 0
        while let line = lines.next() {
            number += 1
            if line.isEmpty || line.starts(with: Array("#version".utf8)) { continue }
            try merges.add(line: line, at: "line \(number)")
        }
        return merges.table
    }
}
