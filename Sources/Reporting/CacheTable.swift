import Verification

/// What decoding keeps of each layer, source against converted model.
package enum CacheTable {
    /// One row a layer, then the sums.
    package static func table(of cache: CacheStudy) -> TextTable {
        var table = TextTable(
            [
                .init("layer", .left), .init("kept for", .left), .init("keys, source"), .init("keys, converted"),
                .init("values, source"), .init("values, converted"),
            ], caption: "Bytes that decoding keeps, layer by layer")
        func cells(_ source: CacheStudy.Row, _ converted: CacheStudy.Row) -> [String] {
            [source.keys, converted.keys, source.values, converted.values].map(Format.count)
        }
        for layer in cache.layers {
            table.append([layer.node, name(layer.isMemory)] + cells(layer.source, layer.converted))
        }
        for isMemory in [false, true] {
            let (source, converted) = cache.total(ofMemory: isMemory)
            guard source.keys + source.values > 0 else { continue }
            table.append(["all", name(isMemory)] + cells(source, converted), mark: .strong)
        }
        return table
    }

    private static func name(_ isMemory: Bool) -> String { isMemory ? "a row of the source" : "a token" }
}
