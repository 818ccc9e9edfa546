/// The step that turns a word into ids.
package enum TokenModel: Sendable {
    case wordPiece(WordPiece)
    case wordLevel(WordLevel)
    case bytePair(BytePairEncoding)
    case unigram(Unigram)

    package var vocabulary: Vocabulary {
        switch self {
        case .wordPiece(let model): model.vocabulary
        case .wordLevel(let model): model.vocabulary
        case .bytePair(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        }
    }

    /// Id of the token for unknown words or characters, where the model has one.
    package var unknownID: Int32? {
        switch self {
        case .wordPiece(let model): model.unknownID
        case .wordLevel(let model): model.unknownID
        case .bytePair(let model): model.options.unknownID
        case .unigram(let model): model.unknownID
        }
    }

    /// Appends the ids of every piece of a text.
    package func encode(_ pieces: Pieces, scratch: inout ScratchSpace, into ids: inout [Int32]) {
        switch self {
        case .wordPiece(let model):
            for range in pieces.ranges { model.encode(pieces.bytes, word: range, into: &ids) }
        case .wordLevel(let model):
            for range in pieces.ranges { model.encode(pieces.bytes, word: range, into: &ids) }
        case .bytePair(let model):
            for range in pieces.ranges { model.encode(pieces.bytes, word: range, scratch: &scratch, into: &ids) }
        case .unigram(let model):
            for range in pieces.ranges { model.encode(pieces.bytes, word: range, scratch: &scratch, into: &ids) }
        }
    }
}

/// Memory that a model's steps reuse from word to word, one per call of `encode`.
package struct ScratchSpace {
    package var symbols: [BytePairEncoding.Symbol] = []
    package var candidates = MergeQueue()
    package var lattice: [Unigram.Arrival] = []
}
