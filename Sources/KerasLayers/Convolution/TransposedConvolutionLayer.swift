import ArchitectureSpecs
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// A convolution the other way: each row gives a window of rows, which add up where they meet.
///
/// In the graph rows are set apart by zeros, and windows with the kernel turned around slide over them.
enum TransposedConvolutionLayer: KerasLayerClass {
    static let names = [
        "Conv1DTranspose", "Conv2DTranspose", "Convolution1DTranspose", "Convolution2DTranspose",
    ]
    static let options: Set<String>? = [
        "filters", "kernel_size", "strides", "padding", "output_padding", "data_format", "dilation_rate",
        "activation", "use_bias",
    ]
    static let acceptsLeadingAxes = true

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        [.kernel(hasBias: layer.flag("use_bias", default: true))]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let windows = try GridWindows(call)
        var grid = try windows.grid(in: &builder)
        if call.has("output_padding") { throw call.unsupported("\"output_padding\" is set") }
        let sizes = try windows.numbers("kernel_size"), strides = try windows.numbers("strides", default: 1)
        let dilations = try windows.numbers("dilation_rate", default: 1)
        guard dilations.allSatisfy({ $0 == 1 }) else { throw call.unsupported("\"dilation_rate\" is \(dilations)") }
        let filters = try call.size("filters"), hasBias = call.flag("use_bias", default: true)
        let width = grid.value.width
        let isSame = call.config["padding"] == .string("same")
        guard isSame || (call.config["padding"] ?? .string("valid")) == .string("valid") else {
            throw call.unsupported("\"padding\" is \((call.config["padding"] ?? .null).shortDescription)")
        }
        let axes = zip(sizes, strides).map { size, stride -> Respacing.Axis in
            // So many rows of the result would stand before the first and behind the last that are kept.
            let beyond = max(size - stride, 0), cut = isSame ? beyond / 2 : 0
            let after = isSame ? beyond - cut : 0
            // Zeros behind the last row are there already, as many as strides leave.
            return Respacing.Axis(
                times: stride, isRepeated: false, before: size - 1 - cut, after: max(size - stride, 0) - after)
        }
        let respacing = Respacing(
            grid: grid.extents,
            axes: [Respacing.Axis](repeating: .init(), count: grid.extents.isEmpty ? 0 : call.leadingAxes) + axes)
        grid = try builder.respaced(respacing, windows, grid, part: "apart")

        let kernel = try turnedKernel(call, sizes: sizes, width: width, filters: filters, in: builder)
        var parameters: [String: ParameterSource] = ["weight": kernel]
        if hasBias { parameters["bias"] = try builder.vector(of: call, number: 1, count: filters) }
        let convolution = Convolution(
            grid: grid.extents, windows: windows.leading(sizes.map { Window(size: $0) }), inputWidth: width,
            outputWidth: filters, hasBias: hasBias)
        let value = try builder.convolved(convolution, windows, grid, parameters)
        let result = try builder.activated(value, by: call.config["activation"], for: call, part: "activation")
        return [.tensor(try windows.finished(result, grid, in: &builder))]
    }

    /// `[window, filters, channels]` as stored, as `[window · channels, filters]` with the window turned around.
    private static func turnedKernel(
        _ call: LayerCall, sizes: [Int], width: Int, filters: Int, in builder: KerasGraphBuilder
    ) throws(Problem) -> ParameterSource {
        let expected = sizes + [filters, width]
        guard let stored = builder.variables.tensors(of: call.path).first, stored.shape.extents == expected else {
            throw call.corrupt("its kernel is missing or not of the shape \(expected)")
        }
        let places = sizes.reduce(1, *), shape: Shape = [places * width, filters]
        return .computed(
            .init(names: [stored.name], shape: shape) { tensors in
                let kernel = tensors[0].floats
                return Tensor(shape: shape) { target in
                    for place in 0..<places {
                        for channel in 0..<width {
                            for filter in 0..<filters {
                                // All axes turned around: the order of all places reversed.
                                target[(place * width + channel) * filters + filter] =
                                    kernel[((places - 1 - place) * filters + filter) * width + channel]
                            }
                        }
                    }
                }
            })
    }
}

extension KerasGraphBuilder {
    /// Rows of a grid at other places.
    mutating func respaced(
        _ respacing: Respacing, _ windows: GridWindows, _ grid: GridWindows.Grid, part: String = ""
    ) throws(Problem) -> GridWindows.Grid {
        let rows = respacing.axes.first.flatMap { resolved(grid.value.rows).applying(respacing: $0) }
        guard grid.extents.isEmpty ? rows != nil : respacing.resultGrid != nil else {
            throw windows.call.corrupt("nothing is left of \(grid.value.shapeText)")
        }
        let name = add(.respacing(respacing), [grid.value.name], to: windows.call, part: part)
        var result = grid
        result.extents = respacing.resultGrid ?? []
        result.value = try windows.result(
            grid, name: name, rows: rows, extents: result.extents, width: grid.value.width, in: &self)
        return result
    }
}
