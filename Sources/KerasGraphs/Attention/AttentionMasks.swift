import ModelGraph
import Platform

/// The masks of one call: those that the tensors carry, and the one handed in.
package struct AttentionMasks {
    /// One number a query, 0: hidden.
    private var queries: String?
    /// One number a key.
    private var keys: String?
    /// One number a pair of query and key.
    private var pairs: String?

    /// Values in the order in which attention takes them.
    package var inputs: [String] { [queries, keys, pairs].compactMap { $0 } }

    /// Has keys shown by a mask, where none is there yet.
    package mutating func showKeys(by mask: String) { keys = keys ?? mask }

    /// What the attention is told about them; `nil` without a mask.
    package func masking(
        hiding: Attention.Masking.Hiding, reported: Attention.Masking.Hiding? = nil
    ) -> Attention.Masking? {
        guard !inputs.isEmpty else { return nil }
        return Attention.Masking(
            queries: queries != nil, keys: keys != nil, pairs: pairs != nil, hiding: hiding, reported: reported)
    }

    /// Which masks that hang on the tensors count.
    package enum Implicit { case all, keys, none }

    /// - Parameters:
    ///   - maskPosition: Which argument of the call is the mask that is handed in.
    ///   - implicit: Which masks that hang on the tensors count.
    package init(
        _ call: LayerCall, query: LayerValue, memory: LayerValue, maskPosition: Int, implicit: Implicit = .all,
        in builder: inout KerasGraphBuilder
    ) throws(Problem) {
        var queryMasks = implicit == .all ? [query.mask].compactMap { $0 } : []
        var keyMasks = implicit != .none ? [memory.mask, call[2, "key"].tensor?.mask].compactMap { $0 } : []
        for (name, isQuery) in [("query_mask", true), ("value_mask", false), ("key_mask", false)] {
            guard let mask = call.keywords[name]?.tensor else { continue }
            guard mask.isColumn else { throw call.unsupported("\(name) is a tensor \(mask.shapeText)") }
            if isQuery { queryMasks.append(mask.name) } else { keyMasks.append(mask.name) }
        }
        if case let given = call[maskPosition, "attention_mask"], !given.isNone {
            guard let mask = given.tensor else { throw call.unsupported("its mask is no tensor that is followed") }
            try read(mask, call, query: query, memory: memory, &queryMasks, &keyMasks, &builder)
        }
        queries = builder.common(queryMasks, for: call, part: "query_mask")
        keys = builder.common(keyMasks, for: call, part: "key_mask")
    }

    /// A mask `[…, queries, keys]` where axes of extent 1 stand for all.
    private mutating func read(
        _ mask: LayerValue, _ call: LayerCall, query: LayerValue, memory: LayerValue, _ queryMasks: inout [String],
        _ keyMasks: inout [String], _ builder: inout KerasGraphBuilder
    ) throws(Problem) {
        let unknown = call.unsupported("a mask \(mask.shapeText) for \(query.shapeText) and \(memory.shapeText)")
        guard mask.axes.count >= 2, mask.axes.dropLast(2).allSatisfy({ $0 == .one }) else { throw unknown }
        let axes = Array(mask.axes.suffix(2))
        if axes[0] == .one {
            let column = try builder.column(mask, for: call, part: "mask")
            guard builder.unify(column.rows, memory.rows) else { throw unknown }
            keyMasks.append(column.name)
        } else if mask.width == 1, axes[0].isRows, axes[1] == .one || axes[1] == .width && memory.rows != .count(1) {
            guard builder.unify(mask.rows, query.rows) else { throw unknown }
            queryMasks.append(mask.name)
        } else {
            // One number a pair: only where an input of the model holds them.
            guard axes[0].isRows, axes[1] == .width else { throw unknown }
            if builder.markPairs(mask, rows: query.rows) {
                pairs = mask.name
                return
            }
            // … or a value that holds them side by side, as many as there are keys.
            guard builder.unify(mask.rows, query.rows), builder.resolved(memory.rows) == .count(mask.width) else {
                throw unknown
            }
            pairs = mask.name
        }
    }
}
