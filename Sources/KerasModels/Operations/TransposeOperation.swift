import JSON
import Platform

/// Axes in another order.
enum TransposeOperation: KerasOperation {
    static let functions = ["transpose"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let axes = call[1, "perm"].constant ?? call.config["axes"] ?? .null
        guard let order = axes.arrayValue?.compactMap(\.boundedInteger), order.first == 0 else {
            throw call.unsupported("axes in the order \(axes.shortDescription)")
        }
        return .tensor(try builder.permuted(try call.input(), order.dropFirst().map { $0 - 1 }, for: call))
    }
}
