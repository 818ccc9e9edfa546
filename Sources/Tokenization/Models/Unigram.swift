/// Unigram: the cut of a text whose pieces have the largest sum of log-probabilities (Viterbi).
///
/// Source: Kudo, “Subword Regularization” (ACL 2018); SentencePiece's model type `unigram`.
package struct Unigram: Sendable {
    /// The best way found so far to arrive at a byte.
    package struct Arrival {
        package var score = 0.0
        package var start: Int32 = -1
        package var id: Int32 = -1
    }

    /// What an unknown character costs beside the rarest piece (SentencePiece's constant).
    private static let unknownPenalty = 10.0

    package let vocabulary: Vocabulary
    package let unknownID: Int32?
    /// Log-probability of each id.
    private let scores: [Double]
    private let unknownScore: Double
    /// Ids of `<0x00>`…`<0xFF>`; empty without byte fallback.
    private let byteIDs: [Int32?]

    package init(vocabulary: Vocabulary, scores: [Double], unknownID: Int32?, fallsBackToBytes: Bool) {
        self.vocabulary = vocabulary
        self.scores = scores
        self.unknownID = unknownID
        unknownScore = (scores.min() ?? 0) - Unigram.unknownPenalty
        byteIDs = fallsBackToBytes ? (0...255).map { vocabulary.id(of: ByteToken.text(of: $0)) } : []
    }

    /// Appends the ids of a word.
    ///
    /// Characters that no piece covers become unknown tokens, one for each run of them; without an unknown token
    /// (which loading refuses unless all characters are covered by bytes) they vanish.
    package func encode(_ bytes: [UInt8], word: Range<Int>, scratch: inout ScratchSpace, into ids: inout [Int32]) {
        findBestArrivals(bytes, word, &scratch.lattice)
        let first = ids.count
        var end = word.count
        var runEnd = -1
        while end > 0 {
            let arrival = scratch.lattice[end]
            let start = Int(arrival.start)
            guard start >= 0 else { break }
            if arrival.id >= 0, arrival.id != unknownID {
                if runEnd >= 0 { appendUnknown(bytes, word, end..<runEnd, to: &ids) }
                runEnd = -1
                ids.append(arrival.id)
            } else if runEnd < 0 {
                runEnd = end
            }
            end = start
        }
        if runEnd >= 0 { appendUnknown(bytes, word, 0..<runEnd, to: &ids) }
        ids[first...].reverse()
    }

    private func findBestArrivals(_ bytes: [UInt8], _ word: Range<Int>, _ lattice: inout [Arrival]) {
        lattice.removeAll(keepingCapacity: true)
        lattice.append(contentsOf: repeatElement(Arrival(), count: word.count + 1))
        var at = word.lowerBound
        while at < word.upperBound {
            let offset = at - word.lowerBound
            let characterEnd = at + decodeScalar(bytes, at: at, end: word.upperBound).byteCount
            let score = lattice[offset].score
            var isCovered = false
            var node = ByteTrie.root
            var end = at
            while end < word.upperBound, let next = vocabulary.trie.child(of: node, byte: bytes[end]) {
                node = next
                end += 1
                guard let id = vocabulary.trie.value(at: node) else { continue }
                let candidate = Arrival(
                    score: scores[Int(id)] + score, start: Int32(truncatingIfNeeded: offset), id: id)
                improve(&lattice[end - word.lowerBound], by: candidate)
                if end == characterEnd { isCovered = true }
            }
            if !isCovered {
                let candidate = Arrival(
                    score: unknownScore + score, start: Int32(truncatingIfNeeded: offset), id: unknownID ?? -1)
                improve(&lattice[characterEnd - word.lowerBound], by: candidate)
            }
            at = characterEnd
        }
    }

    @inline(__always)
    private func improve(_ arrival: inout Arrival, by candidate: Arrival) {
        if arrival.start < 0 || candidate.score > arrival.score { arrival = candidate }
    }

    /// Appends what stands for a run of unknown characters, back to front as everything here.
    private func appendUnknown(_ bytes: [UInt8], _ word: Range<Int>, _ run: Range<Int>, to ids: inout [Int32]) {
        let text = bytes[word.lowerBound + run.lowerBound..<word.lowerBound + run.upperBound]
        if let id = vocabulary.trie[text] {
            ids.append(id)
            return
        }
        if !byteIDs.isEmpty {
            let spelled = text.compactMap { byteIDs[Int($0)] }
            if spelled.count == text.count {
                ids.append(contentsOf: spelled.reversed())
                return
            }
        }
        if let unknownID { ids.append(unknownID) }
    }
}
