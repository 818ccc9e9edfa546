import JSON
import Platform
import Tokenization

/// What `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` say, each as far as it exists.
struct TokenizerConfig: Sendable {
    /// The class of the reference that reads the files.
    var tokenizerClass: TokenizerClass?
    /// The generation of the reference whose reading counts.
    var release = TokenizerRelease(.four, "no file names the release of transformers")
    /// `model_type` of `config.json`.
    var modelKind: String?
    /// Keys that the user wants to be passed over.
    var ignored: Set<String> = []
    var lowercases: Bool?
    var stripsAccents: Bool?
    var keepsAccents: Bool?
    var separatesIdeographs: Bool?
    /// Whether punctuation stands alone (DeBERTa).
    var splitsAtPunctuation: Bool?
    var addsPrefixSpace: Bool?
    var addsBeginning: Bool?
    var addsEnd: Bool?
    /// Whether tokens behind special ones are read as before 2023 (Llama, T5).
    var isLegacy: Bool?
    /// Whether the vocabulary's own file counts beside a `tokenizer.json`.
    var prefersOlderFiles = false
    /// Number of sentinel tokens (T5).
    var extraTokenCount: Int?
    /// Whether the model is told which of two texts a token belongs to.
    var givesTypes = true
    var cleansUpSpaces = true
    var truncatesLeft = false
    var maxLength: Int?
    /// The mask of a class that takes the spaces before it, where no file names one.
    var classMask: AddedToken?
    /// The token of each role that a file names.
    var roles: [SpecialRole: AddedToken] = [:]
    /// Further tokens, with the id the file declares and the file's name.
    var addedTokens: [(id: Int32?, token: AddedToken, file: String)] = []

    /// The class's name without the ending `Fast`, such as `BertTokenizer`.
    var className: String? { tokenizerClass?.name }

    /// Above this a “maximum length” only says that there is none (the reference writes 10³⁰).
    private static let sensibleLength = 1 << 24

    /// What is said where no file says anything.
    init() {}

    /// - Parameter ignored: Keys of `tokenizer_config.json` and `config.json` that are passed over.
    init(_ files: TokenizerFiles, ignoring ignored: Set<String> = []) throws(FileError) {
        self.ignored = ignored
        let configuration = try files.json("tokenizer_config.json")
        let model = try files.json("config.json")
        if !ignored.contains("tokenizer_class") {
            tokenizerClass = try TokenizerClass(configuration: configuration, model: model)
        }
        release = try TokenizerRelease(configuration: configuration, model: model)
        modelKind = model?.kind == .object ? try model?.string("model_type") : nil
        // The reference lets the map of special tokens win over the configuration.
        if let configuration {
            // A class that cannot be read at all is the better complaint.
            if tokenizerClass?.isCodeOnly != true { try TokenizerKeys.check(configuration, ignoring: ignored) }
            try read(configuration: configuration)
        }
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
        let ignored = ignored
        func flag(_ key: String) throws(FileError) -> Bool? {
            ignored.contains(key) ? nil : try json.optional(key)?.bool()
        }
        lowercases = try flag("do_lower_case")
        stripsAccents = try flag("strip_accents")
        keepsAccents = try flag("keep_accents")
        separatesIdeographs = try flag("tokenize_chinese_chars")
        splitsAtPunctuation = try flag("split_by_punct")
        addsPrefixSpace = try flag("add_prefix_space")
        addsBeginning = try flag("add_bos_token")
        addsEnd = try flag("add_eos_token")
        isLegacy = try flag("legacy")
        prefersOlderFiles = try flag("from_slow") ?? false
        if !ignored.contains("extra_ids") {
            extraTokenCount = try json.optional("extra_ids")?.integer(in: 0...10_000)
        }
        cleansUpSpaces = try flag("clean_up_tokenization_spaces") ?? true
        truncatesLeft = try json.string("truncation_side") == "left"
        if !ignored.contains("model_input_names"), let names = try json.optional("model_input_names") {
            givesTypes = try names.elements().contains { $0.stringValue == "token_type_ids" }
        }
        for key in ["model_max_length", "max_len"] where maxLength == nil && !ignored.contains(key) {
            guard let length = try json.optional(key)?.double(), length >= 1,
                length <= Double(TokenizerConfig.sensibleLength)
            else { continue }
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
