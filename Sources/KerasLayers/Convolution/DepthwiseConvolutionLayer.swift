import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// Windows of each channel alone (`DepthwiseConv`), and where asked for a product of all channels after them
/// (`SeparableConv`).
enum DepthwiseConvolutionLayer: KerasLayerClass {
    static let names = [
        "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D",
        "SeparableConvolution2D",
    ]
    static let options: Set<String>? = [
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation",
        "use_bias", "depth_multiplier",
    ]
    static let acceptsLeadingAxes = true

    private static func isSeparable(_ layer: KerasLayer) -> Bool { layer.className.hasPrefix("Separable") }

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let kernels = isSeparable(layer) ? ["depthwise_kernel", "pointwise_kernel"] : ["kernel"]
        return [VariableGroup("", kernels + (layer.flag("use_bias", default: true) ? ["bias"] : []))]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let windows = try GridWindows(call), grid = try windows.grid(in: &builder)
        if let groups = call.config["groups"]?.intValue, groups != 1 {
            throw call.unsupported("\"groups\" is \(groups)")
        }
        let multiplier = call.has("depth_multiplier") ? try call.size("depth_multiplier") : 1
        let (width, overflow) = grid.value.width.multipliedReportingOverflow(by: multiplier)
        guard !overflow, width <= GraphLimit.extent else { throw call.corrupt("\"depth_multiplier\" is \(multiplier)") }
        let sliding = try windows.windows(
            sizes: try windows.numbers("kernel_size"), strides: try windows.numbers("strides", default: 1),
            dilations: try windows.numbers("dilation_rate", default: 1))
        let hasBias = call.flag("use_bias", default: true), separable = isSeparable(call.layer)
        let stored = builder.variables.tensors(of: call.path)
        let expected = sliding.map(\.size) + [grid.value.width, multiplier]
        guard let kernel = stored.first, kernel.shape.extents == expected else {
            let shape = stored.first.map { "\($0.shape)" } ?? "missing"
            throw call.corrupt("the kernel of its channels is \(shape), expected \(expected)")
        }
        // Channel after channel, as groups of one: the order in which the kernel is stored.
        var parameters: [String: ParameterSource] = ["weight": .stored(kernel)]
        if hasBias, !separable { parameters["bias"] = try builder.vector(of: call, number: 1, count: width) }
        let convolution = Convolution(
            grid: grid.extents, windows: windows.leading(sliding), inputWidth: grid.value.width, outputWidth: width,
            hasBias: hasBias && !separable, groups: grid.value.width)
        var value = try builder.convolved(
            convolution, windows, grid, parameters, part: separable ? "depthwise" : "")
        if separable {
            let filters = try call.size("filters")
            var parameters = ["weight": try builder.vector(of: call, number: 1, count: width * filters)]
            if hasBias { parameters["bias"] = try builder.vector(of: call, number: 2, count: filters) }
            value.name = builder.add(
                .linear(Linear(inputWidth: width, outputWidth: filters, hasBias: hasBias)), [value.name], to: call,
                parameters)
            value.width = filters
        }
        let result = try builder.activated(value, by: call.config["activation"], for: call, part: "activation")
        return [.tensor(try windows.finished(result, grid, in: &builder))]
    }
}
