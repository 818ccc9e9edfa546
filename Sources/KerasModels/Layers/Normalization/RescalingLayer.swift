import Platform

/// `x · scale + offset` with numbers of the configuration.
enum RescalingLayer: KerasLayerClass {
    static let names = ["Rescaling"]

    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let factor = try call.number("scale", default: 1), shift = try call.number("offset", default: 0)
        return [.tensor(builder.scaled(try call.input(), factor: factor, shift: shift, for: call))]
    }
}
