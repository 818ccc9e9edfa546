/// What a model's files ask of the tokens that it writes: which may not come, which must, which are made less likely.
///
/// Source: the parameters of `generation_config.json` in transformers, in whose order they are applied.
package struct GenerationRules: Sendable, Hashable {
    /// A token's score changes where the tokens before it are the others of a sequence.
    package struct Bias: Sendable, Hashable {
        /// The sequence; its last token is the one that changes.
        package var ids: [Int32]
        /// What is added to the logit.
        package var value: Float

        package init(ids: [Int32], value: Float) {
            self.ids = ids
            self.value = value
        }
    }

    /// A way to make a text's end likelier from some token on.
    package struct EndGrowth: Sendable, Hashable {
        /// New tokens without it.
        package var start: Int
        /// By which the ends' logits grow with each further token.
        package var factor: Double

        package init(start: Int, factor: Double) {
            self.start = start
            self.factor = factor
        }
    }

    /// Added to logits (`sequence_bias`); the files' forbidden sequences (`bad_words_ids`) are `forbidden`.
    package var biases: [Bias] = []
    /// Makes tokens of the source likelier where above 1 (`encoder_repetition_penalty`).
    package var sourcePenalty: Float = 1
    /// Makes tokens that were read or written less likely where above 1 (`repetition_penalty`).
    package var repetitionPenalty: Float = 1
    /// Sequences so long come once only; 0: no bound (`no_repeat_ngram_size`).
    package var repeatedLength = 0
    /// Sequences so long may not come from the source; 0: no bound (`encoder_no_repeat_ngram_size`).
    package var copiedLength = 0
    /// Sequences that never come (`bad_words_ids`).
    package var forbidden: [[Int32]] = []
    /// No end before the text has so many tokens, those that it goes on from counted (`min_length`).
    package var minimumLength = 0
    /// No end before so many new tokens (`min_new_tokens`).
    package var minimumNewTokens = 0
    /// The first token of a text that starts with one (`forced_bos_token_id`).
    package var firstID: Int32?
    /// Of which the last token is one, where the limit ends a text (`forced_eos_token_id`).
    package var lastIDs: [Int32] = []
    /// Whether logits that are no finite numbers are taken for finite ones (`remove_invalid_values`).
    package var replacesInvalid = false
    /// (`exponential_decay_length_penalty`).
    package var endGrowth: EndGrowth?
    /// Tokens that never come (`suppress_tokens`).
    package var suppressed: [Int32] = []
    /// The only tokens that may come; empty: any. For choices that are no text: the language of a recording.
    package var allowed: [Int32] = []
    /// Tokens that do not come first (`begin_suppress_tokens`).
    package var suppressedAtBeginning: [Int32] = []

    /// Nothing is asked for.
    package init() {}

    /// Whether nothing is asked for.
    package var isEmpty: Bool { self == GenerationRules() }
}
