import Platform

/// Everything behind the batch in one row.
enum FlattenLayer: KerasLayerClass {
    static let names = ["Flatten"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        if call.hasChannelsFirst, input.axes.count > 1 {
            throw call.unsupported("flattens channels that stand first")
        }
        guard let count = input.count else {
            throw call.unsupported("flattens \(input.shapeText), whose length differs between sequences")
        }
        return [.tensor(try builder.reshaped(input, to: [count], for: call))]
    }
}
