/// Memory that a model's steps reuse from word to word, one per call of `encode`.
struct ScratchSpace {
    var symbols: [BytePairEncoding.Symbol] = []
    var candidates = MergeQueue()
    var lattice: [Unigram.Arrival] = []
}
