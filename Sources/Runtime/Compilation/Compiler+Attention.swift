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

        let kept = attention.keptHeads
        let context = register(.rows(axis: queryAxis), width: kept.count * valueSize)
        let units = makeUnits(attention, node, space: space, masksByPosition: added == nil)
        let additive = try additiveScores(attention, node, space: space)
        let step = AttentionStep(
            query: buffers.query, key: buffers.key, value: buffers.value, context: context, headSize: headSize,
            valueSize: valueSize, queryOffset: 0, keyOffset: buffers.keyOffset, valueOffset: buffers.valueOffset,
            mask: attention.mask, added: added, bias: try scoreBias(attention, node, headSize: headSize),
            softCap: attention.softCap ?? 0, additive: additive, queryAxis: queryAxis, keyAxis: keyAxis, space: space,
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

    /// Columns of one projection.
    private struct HeadPart {
        let key: PackedKey
        let weight: Tensor
        /// The matrix as it is stored, where that is not in floats.
        let stored: QuantizedMatrix?
        /// The same where it is in bfloat16.
        let bfloats: Tensor?
        let bias: Tensor?
        let count: Int
        let size: Int
        let scale: Float

        /// Writes the bias, each head's where its padded columns start.
        func fillBias(_ bias: UnsafeMutableBufferPointer<Float>, slot: Int, padded: Int) {
            self.bias?.withFloats { source in
                for index in source.indices {
                    bias[(slot + index / size) * padded + index % size] = source[index] * scale
                }
            }
        }
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
        let matrix =
            packedHeads[key] ?? storedHeads(parts, width: width, padded: padded)
            ?? .floats(floatHeads(parts, width: width, padded: padded))
        packedHeads[key] = matrix
        let step = ProductStep(matrix: matrix, input: rows(of: source, for: matrix), out: buffer, headSize: padded)
        drafts.append(Draft(work: .row(.product(step)), reads: [step.input], writes: [buffer], axis: axis))
        return buffer
    }

    private func floatHeads(_ parts: [HeadPart], width: Int, padded: Int) -> PackedLinear {
        PackedLinear(
            inputWidth: width, outputWidth: parts.reduce(0) { $0 + $1.count } * padded,
            hasBias: parts.contains { $0.bias != nil }, packing: packing
        ) { packed, bias in
            var slot = 0
            for part in parts {
                part.weight.withFloats { weight in
                    guard let weight = weight.baseAddress else { return }
                    for head in 0..<part.count {
                        // Whole panels a head: its padding columns stay zero.
                        rk_pack(
                            weight + head * part.size, width, part.size, part.count * part.size, part.scale,
                            packed + (slot + head) * padded * width)
                    }
                }
                part.fillBias(bias, slot: slot, padded: padded)
                slot += part.count
            }
        }
    }

    /// The same of parts that are stored in fewer bits; `nil` where one is not.
    private func storedHeads(_ parts: [HeadPart], width: Int, padded: Int) -> ProductMatrix? {
        let bfloats = parts.compactMap(\.bfloats)
        if bfloats.count == parts.count { return .quantized(bfloatHeads(parts, bfloats, width: width, padded: padded)) }
        let stored = parts.compactMap(\.stored)
        guard let precision = stored.first?.precision, stored.count == parts.count,
            stored.allSatisfy({ $0.precision == precision && !$0.isOfRows && !$0.isTransposed })
        else { return nil }
        return precision.kind == .int8
            ? .quantized(quantizedHeads(parts, stored, width: width, padded: padded))
            : .compact(compactHeads(parts, stored, precision, width: width, padded: padded))
    }

    private func quantizedHeads(
        _ parts: [HeadPart], _ stored: [QuantizedMatrix], width: Int, padded: Int
    ) -> QuantizedLinear {
        let kernels = kernels
        return QuantizedLinear(
            .bytes, inputWidth: width, outputWidth: parts.reduce(0) { $0 + $1.count } * padded,
            hasBias: parts.contains { $0.bias != nil }, factors: stored.first?.smoothing, kernels: kernels,
            packing: packing
        ) { memory in
            let headBytes = rk_packed_quantized_bytes(kernels.table, width, padded)
            var slot = 0
            for (part, stored) in zip(parts, stored) {
                stored.withValues { values in
                    for head in 0..<part.count {
                        rk_pack_quantized(
                            kernels.table, values + head * part.size, width, part.size, part.count * part.size, 1,
                            memory.packed + (slot + head) * headBytes)
                    }
                }
                stored.scale.withFloats { scales in
                    for index in scales.indices {
                        memory.scales[(slot + index / part.size) * padded + index % part.size] =
                            scales[index] * part.scale
                    }
                }
                part.fillBias(memory.bias, slot: slot, padded: padded)
                slot += part.count
            }
        }
    }

    private func bfloatHeads(
        _ parts: [HeadPart], _ stored: [Tensor], width: Int, padded: Int
    ) -> QuantizedLinear {
        QuantizedLinear(
            .bfloat16, inputWidth: width, outputWidth: parts.reduce(0) { $0 + $1.count } * padded,
            hasBias: parts.contains { $0.bias != nil }, kernels: kernels, packing: packing
        ) { memory in
            let headBytes = rk_packed_bfloat_bytes(width, padded)
            var slot = 0
            for (part, stored) in zip(parts, stored) {
                stored.withBfloats { values in
                    for head in 0..<part.count {
                        rk_pack_bfloat(
                            values + head * part.size, width, part.size, part.count * part.size, 1,
                            memory.packed + (slot + head) * headBytes)
                        for column in 0..<part.size { memory.scales[(slot + head) * padded + column] = part.scale }
                    }
                }
                part.fillBias(memory.bias, slot: slot, padded: padded)
                slot += part.count
            }
        }
    }

    private func compactHeads(
        _ parts: [HeadPart], _ stored: [QuantizedMatrix], _ precision: Precision, width: Int, padded: Int
    ) -> CompactLinear {
        // A scale times that of the scores need not be a float16 number any more.
        CompactLinear(
            inputWidth: width, outputWidth: parts.reduce(0) { $0 + $1.count } * padded, precision: precision,
            isWide: true, hasBias: parts.contains { $0.bias != nil }, packing: packing
        ) { shape, memory in
            let headBytes = CompactLinear.byteCount(of: padded, as: shape)
            var slot = 0
            for (part, stored) in zip(parts, stored) {
                let scales = stored.scale.floats, columns = part.count * part.size
                stored.withValues { values in
                    for head in 0..<part.count {
                        let own = stride(from: head * part.size, to: scales.count, by: columns).flatMap { first in
                            scales[first..<first + part.size].map { $0 * part.scale }
                        }
                        CompactLinear.pack(
                            values + head * part.size, rowStep: columns, columnStep: 1, scales: own,
                            columns: part.size, as: shape, to: memory.packed + (slot + head) * headBytes)
                    }
                }
                part.fillBias(memory.bias, slot: slot, padded: padded)
                slot += part.count
            }
        }
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
                    mask: mask))
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

extension Attention {
    /// Sizes of a head's keys and values, rounded up to whole panels.
    fileprivate var paddedHeadSize: Int { KernelSet.padded(sizes.headSize) }
    fileprivate var paddedValueSize: Int { KernelSet.padded(sizes.valueSize) }
}
