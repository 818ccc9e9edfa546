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

    /// How much, and in what way, training changes the input.
    static let options: Set<String>? = [
        "l1", "l2", "factor", "height_factor", "width_factor", "fill_mode", "fill_value", "interpolation", "mode",
        "data_format", "value_range", "lower", "upper", "height", "width", "bounding_box_format",
    ]
    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        if call.layer.className == "RandomCrop" { throw call.unsupported("cuts its input also when it does not train") }
        return [call.first]
    }
}
