/// All tensors of a checkpoint, found by name. One name may stand for several copies of a shared variable.
package struct TensorCatalog: Sendable {
    /// In the checkpoint's own order.
    package let tensors: [StoredTensor]
    private let positions: [String: [Int]]

    package init(_ tensors: [StoredTensor]) {
        self.tensors = tensors
        positions = Dictionary(grouping: tensors.indices) { tensors[$0].name }
    }

    /// Names without repetition, in the checkpoint's order.
    package var names: [String] {
        tensors.indices.filter { positions[tensors[$0].name]?.first == $0 }.map { tensors[$0].name }
    }

    /// The tensor of a name: the first of its copies.
    package subscript(name: String) -> StoredTensor? { positions[name]?.first.map { tensors[$0] } }

    /// All copies of a name.
    package func copies(of name: String) -> [StoredTensor] { (positions[name] ?? []).map { tensors[$0] } }

    package func contains(_ name: String) -> Bool { positions[name] != nil }
}
