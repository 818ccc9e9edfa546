import Tokenization

/// The pairs that a SentencePiece BPE model joins, in the order in which the reference's converter writes them.
enum SentencePieceMerges {
    private struct Entry {
        let left: Int32
        let right: Int32
        let id: Int32
        let score: Double
        let lengths: (Int, Int)
        /// Place among all, in the order of pieces and then of the parts' ids.
        let place: Int
    }

    /// - Parameters:
    ///   - pieces: What the tokenizer knows, in the order of ids.
    ///   - model: Whose own pieces may be parts.
    static func table(
        _ pieces: [SentencePieceModel.Piece], of model: SentencePieceModel, _ vocabulary: Vocabulary
    ) -> MergeTable {
        var known: [[UInt8]: Int] = [:]
        for (index, piece) in model.pieces.enumerated() { known[piece.text] = index }
        var entries: [Entry] = []
        for (index, piece) in pieces.enumerated() {
            var found: [(order: (Int, Int), left: Int32, right: Int32, lengths: (Int, Int))] = []
            for cut in piece.text.indices.dropFirst() where piece.text[cut] & 0xC0 != 0x80 {
                let parts = (Array(piece.text[..<cut]), Array(piece.text[cut...]))
                guard let first = known[parts.0], let second = known[parts.1],
                    let left = vocabulary.id(of: parts.0), let right = vocabulary.id(of: parts.1)
                else { continue }
                found.append(((first, second), left, right, (parts.0.scalarCount, parts.1.scalarCount)))
            }
            found.sort { $0.order < $1.order }
            for pair in found {
                entries.append(
                    Entry(
                        left: pair.left, right: pair.right, id: Int32(clamping: index), score: piece.score,
                        lengths: pair.lengths, place: entries.count))
            }
        }
        // The likeliest first; of equals the longer left part, then the longer right one.
        entries.sort { first, second in
            let (mine, other) = (first.lengths, second.lengths)
            return (second.score, other.0, other.1, first.place) < (first.score, mine.0, mine.1, second.place)
        }
        var table = MergeTable(expecting: entries.count)
        for (rank, entry) in entries.enumerated() {
            _ = table.insert(entry.left, entry.right, .init(rank: Int32(clamping: rank), id: entry.id))
        }
        return table
    }
}

extension [UInt8] {
    fileprivate var scalarCount: Int { reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 } }
}
