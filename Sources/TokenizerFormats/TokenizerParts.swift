import Platform
import Tokenization

/// A tokenizer taken apart: what each kind of file is read into.
struct TokenizerParts: Sendable {
    var normalizer: Normalizer?
    var preTokenizer: PreTokenizer?
    var model: TokenModel
    var template: Template
    var decoder: TokenDecoder?
    private(set) var addedTokens = AddedTokenList()
    var specialTokens = SpecialTokens()
    /// What the files say about decoding; `nil`: the configuration beside them decides.
    var cleansUpSpaces: Bool?
    /// The longest sequence; `nil`: the configuration beside them decides.
    var maxLength: Int?

    init(
        normalizer: Normalizer?, preTokenizer: PreTokenizer?, model: TokenModel, template: Template,
        decoder: TokenDecoder?
    ) {
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.template = template
        self.decoder = decoder
    }

    /// Adds a token that is looked for in texts.
    ///
    /// - Parameters:
    ///   - declared: Id that a file gives it; without one it gets the vocabulary's, or the next free one.
    ///   - file: File that asks for it.
    /// - Throws: ``FileError`` when the file's id is another token's.
    mutating func add(_ token: AddedToken, declared: Int32?, file: String) throws(FileError) {
        guard !token.content.isEmpty, addedTokens.id(of: token.content) == nil else { return }
        let known = model.vocabulary.id(of: token.content)
        let id = known ?? declared ?? Int32(clamping: max(model.vocabulary.idBound, addedTokens.idBound))
        let holder = model.vocabulary.token(of: id) ?? addedTokens.content(of: id)
        guard declared == nil || declared == id, holder == nil || holder == token.content else {
            throw .malformed(
                file: file, field: "added token “\(Vocabulary.printable(token.content))”",
                reason: "has id \(declared ?? id), but the vocabulary says otherwise "
                    + "(\(known.map { "id \($0)" } ?? "the id is taken by “\(Vocabulary.printable(holder ?? []))”"))",
                remedy: "use the files of one and the same tokenizer together")
        }
        guard Int(id) < Limits.tokens else {
            throw .limit(file: file, field: "id of an added token", limit: Limits.tokens - 1, found: Int(id))
        }
        guard addedTokens.byteCount + token.content.count <= Limits.vocabularyBytes else {
            throw .limit(
                file: file, field: "bytes of all added tokens", limit: Limits.vocabularyBytes,
                found: addedTokens.byteCount + token.content.count)
        }
        addedTokens.append(token, id: id)
    }

    /// Adds the tokens that a configuration names.
    mutating func addTokens(of config: TokenizerConfig) throws(FileError) {
        for entry in config.addedTokens { try add(entry.token, declared: entry.id, file: entry.file) }
        for role in SpecialRole.addingOrder {
            if let token = config.roles[role] {
                try add(token, declared: nil, file: "special_tokens_map.json or tokenizer_config.json")
            }
        }
        // What a class says of its mask counts more than what a file lists.
        if let mask = config.classMask, addedTokens.id(of: mask.content) != nil { addedTokens.replace(mask) }
    }

    /// Finds the token of each role, from a configuration or by its usual text.
    mutating func assignRoles(_ config: TokenizerConfig) {
        for role in SpecialRole.allCases {
            let candidates = config.roles[role].map { [$0.content] } ?? role.usualContents.map { Array($0.utf8) }
            specialTokens[keyPath: role.keyPath] = candidates.compactMap { id(ofSpecial: $0) }.first
        }
        specialTokens.unk = specialTokens.unk ?? model.unknownID
        // Without a file that names roles, the tokens around a single text show which ones start and end it.
        if config.roles.isEmpty, case .special(let first, _)? = template.single.first, first.count == 1,
            case .special(let last, _)? = template.single.last, last.count == 1, template.single.count > 1
        {
            specialTokens.cls = specialTokens.cls ?? first[0]
            specialTokens.sep = specialTokens.sep ?? last[0]
        }
    }

    private func id(ofSpecial content: [UInt8]) -> Int32? {
        addedTokens.id(of: content) ?? model.vocabulary.id(of: content)
    }
}
