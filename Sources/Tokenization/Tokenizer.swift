/// Turns texts into token ids and back, exactly as the tokenizer a model was trained with.
///
/// ```swift
/// let tokenizer = try Tokenizer.load(directory: "models/bert")
/// let encoding = tokenizer.encode("Hello, world!", maxLength: 128)
/// tokenizer.decode(encoding.ids, skipSpecialTokens: true)  // "hello, world!"
/// ```
///
/// Instances are immutable: any number of threads may use one at once. Equal files and texts give equal ids.
package final class Tokenizer: Sendable {
    private let normalizer: Normalizer?
    private let preTokenizer: PreTokenizer?
    private let model: TokenModel
    private let addedTokens: AddedTokens
    private let template: Template
    private let decoder: TokenDecoder?
    private let cleansUpSpaces: Bool
    private let truncatesLeft: Bool
    private let givesTypes: Bool

    /// What a user should know about how the files were read: where two releases of the reference read them
    /// differently, which one was followed; a sentence each.
    package let notes: [String]
    /// Ids of the tokens that have a role.
    package let specialTokens: SpecialTokens
    /// The longest sequence, special tokens included, that the model takes according to its files; `nil` if they don't
    /// say.
    package let maxLength: Int?

    /// Puts a tokenizer together.
    ///
    /// - Parameters:
    ///   - addedTokens: Tokens that are looked for in texts, in the order of precedence between equal ones.
    ///   - cleansUpSpaces: Whether decoding removes spaces before English punctuation.
    ///   - truncatesLeft: Whether the start of a text that is too long gives way, not its end.
    ///   - givesTypes: Whether the model is told which text a token is of.
    package init(
        normalizer: Normalizer?, preTokenizer: PreTokenizer?, model: TokenModel, template: Template,
        decoder: TokenDecoder?, addedTokens: [(id: Int32, token: AddedToken)], specialTokens: SpecialTokens,
        cleansUpSpaces: Bool, truncatesLeft: Bool, givesTypes: Bool, maxLength: Int?, notes: [String]
    ) {
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.template = template
        self.decoder = decoder
        self.addedTokens = AddedTokens(addedTokens, normalizer: normalizer)
        self.specialTokens = specialTokens
        self.cleansUpSpaces = cleansUpSpaces
        self.truncatesLeft = truncatesLeft
        self.givesTypes = givesTypes
        self.maxLength = maxLength
        self.notes = notes
    }

    // MARK: Vocabulary

    /// Number of tokens, added ones included.
    package var vocabularySize: Int {
        model.vocabulary.count + addedTokens.count(notBelow: model.vocabulary.idBound)
    }

    /// One more than the largest id: the least number of rows an embedding table needs.
    package var idBound: Int { max(model.vocabulary.idBound, addedTokens.idBound) }

    /// The same without added tokens.
    package var vocabularyBound: Int { model.vocabulary.idBound }

    /// The id of a token as it is spelled in the vocabulary.
    package func id(of token: String) -> Int32? {
        let bytes = Array(token.utf8)
        return addedTokens.id(of: bytes) ?? model.vocabulary.id(of: bytes)
    }

    /// How an id is spelled in the vocabulary.
    package func token(of id: Int32) -> String? {
        (addedTokens[id]?.content ?? model.vocabulary.token(of: id)).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Encoding

    /// Turns a text, or a pair of texts, into ids with the model's special tokens around them.
    ///
    /// - Parameters:
    ///   - text: Any text; nothing in it is an error.
    ///   - pair: A second text, for models that take two.
    ///   - maxLength: Largest number of tokens, special ones included. Of two texts the longer one gives way first.
    ///     A limit below the number of special tokens leaves the first of those.
    ///   - addSpecialTokens: Whether to add special tokens; those written in the text count either way.
    /// - Returns: Ids and type ids, `[tokens]`; possibly empty for models without special tokens.
    /// - Complexity: O(bytes) for WordPiece; for BPE and Unigram times a word's length in the worst case.
    package func encode(
        _ text: String, pair: String? = nil, maxLength: Int? = nil, addSpecialTokens: Bool = true
    ) -> Encoding {
        let template = addSpecialTokens ? template : .plain
        let first = ids(of: text)
        let second = pair.map { ids(of: $0) }
        guard let maxLength else { return told(template.assemble(first[...], second.map { $0[...] })) }

        let budget = max(0, maxLength - template.specialCount(isPair: second != nil))
        let lengths = Truncation.lengths(first.count, second?.count ?? 0, limit: budget)
        var encoding = template.assemble(cut(first, to: lengths.0), second.map { cut($0, to: lengths.1) })
        encoding.isTruncated = lengths.0 < first.count || lengths.1 < second?.count ?? 0
        if encoding.ids.count > max(0, maxLength) {
            encoding.ids.removeSubrange(max(0, maxLength)...)
            encoding.typeIDs.removeSubrange(max(0, maxLength)...)
            encoding.isTruncated = true
        }
        return told(encoding)
    }

    /// An encoding as the model is told it: without types where it is given none.
    private func told(_ encoding: Encoding) -> Encoding {
        guard !givesTypes else { return encoding }
        var encoding = encoding
        encoding.typeIDs = Array(repeating: 0, count: encoding.ids.count)
        return encoding
    }

    private func cut(_ ids: [Int32], to length: Int) -> ArraySlice<Int32> {
        truncatesLeft ? ids.suffix(length) : ids.prefix(length)
    }

    /// The ids of a text, without special tokens around it.
    private func ids(of text: String) -> [Int32] {
        let bytes = Array(text.utf8)
        var ids: [Int32] = []
        ids.reserveCapacity(bytes.count / 3 + 4)
        var scratch = ScratchSpace()
        for section in addedTokens.splitVerbatim(bytes) {
            switch section {
            case .token(let id): ids.append(id)
            case .text(let range):
                let part = range.count == bytes.count ? bytes : Array(bytes[range])
                var text = NormalizedText(bytes: part, startsAtOrigin: range.lowerBound == 0)
                normalizer?.apply(to: &text)
                encode(text, scratch: &scratch, into: &ids)
            }
        }
        return ids
    }

    private func encode(_ text: NormalizedText, scratch: inout ScratchSpace, into ids: inout [Int32]) {
        for section in addedTokens.splitNormalized(text.bytes) {
            switch section {
            case .token(let id): ids.append(id)
            case .text(let range):
                let part = range.count == text.bytes.count ? text.bytes : Array(text.bytes[range])
                var pieces = Pieces(part, startsAtOrigin: text.startsAtOrigin && range.lowerBound == 0)
                preTokenizer?.apply(to: &pieces)
                model.encode(pieces, scratch: &scratch, into: &ids)
            }
        }
    }

    /// Id of the token that stands for unknown words or characters, where the tokenizer has one.
    package var unknownID: Int32? { model.unknownID }

    // MARK: Decoding

    /// Turns ids back into text.
    ///
    /// - Parameters:
    ///   - ids: Token ids; unknown ones are left out.
    ///   - skipSpecialTokens: Whether to leave out tokens such as `[SEP]`.
    ///   - cleanUpSpaces: Whether to remove spaces before English punctuation; by default as the tokenizer's own
    ///     configuration says (usually yes).
    package func decode(
        _ ids: some Sequence<Int32>, skipSpecialTokens: Bool = true, cleanUpSpaces: Bool? = nil
    ) -> String {
        var tokens: [[UInt8]] = []
        for id in ids {
            if let added = addedTokens[id] {
                if !(skipSpecialTokens && added.isSpecial) { tokens.append(added.content) }
            } else if let token = model.vocabulary.token(of: id) {
                tokens.append(token)
            }
        }
        let text: [UInt8]
        if let decoder {
            text = Array(decoder.apply(to: tokens).joined())
        } else {
            text = Array(tokens.joined(separator: [UInt8(ascii: " ")]))
        }
        return String(decoding: cleanUpSpaces ?? cleansUpSpaces ? CleanUp.text(text) : text, as: UTF8.self)
    }
}
