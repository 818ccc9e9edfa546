import CKernels
import ModelGraph
import Tensors

extension Compiler {
    /// Drafts an attention node: the head-major products, the maps with their consumers, the output projection.
    mutating func add(_ attention: Attention, _ node: Node) throws(RuntimeError) {
        let headSize = attention.paddedHeadSize, valueSize = attention.paddedValueSize
        schedule.largestHead = max(schedule.largestHead, headSize, valueSize)
        let source = try input(node, 0), memory = attention.isCross ? try input(node, 1) : source
        let queryAxis = schedule.axis(of: source), keyAxis = schedule.axis(of: memory)
        let space = mapSpace(queries: queryAxis, keys: keyAxis)
        let added = try addedMask(attention, node, space: space)
        let buffers = try appendProjections(attention, node, source: source, memory: memory)
        try appendHeadSteps(attention, node, buffers: buffers, headSize: headSize)
        keys[node.name] = KeyRows(
            buffer: buffers.key, first: buffers.keyOffset, count: attention.keyGroups.count, headSize: headSize)

        let kept = attention.keptHeads
        let context = register(.rows(axis: queryAxis), width: kept.count * valueSize)
        let units = makeUnits(attention, node, space: space, masksByPosition: added == nil)
        let additive = try additiveScores(attention, node, space: space)
        let isRounded = additive == nil && node.roundsMaps
        if isRounded {
            schedule.roundedReaders = units.reduce(schedule.roundedReaders) { max($0, $1.consumers.count) }
        }
        let step = AttentionStep(
            query: buffers.query, key: buffers.key, value: buffers.value, context: context, headSize: headSize,
            valueSize: valueSize, queryOffset: 0, keyOffset: buffers.keyOffset, valueOffset: buffers.valueOffset,
            mask: attention.mask, added: added, bias: try scoreBias(attention, node, headSize: headSize),
            softCap: attention.softCap ?? 0, isRounded: isRounded, additive: additive, queryAxis: queryAxis,
            keyAxis: keyAxis, space: space,
            units: units,
            node: node.name, index: schedule.attentionCount, keyCount: attention.keyGroups.count,
            valueCount: attention.valueGroups.count)
        schedule.attentionCount += 1
        var reads = [buffers.query, buffers.key, buffers.value] + (added.map { [$0] } ?? [])
        var writes = [context] + (additive.map { [$0.scores] } ?? [])
        for unit in units {
            if let keep = unit.keep { writes.append(keep) }
            if case .terms(let terms) = unit.origin { reads += terms.compactMap(\.map) }
        }
        drafts.append(Draft(work: .attention(step), reads: reads, writes: writes))
        if observation.contexts.contains(node.name) {
            schedule.contexts[node.name] = ContextLayout(
                register: context, heads: kept, valueSize: attention.valueSize, paddedValueSize: valueSize)
        }

        let key = PackedKey(
            node, ["output_weight"] + (attention.biases.output ? ["output_bias"] : []), size: attention.valueSize)
        if packed[key] == nil { packed[key] = try packOutput(attention, node, valueSize: valueSize) }
        guard let output = packed[key] else { throw .unknownValue(node.name) }
        var projected = context
        if let rounding = attention.contextRounding {
            projected = register(.rows(axis: queryAxis), width: kept.count * valueSize)
            drafts.append(
                Draft(
                    work: .row(.round(context, rounding, projected)), reads: [context], writes: [projected],
                    axis: queryAxis))
        }
        try appendProduct(output, input: projected, node: node)
    }

    /// Registers of the head-major buffers, and which slot of its register a kind starts with.
    struct HeadBuffers {
        let query, key, value: Register
        let keyOffset, valueOffset: Int
    }

    /// Queries, keys and values: one product where their heads are equally wide, else two.
    private mutating func appendProjections(
        _ attention: Attention, _ node: Node, source: Register, memory: Register
    ) throws(RuntimeError) -> HeadBuffers {
        let headSize = attention.paddedHeadSize, valueSize = attention.paddedValueSize
        let queries = attention.computedHeads.count, keys = attention.keyGroups.count
        let values = attention.valueGroups.count
        var parts: [HeadPart] = [], keyPart: [HeadPart] = []
        if queries > 0 {
            // The scale goes into the query, or into the norm of the query, so that scores need no pass of their own.
            let scale = attention.headNorm == nil ? attention.scale : 1
            parts.append(
                try part(node, "query", count: queries, size: attention.headSize, attention.biases.query, scale))
            keyPart.append(try part(node, "key", count: keys, size: attention.headSize, attention.biases.key, 1))
        }
        let valuePart =
            values > 0
            ? [try part(node, "value", count: values, size: attention.valueSize, attention.biases.value, 1)] : []
        if attention.isCross {
            let width = attention.memoryWidth ?? attention.inputWidth
            let query = appendHeadProduct(parts, width: attention.inputWidth, source: source, padded: headSize)
            if headSize == valueSize {
                let both = appendHeadProduct(keyPart + valuePart, width: width, source: memory, padded: headSize)
                return HeadBuffers(
                    query: query, key: both, value: both, keyOffset: 0, valueOffset: queries > 0 ? keys : 0)
            }
            let key = appendHeadProduct(keyPart, width: width, source: memory, padded: headSize)
            let value = appendHeadProduct(valuePart, width: width, source: memory, padded: valueSize)
            return HeadBuffers(query: query, key: key, value: value, keyOffset: 0, valueOffset: 0)
        }
        parts += keyPart
        if headSize == valueSize {
            let all = appendHeadProduct(
                parts + valuePart, width: attention.inputWidth, source: source, padded: headSize)
            return HeadBuffers(
                query: all, key: all, value: all, keyOffset: queries, valueOffset: queries + (queries > 0 ? keys : 0))
        }
        let scores = appendHeadProduct(parts, width: attention.inputWidth, source: source, padded: headSize)
        let carried = appendHeadProduct(valuePart, width: attention.inputWidth, source: source, padded: valueSize)
        return HeadBuffers(query: scores, key: scores, value: carried, keyOffset: queries, valueOffset: 0)
    }

    private func part(
        _ node: Node, _ name: String, count: Int, size: Int, _ hasBias: Bool, _ scale: Float
    ) throws(RuntimeError) -> HeadPart {
        HeadPart(
            key: PackedKey(node, [name + "_weight"] + (hasBias ? [name + "_bias"] : []), scale: scale, size: size),
            weight: try tensor(node, name + "_weight"), stored: model.quantized(node, name + "_weight"),
            bfloats: bfloats(node, name + "_weight"),
            bias: try optionalTensor(node, name + "_bias", if: hasBias),
            count: count, size: size, scale: scale)
    }

    private mutating func appendHeadProduct(
        _ parts: [HeadPart], width: Int, source: Register, padded: Int
    ) -> Register {
        let slots = parts.reduce(0) { $0 + $1.count }
        let axis = schedule.axis(of: source)
        let buffer = register(.rows(axis: axis), width: slots * padded)
        guard slots > 0 else { return buffer }
        let key = parts.map(\.key)
        let matrix = packedHeads[key] ?? pack(parts, width: width, padded: padded)
        packedHeads[key] = matrix
        let step = ProductStep(matrix: matrix, input: rows(of: source, for: matrix), out: buffer, headSize: padded)
        drafts.append(Draft(work: .row(.product(step)), reads: [step.input], writes: [buffer], axis: axis))
        return buffer
    }

    /// The output projection with rows padded as the context is.
    private func packOutput(
        _ attention: Attention, _ node: Node, valueSize: Int
    ) throws(RuntimeError) -> ProductMatrix {
        let heads = attention.keptHeads.count
        let bias = try optionalTensor(node, "output_bias", if: attention.biases.output)
        guard heads > 0 else {
            let nothing = PackedLinear(
                inputWidth: 0, outputWidth: attention.outputWidth, hasBias: bias != nil, packing: packing
            ) { _, target in
                bias?.withFloats { _ = target.update(fromContentsOf: $0) }
            }
            return .floats(nothing)
        }
        let rows = PaddedRows(heads: heads, size: attention.valueSize, padded: valueSize)
        if let stored = model.quantized(node, "output_weight"),
            let matrix = storedProduct(stored, bias: bias, rows: rows)
        {
            return matrix
        }
        if let matrix = bfloatProduct(node, "output_weight", bias: bias, rows: rows) { return matrix }
        let weight = try tensor(node, "output_weight")
        return .floats(PackedLinear(weight: rows.pad(weight), bias: bias, packing: packing))
    }

    /// Maps of a node: one unit a distinct map, with all heads that read it.
    ///
    /// - Parameter masksByPosition: Whether kernels hide keys by their positions; otherwise what is added to the scores
    ///   holds the mask.
    private mutating func makeUnits(
        _ attention: Attention, _ node: Node, space: Int, masksByPosition: Bool
    ) -> [AttentionStep.Unit] {
        let mask = masksByPosition ? attention.mask : Attention.Mask()
        var readers: [[MapTerm]: [Int]] = [:]
        var order: [[MapTerm]] = []
        for head in attention.keptHeads where !attention.heads[head].isComputed {
            let terms = attention.heads[head].terms
            if readers[terms] == nil { order.append(terms) }
            readers[terms, default: []].append(head)
        }
        var units: [AttentionStep.Unit] = []
        for (query, head) in attention.computedHeads.enumerated() {
            let id = HeadID(node: node.name, head: head)
            let heads = [head] + (readers.removeValue(forKey: [MapTerm(map: .head(id))]) ?? [])
            let keep = register(ofMapOf: heads, node, space: space, isRead: liveness.keptMaps.contains(id))
            if let keep { keptMaps[id] = keep }
            let key = attention.keyGroups.firstIndex(of: attention.group(of: head)) ?? 0
            units.append(
                AttentionStep.Unit(
                    origin: .computed(query: query, key: key), keep: keep, consumers: consumers(heads, attention),
                    mask: mask, isHard: attention.heads[head].isHard))
        }
        for terms in order {
            guard let heads = readers[terms] else { continue }
            let keep = register(ofMapOf: heads, node, space: space, isRead: false)
            let parts = terms.map { term -> AttentionStep.Term in
                switch term.map {
                case .head(let id): AttentionStep.Term(weight: term.weight, pattern: nil, map: keptMaps[id])
                case .pattern(let pattern): AttentionStep.Term(weight: term.weight, pattern: pattern, map: nil)
                }
            }
            // Patterns know the node's own mask only.
            let hasPatterns = parts.contains { $0.pattern != nil }
            units.append(
                AttentionStep.Unit(
                    origin: .terms(parts), keep: keep, consumers: consumers(heads, attention),
                    mask: hasPatterns ? attention.mask : mask))
        }
        return units
    }

    /// Where a map stays that later heads read or the caller observes; `nil` for one that neither does.
    ///
    /// - Parameter heads: Heads of the node whose map it is.
    private mutating func register(ofMapOf heads: [Int], _ node: Node, space: Int, isRead: Bool) -> Register? {
        let isObserved = observation.maps.contains(node.name) || mapReaders.contains(node.name)
        guard isObserved || isRead else { return nil }
        let keep = register(.maps(space: space), width: 0)
        if isObserved {
            for head in heads { schedule.maps[HeadID(node: node.name, head: head)] = keep }
        }
        return keep
    }

    /// Attention nodes whose maps are read as values.
    private var mapReaders: Set<String> {
        Set(liveness.nodes.compactMap { if case .maps = $0.operation { $0.inputs.first } else { nil } })
    }

    /// Drafts a copy of a node's maps.
    mutating func addMaps(_ node: Node) throws(RuntimeError) {
        guard let name = node.inputs.first, let attention = model.graph.node(named: name)?.attention else {
            throw .unknownValue(node.name)
        }
        let out = try result(of: node.name)
        let maps = attention.heads.indices.map { schedule.maps[HeadID(node: name, head: $0)] }
        append(.maps(maps, out), reads: maps.compactMap { $0 }, writes: out)
    }

    /// The values that heads multiply their map with; dropped heads have none.
    private func consumers(_ heads: [Int], _ attention: Attention) -> [AttentionStep.Consumer] {
        heads.compactMap { head in
            guard let column = attention.keptHeads.firstIndex(of: head),
                let value = attention.valueGroups.firstIndex(of: attention.group(of: head))
            else { return nil }
            return AttentionStep.Consumer(value: value, column: column * attention.paddedValueSize)
        }
    }
}

extension Node {
    /// Whether an attention node multiplies queries, keys, maps and values in bfloat16: where the inputs of its own
    /// products are rounded anyway.
    fileprivate var roundsMaps: Bool {
        precisions["value_weight"].map { $0.kind == .int8 || $0.kind == .bfloat16 } ?? false
    }
}

extension Attention {
    /// Sizes of a head's keys and values, rounded up to whole panels.
    fileprivate var paddedHeadSize: Int { KernelSet.padded(sizes.headSize) }
    fileprivate var paddedValueSize: Int { KernelSet.padded(sizes.valueSize) }
}
