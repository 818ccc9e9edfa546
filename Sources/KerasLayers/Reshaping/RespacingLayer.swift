import JSON
import KerasGraphs
import ModelGraph
import Platform

/// Rows repeated, zeros around them, or rows cut off at the edges.
enum RespacingLayer: KerasLayerClass {
    static let names = ["UpSampling", "ZeroPadding", "Cropping"].flatMap { name in ["1D", "2D", "3D"].map { name + $0 }
    }
    static let options: Set<String>? = ["size", "length", "padding", "cropping", "interpolation", "data_format"]
    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let windows = try GridWindows(call), grid = try windows.grid(in: &builder)
        let axes: [Respacing.Axis]
        if call.layer.className.hasPrefix("UpSampling") {
            if let interpolation = call.config["interpolation"], !interpolation.isNull,
                interpolation != .string("nearest")
            {
                throw call.unsupported("\"interpolation\" is \(interpolation.shortDescription)")
            }
            axes = try windows.numbers(call.has("size") ? "size" : "length", default: 2).map { .init(times: $0) }
        } else {
            let isPadding = call.layer.className.hasPrefix("ZeroPadding")
            let edges = try edges(isPadding ? "padding" : "cropping", call, rank: windows.rank)
            axes = edges.map { before, after in
                .init(before: isPadding ? before : -before, after: isPadding ? after : -after)
            }
        }
        let leading = [Respacing.Axis](repeating: .init(), count: call.leadingAxes)
        let result = try builder.respaced(Respacing(grid: grid.extents, axes: leading + axes), windows, grid)
        return [.tensor(try windows.finished(result.value, grid, in: &builder))]
    }

    /// Numbers of rows before and after each axis: one for all, one an axis, or a pair an axis.
    private static func edges(_ key: String, _ call: LayerCall, rank: Int) throws(Problem) -> [(Int, Int)] {
        let found = call.config[key] ?? .integer(1)
        func pair(_ value: JSONValue) throws(Problem) -> (Int, Int) {
            let numbers = value.arrayValue?.map(\.intValue) ?? [value.intValue, value.intValue]
            let known = numbers.compactMap { $0 }.filter { (0...1 << 20).contains($0) }
            guard known.count == 2, numbers.count == 2 else {
                throw call.corrupt("\"\(key)\" is \(found.shortDescription)")
            }
            return (known[0], known[1])
        }
        // The pair of a single axis stands there without a list around it.
        guard let list = found.arrayValue, rank > 1 || list.count == 1 else {
            return [(Int, Int)](repeating: try pair(found), count: rank)
        }
        guard list.count == rank else { throw call.corrupt("\"\(key)\" is \(found.shortDescription)") }
        var result: [(Int, Int)] = []
        for element in list { result.append(try pair(element)) }
        return result
    }
}
