/// Ids of the tokens that have a role in a model; `nil` where the tokenizer has none.
package struct SpecialTokens: Sendable, Hashable {
    /// Fills up sequences to equal length.
    package var pad: Int32?
    /// Stands where a masked language model shall guess.
    package var mask: Int32?
    /// Stands for what the vocabulary cannot spell.
    package var unk: Int32?
    /// Starts a sequence in BERT-like models; its output represents the whole.
    package var cls: Int32?
    /// Ends a text, or stands between two.
    package var sep: Int32?
    /// Begins a sequence.
    package var bos: Int32?
    /// Ends a sequence.
    package var eos: Int32?

    /// Roles and their ids; what is not given, the tokenizer does not have.
    package init(
        pad: Int32? = nil, mask: Int32? = nil, unk: Int32? = nil, cls: Int32? = nil, sep: Int32? = nil,
        bos: Int32? = nil, eos: Int32? = nil
    ) {
        self.pad = pad
        self.mask = mask
        self.unk = unk
        self.cls = cls
        self.sep = sep
        self.bos = bos
        self.eos = eos
    }
}

/// The roles a token can have, by the names of `special_tokens_map.json`.
package enum SpecialRole: String, CaseIterable, Sendable {
    case pad = "pad_token"
    case mask = "mask_token"
    case unk = "unk_token"
    case cls = "cls_token"
    case sep = "sep_token"
    case bos = "bos_token"
    case eos = "eos_token"

    /// The order in which the reference gives ids to those that the vocabulary lacks.
    package static let addingOrder: [SpecialRole] = [.bos, .eos, .unk, .sep, .pad, .cls, .mask]

    /// Where the id is kept.
    package var keyPath: WritableKeyPath<SpecialTokens, Int32?> & Sendable {
        switch self {
        case .pad: \.pad
        case .mask: \.mask
        case .unk: \.unk
        case .cls: \.cls
        case .sep: \.sep
        case .bos: \.bos
        case .eos: \.eos
        }
    }

    /// Spellings to look for where no file names the token, the most common family first.
    package var usualContents: [String] {
        switch self {
        case .pad: ["[PAD]", "<pad>"]
        case .mask: ["[MASK]", "<mask>"]
        case .unk: ["[UNK]", "<unk>"]
        case .cls: ["[CLS]"]
        case .sep: ["[SEP]"]
        case .bos: ["<s>", "<|endoftext|>"]
        case .eos: ["</s>", "<|endoftext|>"]
        }
    }
}
