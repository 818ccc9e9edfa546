import KerasGraphs

/// The layer classes that are built in, by family: a new class is a file of its own and a line here.
package enum BuiltInLayers {
    /// All families.
    package static let all =
        dense + embedding + attention + normalization + activation + convolution + pooling + merging
        + reshaping + masking + preprocessing + recurrent + wrappers + other

    private static let dense: [any KerasLayerClass.Type] = [
        DenseLayer.self,
        EinsumDenseLayer.self,
    ]

    private static let embedding: [any KerasLayerClass.Type] = [
        EmbeddingLayer.self,
        ReversibleEmbeddingLayer.self,
        SinePositionLayer.self,
    ]

    private static let attention: [any KerasLayerClass.Type] = [
        MultiHeadAttentionLayer.self,
        GroupedQueryAttentionLayer.self,
        ReuseAttentionLayer.self,
        CachedAttentionLayer.self,
        RotaryEmbeddingLayer.self,
        MatrixAttentionLayer.self,
        PlainAttentionLayer.self,
    ]

    private static let normalization: [any KerasLayerClass.Type] = [
        LayerNormalizationLayer.self,
        RMSNormalizationLayer.self,
        UnitNormalizationLayer.self,
        GroupNormalizationLayer.self,
        BatchNormalizationLayer.self,
        NormalizationLayer.self,
        RescalingLayer.self,
    ]

    private static let activation: [any KerasLayerClass.Type] = [
        ActivationLayer.self,
        PReLULayer.self,
        SoftmaxLayer.self,
    ]

    private static let convolution: [any KerasLayerClass.Type] = [
        ConvolutionLayer.self,
        DepthwiseConvolutionLayer.self,
        TransposedConvolutionLayer.self,
    ]

    private static let pooling: [any KerasLayerClass.Type] = [
        GlobalPoolingLayer.self,
        LocalPoolingLayer.self,
    ]

    private static let merging: [any KerasLayerClass.Type] = [
        MergeLayer.self,
        ConcatenateLayer.self,
        DotLayer.self,
    ]

    private static let reshaping: [any KerasLayerClass.Type] = [
        ReshapeLayer.self,
        FlattenLayer.self,
        PermuteLayer.self,
        RepeatVectorLayer.self,
        RespacingLayer.self,
    ]

    private static let masking: [any KerasLayerClass.Type] = [
        MaskingLayer.self
    ]

    private static let preprocessing: [any KerasLayerClass.Type] = [
        DiscretizationLayer.self,
        CategoryEncodingLayer.self,
        IntegerLookupLayer.self,
        ResizingLayer.self,
        CenterCropLayer.self,
    ]

    private static let recurrent: [any KerasLayerClass.Type] = [
        RecurrentLayer.self,
        BidirectionalLayer.self,
    ]

    private static let wrappers: [any KerasLayerClass.Type] = [
        TimeDistributedLayer.self
    ]

    private static let other: [any KerasLayerClass.Type] = [
        IdentityLayer.self
    ]
}
