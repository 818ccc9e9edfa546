import JSON
import Platform

/// What `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` say, each as far as it exists.
struct TokenizerConfig: Sendable {
    /// Name of the reference's class without the ending `Fast`, such as `BertTokenizer`.
    var className: String?
    var lowercases: Bool?
    var stripsAccents: Bool?
    var separatesIdeographs: Bool?
    var addsPrefixSpace: Bool?
    var addsBeginning: Bool?
    /// Number of sentinel tokens (T5).
    var extraTokenCount: Int?
    var cleansUpSpaces = true
    var truncatesLeft = false
    var maxLength: Int?
    /// The token of each role that a file names.
    var roles: [SpecialRole: AddedToken] = [:]
    /// Further tokens, with the id the file declares and the file's name.
    var addedTokens: [(id: Int32?, token: AddedToken, file: String)] = []

    /// Above this a “maximum length” only says that there is none (the reference writes 10³⁰).
    private static let sensibleLength = 1 << 24

    init(_ files: TokenizerFiles) throws(FileError) {
        // The reference lets the map of special tokens win over the configuration.
        if let json = try files.json("tokenizer_config.json") { try read(configuration: json) }
        if let json = try files.json("special_tokens_map.json") { try read(roles: json) }
        if let json = try files.json("added_tokens.json") {
            try json.forEachMember { (content, value) throws(FileError) in
                let isRole = roles.values.contains { $0.content == content }
                let token = AddedToken(content: content, isNormalized: !isRole, isSpecial: isRole)
                addedTokens.append((try value.tokenID(), token, json.file))
            }
        }
    }

    private mutating func read(configuration json: JSONField) throws(FileError) {
        if let name = try json.string("tokenizer_class") {
            className = name.hasSuffix("Fast") ? String(name.dropLast(4)) : name
        }
        lowercases = try json.optional("do_lower_case")?.bool()
        stripsAccents = try json.optional("strip_accents")?.bool()
        separatesIdeographs = try json.optional("tokenize_chinese_chars")?.bool()
        addsPrefixSpace = try json.optional("add_prefix_space")?.bool()
        addsBeginning = try json.optional("add_bos_token")?.bool()
        extraTokenCount = try json.optional("extra_ids")?.integer(in: 0...10_000)
        cleansUpSpaces = try json.bool("clean_up_tokenization_spaces", default: true)
        truncatesLeft = try json.string("truncation_side") == "left"
        if let length = try json.optional("model_max_length")?.double(), length >= 1,
            length <= Double(TokenizerConfig.sensibleLength)
        {
            maxLength = Int(length)
        }
        try read(roles: json)
        if let added = try json.optional("added_tokens_decoder") {
            try added.forEachMember { (key, value) throws(FileError) in
                guard let id = Int32(String(decoding: key, as: UTF8.self)), id >= 0, id < Limits.tokens else {
                    throw added.malformed("“\(Vocabulary.printable(key))” is no token id")
                }
                addedTokens.append((id, try AddedToken(value, isSpecial: false), json.file))
            }
            addedTokens.sort { ($0.id ?? 0) < ($1.id ?? 0) }
        }
    }

    /// Roles, and further special tokens without one.
    private mutating func read(roles json: JSONField) throws(FileError) {
        for role in SpecialRole.allCases {
            guard let value = try json.optional(role.rawValue) else { continue }
            roles[role] = try AddedToken(value, isSpecial: true)
        }
        for name in ["additional_special_tokens", "extra_special_tokens"] {
            // Newer files have an object of named tokens here; those are listed among the added tokens anyway.
            guard let list = try json.optional(name), list.kind == .array else { continue }
            for element in try list.elements() {
                addedTokens.append((nil, try AddedToken(element, isSpecial: true), json.file))
            }
        }
    }
}

extension AddedToken {
    /// A token from a string, or from an object with its flags.
    init(_ json: JSONField, isSpecial: Bool) throws(FileError) {
        if json.kind == .string {
            self.init(content: try json.bytes(), isNormalized: !isSpecial, isSpecial: isSpecial)
            return
        }
        let special = try json.bool("special", default: isSpecial)
        self.init(
            content: try json.required("content").bytes(),
            takesSpacesBefore: try json.bool("lstrip", default: false),
            takesSpacesAfter: try json.bool("rstrip", default: false),
            isWholeWord: try json.bool("single_word", default: false),
            isNormalized: try json.bool("normalized", default: !special),
            isSpecial: special)
        guard content.count <= Limits.tokenBytes else {
            throw .limit(file: json.file, field: json.path, limit: Limits.tokenBytes, found: content.count)
        }
    }
}
