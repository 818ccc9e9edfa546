import JSON
import Platform
import Tokenization

/// Reads `tokenizer.json`, the format of the `tokenizers` library.
struct TokenizerJSON {
    private let root: JSONField

    init(_ root: JSONField) { self.root = root }

    /// Whether the file says which tokens stand around a text.
    var hasProcessor: Bool { root.member("post_processor").map { !$0.isNull } ?? false }

    func parts(_ config: TokenizerConfig) throws(FileError) -> TokenizerParts {
        // Cutting and padding are the caller's: the reference sets both aside as well.
        try root.checkMembers(
            ["model", "normalizer", "pre_tokenizer", "post_processor", "decoder", "added_tokens"],
            harmless: ["version", "truncation", "padding"])
        let model = try TokenModel(root.required("model"))
        var normalizer = try root.optional("normalizer").map { json throws(FileError) in try Normalizer(json) }
        var preTokenizer = try root.optional("pre_tokenizer").map { json throws(FileError) in
            try PreTokenizer(json)
        }
        var decoder = try root.optional("decoder").map { json throws(FileError) in try TokenDecoder(json) }
        ClassRules(config: config).adopt(&normalizer, &preTokenizer, &decoder)
        var parts = TokenizerParts(
            normalizer: normalizer, preTokenizer: preTokenizer, model: model,
            template: try root.optional("post_processor").map { json throws(FileError) in try Template(json) }
                ?? .plain,
            decoder: decoder)
        for json in try root.optional("added_tokens")?.elements() ?? [] {
            try json.checkMembers(
                ["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"])
            let id = try json.required("id").tokenID()
            try parts.add(AddedToken(json, isSpecial: false), declared: id, file: json.file)
        }
        return parts
    }
}

extension JSONField {
    /// A pattern: `{"String": …}` or `{"Regex": …}`.
    func pattern() throws(FileError) -> Pattern {
        if kind == .string { return Pattern(literal: try bytes()) }
        if let literal = try optional("String") { return Pattern(literal: try literal.bytes()) }
        let expression = try required("Regex")
        do throws(PatternError) {
            return try Pattern(expression: try expression.stringForPattern())
        } catch {
            throw expression.unsupported(
                "the regular expression uses \(error.reason), which",
                remedy: "rewrite it with plain groups, classes and repetitions")
        }
    }

    private func stringForPattern() throws(PatternError) -> String {
        guard let text = stringValue else { throw PatternError(reason: "no string and") }
        return text
    }

    /// A complaint about a step of a kind this module does not have.
    func unknownStep(_ name: String, of kind: String) -> FileError {
        unsupported(
            "the \(kind) “\(name)”", remedy: "use a tokenizer without it, or convert the texts to ids elsewhere")
    }
}

extension Normalizer {
    /// Keys that each kind of step reads.
    private static let members: [String: [String]] = [
        "BertNormalizer": ["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"],
        "Strip": ["strip_left", "strip_right"], "Prepend": ["prepend"], "Replace": ["pattern", "content"],
        "Precompiled": ["precompiled_charsmap"], "Sequence": ["normalizers"],
    ]

    init(_ json: JSONField) throws(FileError) {
        let type = try json.typeName()
        switch type {
        case "BertNormalizer":
            let lowercases = try json.bool("lowercase", default: true)
            self = .bert(
                BertNormalizer(
                    cleansText: try json.bool("clean_text", default: true),
                    separatesIdeographs: try json.bool("handle_chinese_chars", default: true),
                    stripsAccents: try json.bool("strip_accents", default: lowercases), lowercases: lowercases))
        case "NFC": self = .unicode(.nfc)
        case "NFD": self = .unicode(.nfd)
        case "NFKC": self = .unicode(.nfkc)
        case "NFKD": self = .unicode(.nfkd)
        case "Lowercase": self = .lowercase
        case "StripAccents": self = .stripAccents
        case "Nmt": self = .nmt
        case "ByteLevel": self = .byteLevel
        case "Strip":
            self = .strip(
                left: try json.bool("strip_left", default: true), right: try json.bool("strip_right", default: true))
        case "Prepend": self = .prepend(try json.required("prepend").affix())
        case "Replace":
            self = .replace(try json.required("pattern").pattern(), with: try json.required("content").affix())
        case "Precompiled":
            let field = try json.required("precompiled_charsmap")
            guard let bytes = Base64.decode(try field.bytes()), let map = CharacterMap(bytes) else {
                throw field.malformed("is no compiled character map")
            }
            self = .precompiled(map)
        case "Sequence":
            self = .sequence(try json.steps("normalizers") { json throws(FileError) in try Normalizer(json) })
        default: throw json.unknownStep(type, of: "normalizer")
        }
        try json.checkMembers(Self.members[type] ?? [])
    }
}

extension JSONField {
    /// The steps of a chain, of which a file may have only so many.
    func steps<Step>(
        _ name: String, _ read: (JSONField) throws(FileError) -> Step
    )
        throws(FileError) -> [Step]
    {
        let list = try required(name)
        let values = list.innerCount + 1
        guard values <= Limits.chainValues else {
            throw .limit(file: file, field: "\(list.path) (values)", limit: Limits.chainValues, found: values)
        }
        let elements = try list.elements()
        guard elements.count <= Limits.chainSteps else {
            throw .limit(file: file, field: list.path, limit: Limits.chainSteps, found: elements.count)
        }
        var steps: [Step] = []
        for element in elements { steps.append(try read(element)) }
        return steps
    }
}

extension PreTokenizer {
    /// Keys that each kind of step reads; of “ByteLevel” one more, which concerns offsets.
    private static let members: [String: [String]] = [
        "ByteLevel": ["add_prefix_space", "use_regex", "trim_offsets"],
        "Metaspace": ["replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"],
        "Punctuation": ["behavior"], "Digits": ["individual_digits"], "CharDelimiterSplit": ["delimiter"],
        "Split": ["pattern", "behavior", "invert"], "FixedLength": ["length"], "Sequence": ["pretokenizers"],
    ]

    init(_ json: JSONField) throws(FileError) {
        let type = try json.typeName()
        switch type {
        case "BertPreTokenizer": self = .bert
        case "ByteLevel":
            self = .byteLevel(
                ByteLevel(
                    addsPrefixSpace: try json.bool("add_prefix_space", default: true),
                    cutsWords: try json.bool("use_regex", default: true)))
        case "Metaspace": self = .metaspace(try Metaspace(json))
        case "Whitespace": self = .whitespace
        case "WhitespaceSplit": self = .whitespaceSplit
        case "Punctuation":
            self = .punctuation(try json.optional("behavior").map(DelimiterBehavior.init(json:)) ?? .isolated)
        case "Digits": self = .digits(individually: try json.bool("individual_digits", default: false))
        case "CharDelimiterSplit":
            let field = try json.required("delimiter")
            let scalars = try field.string().unicodeScalars
            guard scalars.count == 1, let only = scalars.first else { throw field.malformed("is not one character") }
            self = .character(only)
        case "Split":
            self = .split(
                try json.required("pattern").pattern(),
                try DelimiterBehavior(json: json.required("behavior")),
                inverted: try json.bool("invert", default: false))
        case "UnicodeScripts": self = .scripts
        case "FixedLength": self = .fixedLength(try json.optional("length")?.integer(in: 1...1 << 20) ?? 5)
        case "Sequence":
            self = .sequence(
                try json.steps("pretokenizers") { json throws(FileError) in try PreTokenizer(json) })
        default: throw json.unknownStep(type, of: "pre-tokenizer")
        }
        try json.checkMembers(Self.members[type] ?? [])
    }
}

extension DelimiterBehavior {
    init(json: JSONField) throws(FileError) {
        guard let behavior = DelimiterBehavior(rawValue: try json.string()) else {
            throw json.malformed("is none of Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous")
        }
        self = behavior
    }
}

extension Metaspace {
    init(_ json: JSONField) throws(FileError) {
        let replacement = try json.optional("replacement")?.affix() ?? Array("\u{2581}".utf8)
        guard !replacement.isEmpty else { throw json.malformed("“replacement” is empty") }
        // Older files know only a switch.
        let addsPrefix = try json.bool("add_prefix_space", default: true)
        var scheme: PrependScheme = addsPrefix ? .always : .never
        if let field = try json.optional("prepend_scheme") {
            guard let named = PrependScheme(rawValue: try field.string()) else {
                throw field.malformed("is none of always, first, never")
            }
            scheme = named
        }
        self.init(
            replacement: replacement, prependScheme: scheme, cutsWords: try json.bool("split", default: true))
    }
}
