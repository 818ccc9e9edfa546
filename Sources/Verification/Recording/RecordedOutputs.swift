/// Hidden states, logits and maps of one text, picture or other input, copied out of a run.
///
/// Rows that a mask hides are left out.
struct RecordedOutputs: Sendable {
    /// One attention map, `[queries, keys]`.
    struct Map: Sendable {
        /// Query rows.
        let rows: Int
        let elements: [Float]
    }

    /// An output that holds numbers, row by row.
    struct Numbers: Sendable {
        let name: String
        let rows: Int
        let elements: [Float]
    }

    /// Last hidden states, row by row; of an encoder–decoder the decoder's.
    var hidden: [Float] = []
    /// Rows of `hidden`.
    var tokens = 0
    /// Logits, one row a token or one row for all of it; empty for models without.
    var logits: [Float] = []
    var logitRows = 0
    /// The embedding that the model's files define; empty for models without.
    var embedding: [Float] = []
    /// Outputs that hold numbers, in the order of the model's.
    var numbers: [Numbers] = []
    /// Attention maps that were asked for, in the order of the heads.
    var maps: [Map?] = []

    /// The embedding, or the mean of the visible tokens' rows; empty for a text without tokens.
    var pooled: [Double] {
        guard embedding.isEmpty else { return embedding.map(Double.init) }
        guard tokens > 0 else { return [] }
        let width = hidden.count / tokens
        var sums = [Double](repeating: 0, count: width)
        for row in 0..<tokens {
            for column in 0..<width { sums[column] += Double(hidden[row * width + column]) }
        }
        return sums.map { $0 / Double(tokens) }
    }
}
