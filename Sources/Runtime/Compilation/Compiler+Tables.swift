import ModelGraph

extension Compiler {
    /// A node's table, 8-bit values as they are stored: none are ever decoded but those of rows that are looked up.
    func table(_ node: Node, _ name: String, if present: Bool = true) throws(RuntimeError) -> LookUpTable? {
        guard present else { return nil }
        if let stored = model.quantized(node, name), stored.isOfRows, !stored.isTransposed {
            return LookUpTable(values: stored.values, scale: stored.scale)
        }
        return LookUpTable(values: try tensor(node, name), scale: nil)
    }
}
