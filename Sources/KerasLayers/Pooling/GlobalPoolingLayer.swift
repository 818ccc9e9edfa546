import KerasGraphs
import ModelGraph
import Platform

/// One row a sequence: the mean or the maximum of all rows. Where a layer does not see the first axes, one a place of
/// theirs.
enum GlobalPoolingLayer: KerasLayerClass {
    static let names = [
        "GlobalAveragePooling1D", "GlobalAvgPool1D", "GlobalMaxPooling1D", "GlobalMaxPool1D", "GlobalAveragePooling2D",
        "GlobalAvgPool2D", "GlobalMaxPooling2D", "GlobalMaxPool2D", "GlobalAveragePooling3D", "GlobalAvgPool3D",
        "GlobalMaxPooling3D", "GlobalMaxPool3D",
    ]
    static let options: Set<String>? = ["data_format", "keepdims"]
    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        var input = builder.rowed(try call.input(), for: call)
        let isMean = !call.layer.className.contains("Max")
        let isFirst = call.hasChannelsFirst
        if call.leadingAxes > 0 { return [.tensor(try atEachPlace(call, isMean: isMean, in: &builder))] }
        if isFirst, input.axes.count != 2 || !call.layer.className.hasSuffix("1D") {
            return [.tensor(try atEachPlace(call, isMean: isMean, in: &builder))]
        }
        if isFirst { input = try builder.transposed(input, for: call) }
        guard input.axes.last == .width, input.rows != .sequences else {
            throw call.unsupported("pools a tensor \(input.shapeText)")
        }
        // A maximum is taken over all rows, hidden ones too.
        let given = isMean && !isFirst ? call[1, "mask"].tensor : nil
        if let given, !given.isColumn { throw call.unsupported("a mask \(given.shapeText), not one number a row") }
        let mask = isMean && !isFirst ? given?.name ?? input.mask : nil
        var result = input
        result.name = builder.add(
            .pooling(isMean ? .mean : .max), [input.name] + (mask.map { [$0] } ?? []), to: call)
        result.rows = .sequences
        result.mask = nil
        let keepsAxes = call.flag("keepdims", default: false)
        result.axes = keepsAxes ? input.axes.map { $0.isRows ? .one : $0 } : [.width]
        if isFirst, keepsAxes { throw call.unsupported("keeps axes while channels stand first") }
        return [.tensor(result)]
    }

    /// As windows that cover all that the layer sees.
    private static func atEachPlace(
        _ call: LayerCall, isMean: Bool, in builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let windows = try GridWindows(call), grid = try windows.grid(in: &builder)
        guard !grid.extents.isEmpty else { throw call.unsupported("pools a tensor \(grid.value.shapeText)") }
        let all = grid.extents.suffix(windows.rank).map { Window(size: $0) }
        var value = try builder.pooled(
            LocalPooling(isMean ? .mean : .max, grid: grid.extents, windows: windows.leading(all)), windows, grid)
        let leading = Array(value.axes.prefix(call.leadingAxes))
        let ones = [LayerValue.Axis](repeating: .one, count: windows.rank)
        if call.flag("keepdims", default: false) {
            value.axes = leading + ones + [.width]
            return try windows.finished(value, grid, in: &builder)
        }
        if leading.isEmpty, value.rows == .count(1) {
            // One row a sequence.
            value.name = builder.add(
                .rearrange(Rearrangement(extents: [value.width], rows: nil)), [value.name], to: call, part: "row")
            value.rows = .sequences
        }
        value.axes = leading + [.width]
        return value
    }
}
