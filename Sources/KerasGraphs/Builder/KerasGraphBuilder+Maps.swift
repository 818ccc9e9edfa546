import ModelGraph
import Platform

extension KerasGraphBuilder {
    /// Attention maps as a tensor `[batch, heads, queries, keys]`.
    ///
    /// - Parameters:
    ///   - wanted: Name of the node.
    ///   - label: Who asks for them, for messages.
    package mutating func tensor(
        of maps: AttentionMaps, named wanted: String, label: String
    ) throws(Problem) -> LayerValue {
        guard let node = maps.heads.first?.node, let owner = nodes.last(where: { $0.name == node })?.attention,
            maps.heads == owner.heads.indices.map({ HeadID(node: node, head: $0) }),
            let queries = maps.queries.flatMap({ resolved($0).fixedCount }),
            let keys = maps.keys.flatMap({ resolved($0).fixedCount })
        else {
            throw Problem(
                .unsupported, "\(label): reads attention maps as a tensor, and their size differs between sequences")
        }
        let name = unusedName(wanted)
        nodes.append(Node(name: name, operation: .maps, inputs: [node]))
        let count = maps.heads.count
        let heads: [LayerValue.Axis] = maps.hasHeadAxis ? [count == 1 ? .one : .rows(count)] : []
        return LayerValue(
            name: name, axes: heads + [.rows(queries), .width], rows: .count(count * queries), width: keys)
    }
}

extension LayerCall {
    /// The call with attention maps as tensors of the graph, as all layers but attention see them.
    package func withMapTensors(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerCall {
        guard arguments.contains(where: \.holdsMaps) || keywords.values.contains(where: \.holdsMaps) else {
            return self
        }
        var positional: [KerasValue] = []
        for argument in arguments { positional.append(try argument.withMapTensors(for: self, &builder)) }
        var named: [String: KerasValue] = [:]
        for (name, argument) in keywords.sorted(by: { $0.key < $1.key }) {
            named[name] = try argument.withMapTensors(for: self, &builder)
        }
        return LayerCall(
            layer: layer, path: path, node: node, arguments: positional, keywords: named, generation: generation,
            leadingAxes: leadingAxes)
    }
}

extension KerasValue {
    fileprivate var holdsMaps: Bool {
        switch self {
        case .maps: true
        case .list(let elements): elements.contains(where: \.holdsMaps)
        default: false
        }
    }

    fileprivate func withMapTensors(
        for call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> KerasValue {
        switch self {
        case .maps(let maps):
            return .tensor(try builder.tensor(of: maps, named: call.node + "/maps", label: call.label))
        case .list(let elements):
            var values: [KerasValue] = []
            for element in elements { values.append(try element.withMapTensors(for: call, &builder)) }
            return .list(values)
        default: return self
        }
    }
}
