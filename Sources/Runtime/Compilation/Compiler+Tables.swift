import ModelGraph

extension Compiler {
    /// A node's table, values of 8 bits and of bfloat16 as they are stored: none are ever decoded but those of rows
    /// that are looked up. What is stored otherwise is decoded now rather than at each look-up.
    func table(_ node: Node, _ name: String, if present: Bool = true) throws(RuntimeError) -> LookUpTable? {
        guard present else { return nil }
        if let stored = model.quantized(node, name), stored.isOfRows, !stored.isTransposed {
            return LookUpTable(values: stored.values, scale: stored.scale)
        }
        let values = try tensor(node, name)
        return LookUpTable(values: values.dtype == .bfloat16 ? values : values.float32(), scale: nil)
    }
}
