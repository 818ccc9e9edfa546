import KerasGraphs
import Platform

/// Everything behind the batch in one row.
enum FlattenLayer: KerasLayerClass {
    static let names = ["Flatten"]
    static let options: Set<String>? = ["data_format"]
    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        if call.hasChannelsFirst, input.axes.count > 1 {
            throw call.unsupported("flattens channels that stand first")
        }
        if call.leadingAxes > 0 {
            let extents = input.extents
            var count = 1
            for extent in extents.dropFirst(call.leadingAxes) {
                let (product, overflow) = count.multipliedReportingOverflow(by: extent ?? 0)
                guard !overflow, product > 0 else {
                    throw call.unsupported("flattens \(input.shapeText), whose length differs between sequences")
                }
                count = product
            }
            return [.tensor(try builder.reshaped(input, to: extents.prefix(call.leadingAxes) + [count], for: call))]
        }
        guard let count = input.count else {
            throw call.unsupported("flattens \(input.shapeText), whose length differs between sequences")
        }
        return [.tensor(try builder.reshaped(input, to: [count], for: call))]
    }
}
