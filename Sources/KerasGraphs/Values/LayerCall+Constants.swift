import Platform

extension LayerCall {
    /// The call with every constant array as a tensor of the graph, as layers see it.
    ///
    /// - Throws: `unsupported` for a constant that differs between the sequences of a batch.
    package func withTensors(in builder: inout KerasGraphBuilder) throws(Problem) -> LayerCall {
        guard arguments.contains(where: \.holdsArray) || keywords.values.contains(where: \.holdsArray) else {
            return self
        }
        let tensors = arguments.flatMap(\.tensors)
        // A tensor with numbers along rows only tells how a constant beside it lies.
        let columnRank = tensors.filter { $0.axes.last?.isRows ?? false }.map { $0.axes.count + 1 }.max()
        var positional: [KerasValue] = []
        for argument in arguments {
            positional.append(try argument.withTensors(columnRank, call: self, &builder))
        }
        var named: [String: KerasValue] = [:]
        for (name, argument) in keywords.sorted(by: { $0.key < $1.key }) {
            // A mask `[queries, keys]` is the same for every sequence.
            if name == "attention_mask", let array = argument.array, array.shape.count == 2, !array.isBatched {
                named[name] = .tensor(try builder.materialized(array, rank: 3, isColumn: false, for: self))
            } else {
                named[name] = try argument.withTensors(columnRank, call: self, &builder)
            }
        }
        return LayerCall(
            layer: layer, path: path, node: node, arguments: positional, keywords: named, generation: generation,
            leadingAxes: leadingAxes)
    }
}

extension KerasValue {
    /// Whether an array is among what is handed in.
    fileprivate var holdsArray: Bool {
        switch self {
        case .array: true
        case .list(let elements): elements.contains(where: \.holdsArray)
        case .named(let members): members.values.contains(where: \.holdsArray)
        default: false
        }
    }

    fileprivate func withTensors(
        _ columnRank: Int?, call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> KerasValue {
        switch self {
        case .array(let array):
            return .tensor(
                try builder.materialized(array, rank: 0, isColumn: columnRank == array.shape.count, for: call))
        case .list(let elements):
            var values: [KerasValue] = []
            for element in elements { values.append(try element.withTensors(columnRank, call: call, &builder)) }
            return .list(values)
        case .named(let members):
            var values: [String: KerasValue] = [:]
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                values[name] = try member.withTensors(columnRank, call: call, &builder)
            }
            return .named(values)
        default: return self
        }
    }
}
