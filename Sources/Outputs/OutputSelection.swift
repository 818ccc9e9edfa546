/// Which of a model's results are wanted, as a padded batch under the framework's names.
package struct OutputSelection: OptionSet, Sendable, Hashable {
    /// One bit a result.
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// `hidden_states` `[layers + 1, batch, tokens, width]` and `last_hidden_state` `[batch, tokens, width]`; of an
    /// encoder–decoder `encoder_hidden_states`, `decoder_hidden_states`, `encoder_last_hidden_state`.
    package static let hidden = OutputSelection(rawValue: 1)
    /// `attentions_<i>` `[batch, heads, tokens, tokens]` for each attention node in execution order; of an
    /// encoder–decoder of Hugging Face `encoder_attentions_<i>`, `decoder_attentions_<i>` and `cross_attentions_<i>`.
    package static let attentions = OutputSelection(rawValue: 2)
    /// `logits` and other outputs of heads.
    package static let logits = OutputSelection(rawValue: 4)
    /// `pooler_output` and other values with one row a sequence that are no logits.
    package static let pooled = OutputSelection(rawValue: 8)
    /// Everything that a model gives.
    package static let all: OutputSelection = [.hidden, .attentions, .logits, .pooled]
}
