import ModelGraph
import Platform
import Tokenization

/// What is done to a text before it becomes tokens, and which of these count when rows become one.
///
/// Of a sentence-transformers folder the prompt stands first, white space around both goes, and the case is changed
/// last, as the library does it; other models take texts as they are.
package struct TextPreparation: Sendable {
    /// When a line is two texts.
    package enum Pairing: Sendable, Hashable {
        /// Never: a tab is a part of the text.
        case never
        /// Where the model scores a whole item, and the line has a tab.
        case byTab
        /// Always: a line without a tab is none.
        case always
    }

    /// What stands before every text.
    let prompt: String
    let isStripped: Bool
    let isLowerCase: Bool
    /// Tokens at the start that do not count in the pooling.
    private(set) var hiddenTokens = 0

    /// - Parameters:
    ///   - prompt: Name of one of the model's prompts, or a prompt itself; `nil`: the model's default.
    init(_ traits: SentenceTraits?, prompt: String?) {
        let named = (prompt ?? traits?.defaultPrompt).flatMap { traits?.prompts[$0] }
        self.prompt = named ?? prompt ?? ""
        isStripped = traits != nil
        isLowerCase = traits?.isLowerCase ?? false
    }

    /// The text that is cut into tokens.
    func prepared(_ text: String) -> String {
        var text = prompt + text
        if isStripped { text = text.strippedLikePython }
        return isLowerCase ? text.lowercasedLikePython : text
    }

    /// Counts the prompt's tokens, an end token left out, where those do not count in the pooling.
    ///
    /// - Throws: When the prompt leaves no room for a text.
    mutating func hidePrompt(_ tokenizer: Tokenizer, maximumTokens: Int?) throws(FileError) {
        guard !prompt.isEmpty else { return }
        let ids = tokenizer.encode(prepared(""), maxLength: maximumTokens).ids
        hiddenTokens = ids.last.map(tokenizer.specialTokens.all.contains) == true ? ids.count - 1 : ids.count
        if let maximumTokens, ids.count >= maximumTokens {
            throw FileError(
                .usage, path: "prompt",
                "has \(ids.count) tokens or more, and texts are cut to \(maximumTokens): "
                    + "none of a text would count")
        }
    }
}

/// Texts that were longer than a model takes, counted while they are read.
package final class TruncationCount: Sendable {
    private let count = Lock(0)

    package init() {}

    /// Texts that were cut so far.
    package var value: Int { count.withLock { $0 } }

    func add() { count.withLock { $0 += 1 } }
}

extension SpecialTokens {
    /// The ids of all roles.
    var all: Set<Int32> { Set([pad, mask, unk, cls, sep, bos, eos].compactMap(\.self)) }
}
