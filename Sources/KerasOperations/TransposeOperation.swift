import JSON
import KerasGraphs
import Platform

/// Axes in another order.
enum TransposeOperation: KerasOperation {
    static let functions = ["transpose"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let rank = try call.input().axes.count + 1
        let given = call[1, "perm"]
        let listed: [Int?]
        switch given {
        case .list(let elements): listed = elements.map(\.integer)
        case .array(let array): listed = array.values.map { Int(exactly: $0) }
        case .constant(let value) where !value.isNull: listed = (value.arrayValue ?? []).map(\.boundedInteger)
        default: listed = (call.config["axes"]?.arrayValue ?? []).map(\.boundedInteger)
        }
        let order = listed.compactMap { $0 }.map { $0 < 0 ? $0 + rank : $0 }
        guard order.count == listed.count, order.first == 0 else {
            throw call.unsupported("axes in the order \(listed.map { $0.map(String.init) ?? "?" })")
        }
        return .tensor(try builder.permuted(try call.input(), order.dropFirst().map { $0 - 1 }, for: call))
    }
}
