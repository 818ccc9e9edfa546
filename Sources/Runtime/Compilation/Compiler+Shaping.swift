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

    /// Registers the graph's own inputs, and loads those that are read as values.
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
        guard let tokens = indices.first ?? nil else {
            guard let start = embedding.shiftedFrom else { return .text }
            schedule.shiftedFrom = Int32(start)
            return .shiftedText
        }
        if schedule.inputs[tokens].positions == nil {
            schedule.inputs[tokens].positions = embedding.positions
            schedule.inputs[tokens].paddingID = embedding.paddingID
        }
        return .inputs(tokens: tokens, types: indices.count > 1 ? indices[1] : nil)
    }

    /// Drafts a mask told by ids.
    mutating func add(_ mask: TokenMask, _ node: Node) throws(RuntimeError) {
        let out = try result(of: node.name)
        let source: EmbedStep.Source
        if let tokens = schedule.inputs.firstIndex(where: { $0.name == node.inputs.first }) {
            source = .inputs(tokens: tokens, types: nil)
        } else {
            source = .text
            schedule.readsText = true
        }
        append(.tokenMask(source, mask, out), reads: [], writes: out, of: node.name)
    }

    /// Whether a node's inputs differ in shape, so that some stand for several rows or columns.
    func spreads(_ node: Node) -> Bool { Set(node.inputs.map { shapes[$0] }).count > 1 }

    /// Drafts a sum or a product of several values, or their extremes.
    mutating func add(_ combination: Combination, _ node: Node) throws(RuntimeError) {
        let sources = try inputs(node), out = try result(of: node.name)
        if spreads(node) { return append(.spread(sources, combination, out), reads: sources, writes: out) }
        let step: RowStep =
            switch combination {
            case .sum: .add(sources, out)
            case .product: .multiply(sources, out)
            case .minimum: .extreme(sources, isMaximum: false, out)
            case .maximum: .extreme(sources, isMaximum: true, out)
            }
        append(step, reads: sources, writes: out, of: node.name)
    }

    /// Drafts a product of matrices.
    mutating func add(_ product: MatrixProduct, _ node: Node) throws(RuntimeError) {
        let left = try input(node, 0), right = try input(node, 1), out = try result(of: node.name)
        append(.matrices(product, left, right, out), reads: [left, right], writes: out)
    }

    /// Drafts shares along the rows or along each row.
    mutating func add(_ distribution: Distribution, _ node: Node) throws(RuntimeError) {
        let source = try input(node, 0), out = try result(of: node.name)
        guard distribution.along == .width else {
            return append(.distribute(source, distribution.function, out), reads: [source], writes: out)
        }
        append(.distribute(source, distribution.function, out), reads: [source], writes: out, of: node.name)
    }

    /// Drafts a convolution: its windows side by side, and their product with the weights.
    mutating func add(_ convolution: Convolution, _ node: Node) throws(RuntimeError) {
        let source = try input(node, 0)
        guard let rows = shapes[node.name]?.rows else { throw .unknownValue(node.name) }
        let gathered = register(
            .rows(axis: axis(of: rows)), width: convolution.windowSize * convolution.inputWidth)
        append(.windows(convolution, source, gathered), reads: [source], writes: gathered)
        guard convolution.groups == 1 else { return try appendGrouped(convolution, windows: gathered, node) }
        let packed = PackedLinear(
            weight: try tensor(node, "weight"), bias: try optionalTensor(node, "bias", if: convolution.hasBias),
            packing: packing)
        try appendProduct(.floats(packed), input: gathered, node: node)
    }

    /// Drafts a concatenation.
    mutating func add(_ along: Concatenation, _ node: Node) throws(RuntimeError) {
        let sources = try inputs(node), out = try result(of: node.name)
        guard along == .width else { return append(.rows(sources, out), reads: sources, writes: out) }
        var column = 0
        let ranges = sources.map { source in
            let width = schedule.slots[source.index].width
            defer { column += width }
            return ColumnRange(source: source, from: 0, to: column, count: width)
        }
        append(.columns(ranges, out), reads: sources, writes: out, of: node.name)
    }

    /// Drafts a slice of rows or of columns.
    mutating func add(_ slice: Slice, _ node: Node) throws(RuntimeError) {
        let source = try input(node, 0), out = try result(of: node.name)
        guard slice.axis == .width else { return append(.slice(slice, source, out), reads: [source], writes: out) }
        let range = slice.range(of: schedule.slots[source.index].width) ?? 0..<0
        let columns =
            slice.step == 1
            ? [ColumnRange(source: source, from: range.lowerBound, to: 0, count: range.count)]
            : stride(from: range.lowerBound, to: range.upperBound, by: slice.step).enumerated().map { number, column in
                ColumnRange(source: source, from: column, to: number, count: 1)
            }
        append(.columns(columns, out), reads: [source], writes: out, of: node.name)
    }

    /// Drafts an affine step, its constants folded into one factor and one summand a column.
    mutating func add(_ affine: Affine, _ node: Node) throws(RuntimeError) {
        let source = try input(node, 0), out = try result(of: node.name)
        let step = AffineStep(
            scale: folded(try optionalTensor(node, "scale", if: affine.hasScale), affine.width) {
                ($0 ?? 1) * affine.factor
            },
            offset: folded(try optionalTensor(node, "offset", if: affine.hasOffset), affine.width) {
                ($0 ?? 0) + affine.shift
            },
            input: source, out: out)
        append(.affine(step), reads: [source], writes: out, of: node.name)
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
        let pairs = masking.pairs ? schedule.inputs.firstIndex { $0.name == names.last && $0.layout.isPairs } : nil
        let sizes = try next(if: masking.hasSizes)
        // A mask of pairs that is no input is a value with one column a key.
        let pairValue = masking.pairs && pairs == nil ? try input(node, node.inputs.count - 1) : nil
        let out = register(.maps(space: space), width: 0)
        let step = MaskStep(
            queries: queries, keys: keys, pairs: pairs, pairValue: pairValue, sizes: sizes,
            isCausal: attention.mask.isCausal,
            window: attention.mask.window, penalty: masking.hiding == .penalized ? -1e9 : -.infinity, space: space,
            out: out)
        let reads = [queries, keys, pairValue, sizes].compactMap(\.self)
        drafts.append(Draft(work: .mask(step), reads: reads, writes: [out]))
        addedMasks[key] = out
        return out
    }
}
