import JSON
import KerasGraphs
import ModelGraph
import Platform

extension LayerCall {
    /// What an attention layer takes its queries from, and its keys and values; a tensor `[batch, 1, width]` has one
    /// row.
    func attentionStreams(
        in builder: inout KerasGraphBuilder
    ) throws(Problem) -> (query: LayerValue, memory: LayerValue, key: LayerValue?) {
        if let axes = config["attention_axes"], !axes.isNull, axes != .array([.integer(1)]), axes != .integer(1) {
            throw unsupported("attends along axes \(axes.shortDescription)")
        }
        var rows: [LayerValue: LayerValue] = [:]
        func stream(
            _ value: KerasValue, _ name: String, _ builder: inout KerasGraphBuilder
        ) throws(Problem) -> LayerValue {
            guard let tensor = value.tensor else { throw unsupported("the \(name) is no tensor that is followed") }
            if let made = rows[tensor] { return made }
            let made = builder.rowed(tensor, for: self)
            guard made.isStream else { throw unsupported("attends over a tensor \(tensor.shapeText)") }
            rows[tensor] = made
            return made
        }
        let query = try stream(self[0, "query"], "query", &builder)
        let memory = try stream(self[1, "value"], "value", &builder)
        guard case let given = self[2, "key"], !given.isNone else { return (query, memory, nil) }
        let key = try stream(given, "key", &builder)
        if key.isSame(as: memory) { return (query, memory, nil) }
        guard builder.unify(key.rows, memory.rows) else {
            throw corrupt("keys \(key.shapeText) for values \(memory.shapeText)")
        }
        return (query, memory, key)
    }

    /// What an attention layer takes its queries from, and its keys and values.
    func attentionStreams() throws(Problem) -> (query: LayerValue, memory: LayerValue) {
        let query = try stream(self[0, "query"], "query"), memory = try stream(self[1, "value"], "value")
        if case let key = self[2, "key"], !key.isNone, try !stream(key, "key").isSame(as: memory) {
            throw unsupported("keys and values are made from different tensors")
        }
        if let axes = config["attention_axes"], !axes.isNull, axes != .array([.integer(1)]), axes != .integer(1) {
            throw unsupported("attends along axes \(axes.shortDescription)")
        }
        return (query, memory)
    }

    private func stream(_ value: KerasValue, _ name: String) throws(Problem) -> LayerValue {
        guard let tensor = value.tensor else { throw unsupported("the \(name) is no tensor that is followed") }
        guard tensor.isStream else { throw unsupported("attends over a tensor \(tensor.shapeText)") }
        return tensor
    }

    /// Width of an attention layer's result.
    func attentionWidth(of query: LayerValue) throws(Problem) -> Int {
        if let width = config["output_width"]?.intValue, (1...GraphLimit.extent).contains(width) { return width }
        guard let shape = config["output_shape"], !shape.isNull else { return query.width }
        let extents = shape.arrayValue ?? [shape]
        guard extents.count == 1, let width = extents[0].intValue, (1...GraphLimit.extent).contains(width) else {
            throw unsupported("\"output_shape\" is \(shape.shortDescription)")
        }
        return width
    }
}
