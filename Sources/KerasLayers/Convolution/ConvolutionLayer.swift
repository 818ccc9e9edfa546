import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// Windows over rows, over the positions of an image, or over those of a volume; in groups of channels where asked for.
enum ConvolutionLayer: KerasLayerClass {
    static let names = ["Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D"]
    static let options: Set<String>? = [
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation",
        "use_bias", "lora_rank",
    ]
    static let acceptsLeadingAxes = true

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        [.kernel(hasBias: layer.flag("use_bias", default: true))]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["lora_rank"])
        let windows = try GridWindows(call), grid = try windows.grid(in: &builder)
        let filters = try call.size("filters"), hasBias = call.flag("use_bias", default: true)
        let groups = call.has("groups") ? try call.size("groups") : 1
        guard grid.value.width.isMultiple(of: groups), filters.isMultiple(of: groups) else {
            throw call.corrupt("\(grid.value.width) and \(filters) channels in \(groups) groups")
        }
        let sliding = try windows.windows(
            sizes: try windows.numbers("kernel_size"), strides: try windows.numbers("strides", default: 1),
            dilations: try windows.numbers("dilation_rate", default: 1))
        let parameters = try builder.kernel(
            of: call, shape: sliding.map(\.size) + [grid.value.width / groups, filters], bias: hasBias ? filters : nil)
        let convolution = Convolution(
            grid: grid.extents, windows: windows.leading(sliding), inputWidth: grid.value.width, outputWidth: filters,
            hasBias: hasBias, groups: groups)
        let value = try builder.convolved(convolution, windows, grid, parameters)
        let result = try builder.activated(value, by: call.config["activation"], for: call, part: "activation")
        return [.tensor(try windows.finished(result, grid, in: &builder))]
    }
}

extension KerasGraphBuilder {
    /// Adds a convolution over a grid.
    mutating func convolved(
        _ convolution: Convolution, _ windows: GridWindows, _ grid: GridWindows.Grid,
        _ parameters: [String: ParameterSource], part: String = ""
    ) throws(Problem) -> LayerValue {
        let rows = convolution.windows.first.flatMap { resolved(grid.value.rows).applying(.windows($0)) }
        guard grid.extents.isEmpty ? rows != nil : convolution.resultGrid != nil else {
            throw windows.call.corrupt("no window fits into \(grid.value.shapeText)")
        }
        let name = add(.convolution(convolution), [grid.value.name], to: windows.call, part: part, parameters)
        return try windows.result(
            grid, name: name, rows: rows, extents: convolution.resultGrid ?? [], width: convolution.outputWidth,
            in: &self)
    }
}
