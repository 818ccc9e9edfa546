import Tokenization

/// Added tokens while files are being read: in their order, and found by text or by id in one step.
struct AddedTokenList: Sendable {
    /// Tokens in the order of precedence.
    private(set) var entries: [(id: Int32, token: AddedToken)] = []
    private var idsByContent: [[UInt8]: Int32] = [:]
    private var contentsByID: [Int32: [UInt8]] = [:]
    /// One more than the largest id.
    private(set) var idBound = 0
    /// Bytes of all tokens together.
    private(set) var byteCount = 0

    /// The id of a token.
    func id(of content: [UInt8]) -> Int32? { idsByContent[content] }

    /// The token of an id.
    func content(of id: Int32) -> [UInt8]? { contentsByID[id] }

    /// Gives a token that is in the list the flags of another with the same text.
    mutating func replace(_ token: AddedToken) {
        guard let id = idsByContent[token.content], let place = entries.firstIndex(where: { $0.id == id }) else {
            return
        }
        entries[place].token = token
    }

    /// Adds a token whose text is not in the list.
    mutating func append(_ token: AddedToken, id: Int32) {
        entries.append((id, token))
        idsByContent[token.content] = id
        contentsByID[id] = token.content
        idBound = max(idBound, Int(id) + 1)
        byteCount += token.content.count
    }
}
