import JSON
import KerasGraphs
import ModelGraph
import Platform

/// The largest or the mean row of each window.
enum LocalPoolingLayer: KerasLayerClass {
    static let names = ["MaxPooling", "MaxPool", "AveragePooling", "AvgPool"].flatMap { name in
        ["1D", "2D", "3D"].map { name + $0 }
    }
    static let options: Set<String>? = ["pool_size", "pool_length", "strides", "padding", "data_format"]
    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let windows = try GridWindows(call), grid = try windows.grid(in: &builder)
        let key = call.has("pool_size") ? "pool_size" : "pool_length"
        let sizes = try windows.numbers(key, default: 2)
        var strides = sizes
        if call.has("strides") { strides = try windows.numbers("strides") }
        let sliding = try windows.windows(
            sizes: sizes, strides: strides, dilations: [Int](repeating: 1, count: windows.rank))
        let function: LocalPooling.Function = call.layer.className.hasPrefix("Max") ? .max : .mean
        let value = try builder.pooled(
            LocalPooling(function, grid: grid.extents, windows: windows.leading(sliding)), windows, grid)
        return [.tensor(try windows.finished(value, grid, in: &builder))]
    }
}

extension KerasGraphBuilder {
    /// Pools the windows of a grid.
    mutating func pooled(
        _ pooling: LocalPooling, _ windows: GridWindows, _ grid: GridWindows.Grid
    ) throws(Problem) -> LayerValue {
        let rows = pooling.windows.first.flatMap { resolved(grid.value.rows).applying(.windows($0)) }
        guard grid.extents.isEmpty ? rows != nil : pooling.resultGrid != nil else {
            throw windows.call.corrupt("no window fits into \(grid.value.shapeText)")
        }
        let name = add(.localPooling(pooling), [grid.value.name], to: windows.call)
        return try windows.result(
            grid, name: name, rows: rows, extents: pooling.resultGrid ?? [], width: grid.value.width, in: &self)
    }
}
