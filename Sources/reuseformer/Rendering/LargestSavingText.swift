import Reporting
import ReuseTransformers

/// The most that reuse can save of a model, for the terminal.
enum LargestSavingText {
    /// One row a currency; `nil` for a model in which nothing can be saved.
    static func describe(_ inspection: ModelInspection) -> String? {
        guard let largest = inspection.largest, largest.maps.least < largest.maps.now else { return nil }
        let measure = inspection.totals?.isFixed == true ? "of one input" : "at \(largest.tokens) tokens"
        var table = TextTable([.init("largest saving by reuse", .left), .init("now"), .init("least"), .init("saved")])
        func add(_ name: String, _ change: ModelInspection.LargestSaving.Change, _ text: (Int) -> String) {
            table.append([name, text(change.now), text(change.least), Format.percent(change.saved)])
        }
        add("attention maps", largest.maps) { "\($0)" }
        add("multiply-adds \(measure)", largest.multiplyAdds) { Format.short(Double($0)) }
        add("  of attention alone", largest.attention) { Format.short(Double($0)) }
        add("bytes of weights, float32", largest.bytes) { Format.bytes($0) }
        let growth =
            largest.canGrow
            ? "\nLayers share weights: plans that treat them differently make the file larger."
            : ""
        return table.text
            + "\nPredicted from multiply-adds: at most \(Format.fixed(largest.predictedSpeedup, 2)) × as fast.\(growth)"
    }
}
