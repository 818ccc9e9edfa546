import ModelGraph
import Platform

/// One row a sequence: the mean or the maximum of all rows.
enum GlobalPoolingLayer: KerasLayerClass {
    static let names = [
        "GlobalAveragePooling1D", "GlobalAvgPool1D", "GlobalMaxPooling1D", "GlobalMaxPool1D", "GlobalAveragePooling2D",
        "GlobalAvgPool2D", "GlobalMaxPooling2D", "GlobalMaxPool2D",
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        var input = builder.rowed(try call.input(), for: call)
        let isMean = !call.layer.className.contains("Max")
        let isFirst = call.hasChannelsFirst
        if isFirst { input = try builder.transposed(input, for: call) }
        guard input.axes.last == .width, input.rows != .sequences else {
            throw call.unsupported("pools a tensor \(input.shapeText)")
        }
        // A maximum is taken over all rows, hidden ones too.
        let mask = isMean && !isFirst ? call.keywords["mask"]?.tensor?.name ?? input.mask : nil
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
}
