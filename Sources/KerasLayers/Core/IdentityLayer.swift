import KerasGraphs
import Platform

/// Layers that change nothing once training is over.
enum IdentityLayer: KerasLayerClass {
    static let names = [
        "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise",
        "AlphaDropout",
        "ActivityRegularization", "Identity", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation",
        "RandomContrast", "RandomBrightness", "RandomCrop",
    ]

    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        if call.layer.className == "RandomCrop" { throw call.unsupported("cuts its input also when it does not train") }
        return [call.first]
    }
}
