import ModelGraph
import Platform

/// The mean or maximum of all rows.
enum ReductionOperation: KerasOperation {
    static let functions = ["reducemean", "mean", "reducemax", "max"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input()
        let keepsAxis = call.keywords["keepdims"]?.constant?.boolValue ?? call.flag("keepdims", default: false)
        guard input.isStream, call.axis == 1 || call.axis == -2 else {
            let axis = call.axis.map(String.init) ?? "?"
            throw call.unsupported("a mean or maximum of \(input.shapeText) along axis \(axis)")
        }
        var result = input.withoutMask
        let isMean = call.functionName.hasSuffix("mean")
        result.name = builder.add(.pooling(isMean ? .mean : .max), [input.name], to: call)
        result.rows = .sequences
        result.axes = keepsAxis ? [.one, .width] : [.width]
        return .tensor(result)
    }
}
