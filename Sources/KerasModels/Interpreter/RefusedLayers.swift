import KerasFiles

/// Layers that are known and not computed here, with the reason.
enum RefusedLayers {
    private static let reasons: [String: String] = [
        "TextVectorization": texts, "StringLookup": texts, "Hashing": texts, "HashedCrossing": texts,
        "Lambda": "holds a program, which is never run",
        "TFSMLayer": "is a program of TensorFlow, which is never run",
        "keras_hub>FNetEncoder": "mixes rows by Fourier transforms: it has no attention",
        "keras_nlp>FNetEncoder": "mixes rows by Fourier transforms: it has no attention",
    ]

    private static let texts = "takes texts, and models take numbers here: hand in what it makes of them"

    /// Why a layer is refused; `nil` for one that is not known at all.
    static func reason(for layer: KerasLayer) -> String? { reasons[layer.qualifiedClassName] }
}
