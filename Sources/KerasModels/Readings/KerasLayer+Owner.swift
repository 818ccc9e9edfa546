import KerasFiles
import KerasOperations

extension KerasLayer {
    /// Whether the class may be one that the model's owner wrote: none of a framework's or library's.
    var mayBeOwners: Bool {
        guard className != "InputLayer", inner == nil, !isOperation, !FamilyLayer.isFamily(self) else { return false }
        if isForeign { return !isPublished }
        if let module, !["__main__", "builtins"].contains(module) { return false }
        return !isPublished && !Self.frameworkClasses.contains(className)
    }

    /// Whether a library publishes it.
    private var isPublished: Bool {
        if isOfHub { return true }
        let package = className.split(separator: ">").first.map(String.init) ?? ""
        return className.contains(">")
            && ["Text", "Vision", "Beta", "keras_hub", "keras_nlp", "keras_cv", "Addons"].contains(package)
    }

    /// Layers of Keras itself, of all releases: such a name in a configuration is the framework's class.
    private static let frameworkClasses: Set<String> = [
        "AbstractRNNCell", "Activation", "ActivityRegularization", "AdaptiveAveragePooling1D",
        "AdaptiveAveragePooling2D", "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "Add", "AdditiveAttention",
        "AlphaDropout", "Attention", "AugMix", "AutoContrast", "Average", "AveragePooling1D", "AveragePooling2D",
        "AveragePooling3D", "AvgPool1D", "AvgPool2D", "AvgPool3D", "BatchNormalization", "BatchNormalizationV1",
        "Bidirectional", "CategoryEncoding", "CenterCrop", "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D",
        "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Convolution1D",
        "Convolution2D", "Convolution3D", "Cropping1D", "Cropping2D", "Cropping3D", "CuDNNGRU", "CuDNNLSTM", "CutMix",
        "Dense", "DenseFeatures", "DepthwiseConv1D", "DepthwiseConv2D", "Discretization", "Dot", "Dropout", "ELU",
        "EinsumDense", "Embedding", "Equalization", "Flatten", "FlaxLayer", "GELU", "GRU", "GRUCell", "GaussianDropout",
        "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
        "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D", "GlobalMaxPool1D", "GlobalMaxPool2D",
        "GlobalMaxPool3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GroupNormalization",
        "GroupQueryAttention", "GroupedQueryAttention", "HashedCrossing", "Hashing", "Identity", "InputLayer",
        "InputSpec", "IntegerLookup", "JaxLayer", "LSTM", "LSTMCell", "Lambda", "LayerNormalization", "LeakyReLU",
        "LocallyConnected1D", "LocallyConnected2D", "Masking", "MaxNumBoundingBoxes", "MaxPool1D", "MaxPool2D",
        "MaxPool3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "Maximum", "MelSpectrogram", "Minimum", "MixUp",
        "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute", "Pipeline", "RMSNormalization", "RNN",
        "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast",
        "RandomCrop", "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur",
        "RandomGrayscale", "RandomHeight", "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization",
        "RandomRotation", "RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomWidth",
        "RandomZoom", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Resizing", "ReversibleEmbedding",
        "STFTSpectrogram", "SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D",
        "SimpleRNN", "SimpleRNNCell", "SlicingOpLambda", "Softmax", "Solarization", "SpatialDropout1D",
        "SpatialDropout2D", "SpatialDropout3D", "SpectralNormalization", "StackedRNNCells", "StringLookup", "Subtract",
        "SyncBatchNormalization", "TFOpLambda", "TFSMLayer", "TextVectorization", "ThresholdedReLU", "TimeDistributed",
        "TorchModuleWrapper", "UnitNormalization", "UpSampling1D", "UpSampling2D", "UpSampling3D", "Wrapper",
        "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
    ]
}
