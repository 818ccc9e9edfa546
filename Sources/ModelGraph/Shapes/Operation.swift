/// What a node computes. Operations are few and transformer-sized; fusing them is the Runtime's business.
///
/// A value holds rows of one width: one row a token (`[batch, tokens, width]`), one row a sequence (`[batch, width]`),
/// or rows along another axis (`RowSpace`).
package enum Operation: Sendable, Hashable {
    /// Token, position and type tables summed. Inputs: token ids, and type ids where the operation has types.
    case embedding(Embedding)
    /// Layer norm or RMS norm over the last axis.
    case norm(Norm)
    /// `x · weight + bias`.
    case linear(Linear)
    /// A function of each element.
    case activation(Activation)
    /// Sum of two or more values of one shape; rows of sequences and single columns stand for as many as are needed.
    case add
    /// `activation(first) · second`, elementwise (gated feed-forward).
    case gate(Activation)
    /// Multi-head attention with its four projections. Inputs: the queries' stream, and for cross-attention the memory.
    case attention(Attention)
    /// One row a sequence from several. Inputs: the rows, and where given a mask of width 1 (0: does not count).
    case pooling(Pooling)
    /// Windows of rows times one matrix.
    case convolution(Convolution)
    /// Values put one after the other, along the rows or along the width.
    case concatenate(Concatenation)
    /// Each sequence's numbers under another shape.
    case rearrange(Rearrangement)
    /// A part of a value.
    case slice(Slice)
    /// Product of two or more values, elementwise; shapes as for `add`.
    case multiply
    /// A factor and an offset for each column.
    case affine(Affine)
    /// Softmax over each row.
    case softmax
    /// Each row as a layer that was quantised at run time sees it.
    case round(Rounding)
    /// Rows that are the model's own.
    case table(Table)
    /// 1 for each row that has an element unlike this one, 0 for the others: the mask of padding ids or frames.
    case mask(hidden: Float)
    /// A mask told by token ids. Input: the ids.
    case tokenMask(TokenMask)
    /// A function of each element, of one value or of several; shapes as for `add`.
    case elementwise(Elementwise)
    /// The maps of an attention node as a value: those of one head after the other, a row a query, a column a key.
    /// Input: the attention node.
    case maps
    /// The smaller of two or more values, elementwise; shapes as for `add`.
    case minimum
    /// The larger of two or more values, elementwise; shapes as for `add`.
    case maximum
    /// A cell that goes through the rows one after the other. Inputs: the rows, where it has one a mask of width 1 (0:
    /// passed over), where it has them the states that it starts from, one row a sequence each.
    case recurrent(Recurrent)
    /// The largest or the mean row of each window.
    case localPooling(LocalPooling)
    /// Rows of a grid at other places: repeated, set apart, padded with zeros, cut off.
    case respacing(Respacing)
    /// The product of two matrices of each sequence.
    case matrixProduct(MatrixProduct)
    /// Numbers made into shares of a whole, or their logarithms.
    case distribution(Distribution)
    /// Which tokens of a sequence are merged. Input: the attention node whose keys are compared.
    case matching(TokenMatching)
    /// Rows that a matching merges.
    case merge(TokenMerge)
    /// The first input's rows where the largest number of a row is ahead of the second largest by at least so much, the
    /// third's elsewhere: the scores of an exit. Inputs: scores that are made of the second input, a value of the stack
    /// that the model goes on with; it; scores that the rest of the model makes of it. One row a sequence.
    case exit(margin: Float)

    /// Name in documents.
    package var kind: String {
        switch self {
        case .embedding: "embedding"
        case .norm: "norm"
        case .linear: "linear"
        case .activation: "activation"
        case .add: "add"
        case .gate: "gate"
        case .attention: "attention"
        case .pooling: "pooling"
        case .convolution: "convolution"
        case .concatenate: "concatenate"
        case .rearrange: "rearrange"
        case .slice: "slice"
        case .multiply: "multiply"
        case .affine: "affine"
        case .softmax: "softmax"
        case .round: "round"
        case .table: "table"
        case .mask: "mask"
        case .tokenMask: "token_mask"
        case .elementwise: "elementwise"
        case .maps: "maps"
        case .minimum: "minimum"
        case .maximum: "maximum"
        case .recurrent: "recurrent"
        case .localPooling: "local_pooling"
        case .respacing: "respacing"
        case .matrixProduct: "matrix_product"
        case .distribution: "distribution"
        case .matching: "token_matching"
        case .merge: "token_merge"
        case .exit: "exit"
        }
    }

    /// Name and shape of each parameter, in storage order.
    package var parameters: [Parameter] {
        switch self {
        case .embedding(let operation): operation.parameters
        case .norm(let operation): operation.parameters
        case .linear(let operation): operation.parameters
        case .attention(let operation): operation.parameters
        case .convolution(let operation): operation.parameters
        case .affine(let operation): operation.parameters
        case .table(let operation): operation.parameters
        case .recurrent(let operation): operation.parameters
        case .activation, .add, .gate, .pooling, .concatenate, .rearrange, .slice, .multiply, .softmax,
            .round, .mask, .tokenMask, .minimum, .maximum, .localPooling, .respacing, .matrixProduct, .distribution,
            .elementwise, .maps, .matching, .merge, .exit:
            []
        }
    }
}

/// How one row a sequence is made from one row a token.
package enum Pooling: String, Sendable, Hashable, Codable, CaseIterable {
    /// The row of the first position, whether the mask shows it or not.
    case first
    /// The row of the last visible token.
    case last
    /// Mean of the visible tokens' rows.
    case mean
    /// Maximum of the visible tokens' rows, for each column.
    case max
    /// Sum of the visible tokens' rows, divided by the square root of their number.
    case meanSquareRoot = "mean_square_root"
    /// Mean of the visible tokens' rows, the token of position `i`, counted from 0, `i + 1` times.
    case weightedMean = "weighted_mean"

    /// Whether a mask among the values may say which rows count: it has no say in which row is the first or the last.
    package var takesMask: Bool { self != .first && self != .last }
}

/// Lookup of token rows, with learned positions and token types where the model has them.
///
/// Parameters: `tokens` `[vocabulary, width]`, `positions` `[count, width]`, `types` `[types, width]`.
package struct Embedding: Sendable, Hashable, Codable {
    /// How positions are numbered.
    package enum Numbering: String, Sendable, Hashable, Codable {
        /// 0, 1, 2 … whatever the mask.
        case sequential
        /// Counted over ids that are not the padding id; padding itself gets `offset - 1`
        /// (RoBERTa: offset = padding id + 1).
        case skippingPadding = "skipping_padding"
        /// Counted over the positions that the mask shows.
        case visible
    }

    /// A learned table of positions.
    package struct Positions: Sendable, Hashable, Codable {
        /// Rows of the table.
        package var count: Int
        /// Row of the first position.
        package var offset: Int
        /// How positions are numbered.
        package var numbering: Numbering

        package init(count: Int, offset: Int = 0, numbering: Numbering = .sequential) {
            self.count = count
            self.offset = offset
            self.numbering = numbering
        }
    }

    /// Rows of the table of tokens.
    package var vocabulary: Int
    /// Width of every row.
    package var width: Int
    /// The table of positions; `nil`: the model has none here.
    package var positions: Positions?
    /// Rows of the table of token types; 0 for none.
    package var types: Int
    /// Factor on the token rows.
    package var scale: Float
    /// The id that stands for padding, where positions are numbered by it.
    package var paddingID: Int?
    /// Each row looks up the id before its own, and the first one this: a decoder that reads the text itself, shifted.
    /// Only of a text's own ids.
    package var shiftedFrom: Int?

    package init(
        vocabulary: Int, width: Int, positions: Positions? = nil, types: Int = 0, scale: Float = 1,
        paddingID: Int? = nil, shiftedFrom: Int? = nil
    ) {
        self.vocabulary = vocabulary
        self.width = width
        self.positions = positions
        self.types = types
        self.scale = scale
        self.paddingID = paddingID
        self.shiftedFrom = shiftedFrom
    }

    var parameters: [Parameter] {
        var result = [Parameter("tokens", [vocabulary, width])]
        if let positions { result.append(Parameter("positions", [positions.count, width])) }
        if types > 0 { result.append(Parameter("types", [types, width])) }
        return result
    }
}

/// Normalisation of each row. Parameters: `scale` `[width]`, `offset` `[width]` (layer norm, where the model has one).
package struct Norm: Sendable, Hashable, Codable {
    /// Which norm.
    package enum Kind: String, Sendable, Hashable, Codable {
        /// Mean and variance are taken out, `(x − mean) / √(variance + ε) · scale + offset`.
        case layer
        /// `x / √(mean of x² + ε) · scale`.
        case rms
        /// `x / √max(sum of x², ε)`: rows of length 1. It has no parameters.
        case unit
    }

    // "kind" is the operation's own key in documents.
    private enum CodingKeys: String, CodingKey { case kind = "norm", width, epsilon, hasOffset, scaleOffset }

    /// Which norm.
    package var kind: Kind
    /// Width of a row.
    package var width: Int
    /// Added to the variance.
    package var epsilon: Float
    /// Whether an offset is added.
    package var hasOffset: Bool
    /// Added to the stored scale (Gemma stores `scale - 1`).
    package var scaleOffset: Float

    package init(kind: Kind = .layer, width: Int, epsilon: Float, hasOffset: Bool = true, scaleOffset: Float = 0) {
        self.kind = kind
        self.width = width
        self.epsilon = epsilon
        self.hasOffset = hasOffset
        self.scaleOffset = scaleOffset
    }

    var parameters: [Parameter] {
        kind == .unit
            ? [] : [Parameter("scale", [width])] + (hasOffset ? [Parameter("offset", [width])] : [])
    }
}

/// `x · weight + bias`. Parameters: `weight` `[inputWidth, outputWidth]`, `bias` `[outputWidth]`.
package struct Linear: Sendable, Hashable, Codable {
    /// Width of the input's rows.
    package var inputWidth: Int
    /// Width of the result's rows.
    package var outputWidth: Int
    /// Whether a bias is added.
    package var hasBias: Bool

    package init(inputWidth: Int, outputWidth: Int, hasBias: Bool = true) {
        self.inputWidth = inputWidth
        self.outputWidth = outputWidth
        self.hasBias = hasBias
    }

    var parameters: [Parameter] {
        [Parameter("weight", [inputWidth, outputWidth])] + (hasBias ? [Parameter("bias", [outputWidth])] : [])
    }
}
