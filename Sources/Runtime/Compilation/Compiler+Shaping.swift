import ModelGraph
import Tensors

/// What a mask over scores is made of: attention nodes with the same masks share it.
struct MaskKey: Hashable {
    let inputs: [String]
    let masking: Attention.Masking
    let mask: Attention.Mask
    let space: Int
}

extension InputLayout {
    /// Whether the input's rows are a value of the graph, which nodes may read and callers observe.
    var isValue: Bool { !isPairs && mask == nil }
}

extension Compiler {
    /// Number of an axis, new ones appended.
    mutating func axis(of rows: RowSpace) -> Int {
        if let index = schedule.axes.firstIndex(of: rows) { return index }
        schedule.axes.append(rows)
        return schedule.axes.count - 1
    }

    /// Number of a map space, new ones appended.
    mutating func mapSpace(queries: Int, keys: Int) -> Int {
        let space = MapSpace(queryAxis: queries, keyAxis: keys)
        if let index = schedule.mapSpaces.firstIndex(of: space) { return index }
        schedule.mapSpaces.append(space)
        return schedule.mapSpaces.count - 1
    }

    /// Registers the graph's own inputs, and loads those that somebody reads as values.
    mutating func addInputs() throws(RuntimeError) {
        let graph = model.graph
        for name in graph.inputs {
            guard let layout = graph.inputLayouts[name] else { continue }
            let axis = axis(of: layout.rows)
            schedule.inputs.append(LaidOutInput(name: name, layout: layout, axis: axis))
            let isRead = liveness.nodes.contains { node in
                if case .embedding = node.operation { return false }
                return node.inputs.contains(name)
            }
            guard isRead || observation.values.contains(name), !layout.isPairs else { continue }
            if layout.mask != nil {
                throw .invalidModel(GraphError(.structure, name, "ids with a mask are read by embeddings only"))
            }
            let out = try result(of: name)
            let step = LoadStep(input: schedule.inputs.count - 1, axis: axis, out: out)
            append(.load(step), reads: [], writes: out, of: name)
        }
        let value = graph.hiddenStates.first ?? graph.attentionNodes.first?.name
        if let rows = value.flatMap({ shapes[$0]?.rows }) { schedule.primaryAxis = axis(of: rows) }
    }

    mutating func embedSource(_ embedding: Embedding, _ node: Node) -> EmbedStep.Source {
        let indices = node.inputs.map { name in schedule.inputs.firstIndex { $0.name == name } }
        guard let tokens = indices.first ?? nil else { return .text }
        if schedule.inputs[tokens].positions == nil {
            schedule.inputs[tokens].positions = embedding.positions
            schedule.inputs[tokens].paddingID = embedding.paddingID
        }
        return .inputs(tokens: tokens, types: indices.count > 1 ? indices[1] : nil)
    }

    /// Whether a node's inputs differ in shape, so that some stand for several rows or columns.
    func spreads(_ node: Node) -> Bool { Set(node.inputs.map { shapes[$0] }).count > 1 }

    /// Drafts the operations that change shapes, and the lesser ones over rows.
    mutating func addShaping(_ node: Node) throws(RuntimeError) {
        var sources: [Register] = []
        for index in node.inputs.indices { sources.append(try input(node, index)) }
        switch node.operation {
        case .convolution(let convolution):
            let packed = PackedLinear(
                weight: try tensor(node, "weight"), bias: try optionalTensor(node, "bias", if: convolution.hasBias),
                packing: packing)
            guard let rows = shapes[node.name]?.rows else { throw .unknownValue(node.name) }
            let gathered = register(
                .rows(axis: axis(of: rows)), width: convolution.windowPlaces * convolution.inputWidth)
            append(.windows(convolution, sources[0], gathered), reads: sources, writes: gathered)
            try appendProduct(packed, input: gathered, node: node)
        case .concatenate(.rows):
            let out = try result(of: node.name)
            append(.rows(sources, out), reads: sources, writes: out)
        case .concatenate(.width):
            let out = try result(of: node.name)
            var column = 0
            let ranges = sources.map { source in
                let width = schedule.slots[source.index].width
                defer { column += width }
                return ColumnRange(source: source, from: 0, to: column, count: width)
            }
            append(.columns(ranges, out), reads: sources, writes: out, of: node.name)
        case .rearrange(let rearrangement):
            let out = try result(of: node.name)
            append(.rearrange(rearrangement, sources[0], out), reads: sources, writes: out)
        case .slice(let slice) where slice.axis == .rows:
            let out = try result(of: node.name)
            append(.slice(slice, sources[0], out), reads: sources, writes: out)
        case .slice(let slice):
            let out = try result(of: node.name)
            let range = slice.range(of: schedule.slots[sources[0].index].width) ?? 0..<0
            let columns = ColumnRange(source: sources[0], from: range.lowerBound, to: 0, count: range.count)
            append(.columns([columns], out), reads: sources, writes: out, of: node.name)
        case .multiply:
            let out = try result(of: node.name)
            if spreads(node) {
                append(.spread(sources, isProduct: true, out), reads: sources, writes: out)
            } else {
                append(.multiply(sources, out), reads: sources, writes: out, of: node.name)
            }
        case .affine(let affine):
            let out = try result(of: node.name)
            let step = AffineStep(
                scale: folded(try optionalTensor(node, "scale", if: affine.hasScale), affine.width) {
                    ($0 ?? 1) * affine.factor
                },
                offset: folded(try optionalTensor(node, "offset", if: affine.hasOffset), affine.width) {
                    ($0 ?? 0) + affine.shift
                },
                input: sources[0], out: out)
            append(.affine(step), reads: sources, writes: out, of: node.name)
        case .softmax:
            let out = try result(of: node.name)
            append(.softmax(sources[0], out), reads: sources, writes: out, of: node.name)
        case .round(let rounding):
            let out = try result(of: node.name)
            append(.round(sources[0], rounding, out), reads: sources, writes: out, of: node.name)
        case .table(let table):
            let out = try result(of: node.name)
            append(.table(try tensor(node, "rows").float32(), offset: table.offset, out), reads: [], writes: out)
        case .mask(let hidden):
            let out = try result(of: node.name)
            append(.mask(sources[0], hidden: hidden, out), reads: sources, writes: out, of: node.name)
        case .embedding, .norm, .linear, .activation, .add, .gate, .attention, .pooling:
            break
        }
    }

    private func folded(_ tensor: Tensor?, _ width: Int, _ change: (Float?) -> Float) -> Tensor {
        let values = tensor?.floats
        return Tensor(shape: [width]) { target in
            for index in target.indices { target[index] = change(values?[index]) }
        }
    }

    /// The register of what a node's masks add to its scores; `nil` when it has none.
    mutating func addedMask(_ attention: Attention, _ node: Node, space: Int) throws(RuntimeError) -> Register? {
        guard let masking = attention.masking, masking.inputCount > 0 else { return nil }
        let names = Array(node.inputs.dropFirst(attention.streamCount))
        let key = MaskKey(inputs: names, masking: masking, mask: attention.mask, space: space)
        if let made = addedMasks[key] { return made }
        var index = attention.streamCount
        func next(if present: Bool) throws(RuntimeError) -> Register? {
            guard present else { return nil }
            defer { index += 1 }
            return try input(node, index)
        }
        let queries = try next(if: masking.queries), keys = try next(if: masking.keys)
        let pairs = masking.pairs ? schedule.inputs.firstIndex { $0.name == names.last } : nil
        let out = register(.maps(space: space), width: 0)
        let step = MaskStep(
            queries: queries, keys: keys, pairs: pairs, isCausal: attention.mask.isCausal,
            window: attention.mask.window, penalty: masking.hiding == .penalized ? -1e9 : -.infinity, space: space,
            out: out)
        drafts.append(Draft(work: .mask(step), reads: [queries, keys].compactMap { $0 }, writes: [out]))
        addedMasks[key] = out
        return out
    }
}
