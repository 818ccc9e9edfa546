import CKernels
import ModelGraph
import Tensors

extension Compiler {
    /// Drafts the norms of queries and keys and their turning by rotary positions.
    mutating func appendHeadSteps(
        _ attention: Attention, _ node: Node, buffers: HeadBuffers, headSize: Int
    ) throws(RuntimeError) {
        let queries = attention.computedHeads.count, keys = attention.keyGroups.count
        guard queries > 0 else { return }
        var angles: Int?
        if case .rotary(let rotary) = attention.positions {
            angles = index(of: RotaryAngles(rotary: rotary, axis: schedule.axis(of: buffers.query)))
        }
        guard angles != nil || attention.headNorm != nil else { return }
        let queryHeads = 0..<queries, keyHeads = buffers.keyOffset..<buffers.keyOffset + keys
        var queryNorms: [HeadStep.NormedHeads] = [], keyNorms: [HeadStep.NormedHeads] = []
        if let norm = attention.headNorm {
            func normed(
                _ name: String, _ heads: Range<Int>, _ factor: Float
            ) throws(RuntimeError) -> HeadStep.NormedHeads {
                let stored = try tensor(node, name).floats
                let scale = stored.map { ($0 + norm.scaleOffset) * factor }
                return HeadStep.NormedHeads(
                    heads: heads, scale: Tensor(scale, shape: [scale.count]), epsilon: norm.epsilon,
                    isJoint: norm.isJoint)
            }
            queryNorms = [try normed("query_norm", queryHeads, attention.scale)]
            keyNorms = [try normed("key_norm", keyHeads, 1)]
        }
        let isOneBuffer = buffers.query == buffers.key
        append(
            HeadStep(
                buffer: buffers.query, size: headSize, width: attention.headSize,
                norms: queryNorms + (isOneBuffer ? keyNorms : []),
                turned: isOneBuffer ? 0..<keyHeads.upperBound : queryHeads, angles: angles))
        if !isOneBuffer {
            append(
                HeadStep(
                    buffer: buffers.key, size: headSize, width: attention.headSize, norms: keyNorms, turned: keyHeads,
                    angles: angles))
        }
    }

    private mutating func append(_ step: HeadStep) {
        drafts.append(
            Draft(
                work: .row(.heads(step)), reads: [step.buffer], writes: [step.buffer],
                axis: schedule.axis(of: step.buffer)))
    }

    private mutating func index(of angles: RotaryAngles) -> Int {
        if let index = schedule.rotaries.firstIndex(of: angles) { return index }
        schedule.rotaries.append(angles)
        return schedule.rotaries.count - 1
    }

    /// What positions add to scores, by computed head.
    mutating func scoreBias(
        _ attention: Attention, _ node: Node, headSize: Int
    ) throws(RuntimeError) -> ScoreBias? {
        let heads = attention.computedHeads
        guard let positions = attention.positions, !heads.isEmpty else { return nil }
        switch positions {
        case .rotary: return nil
        case .alibi: return .slopes(heads.map(attention.alibiSlope(of:)))
        case .bucketed, .clamped:
            let reach = positions.reach ?? 0, table = try tensor(node, "position_bias").floats
            let buffer = FloatBuffer(count: heads.count * (2 * reach + 1))
            for distance in -reach...reach {
                let row = positions.biasRow(of: distance)
                for head in heads.indices {
                    buffer.base[head * (2 * reach + 1) + reach + distance] = table[row * heads.count + head]
                }
            }
            return .distances(buffer, reach: reach)
        case .disentangled(let disentangled):
            let tables = try relativeTables(disentangled, attention, node, headSize: headSize)
            schedule.relativeColumns = max(schedule.relativeColumns, tables.stride)
            return .disentangled(tables)
        }
    }

    private func relativeTables(
        _ disentangled: Attention.Disentangled, _ attention: Attention, _ node: Node, headSize: Int
    ) throws(RuntimeError) -> RelativeTables {
        let rows = disentangled.rowCount
        let width = disentangled.isOfHeads ? attention.headSize : attention.inputWidth
        let stored = try tensor(node, "relative_embeddings")
        let scale = try optionalTensor(node, "relative_scale", if: disentangled.epsilon != nil)
        let offset = try optionalTensor(node, "relative_offset", if: disentangled.epsilon != nil)
        let table = FloatBuffer(count: rows * width)
        stored.withFloats { source in
            if let source = source.baseAddress { table.base.update(from: source, count: rows * width) }
        }
        if let scale, let offset, let epsilon = disentangled.epsilon {
            scale.withFloats { scale in
                offset.withFloats { offset in
                    rk_layer_norm(
                        kernels.table, table.base, width, rows, width, epsilon, scale.baseAddress, offset.baseAddress,
                        table.base,
                        width)
                }
            }
        }
        func projected(_ name: String, _ hasBias: Bool) throws(RuntimeError) -> FloatBuffer {
            let linear = PackedLinear(
                weight: try tensor(node, name + "_weight"), bias: try optionalTensor(node, name + "_bias", if: hasBias))
            let out = FloatBuffer(count: rows * linear.outputWidth)
            linear.multiply(
                UnsafePointer(table.base), stride: width, rows: rows, to: out.base, linear.outputWidth, with: kernels)
            return out
        }
        let isOwn = disentangled.hasOwnProjections, isOfHeads = disentangled.isOfHeads
        var keys: FloatBuffer?, queries: FloatBuffer?
        if disentangled.hasContentToPosition {
            keys = isOfHeads ? table : try projected(isOwn ? "position_key" : "key", isOwn || attention.biases.key)
        }
        if disentangled.hasPositionToContent {
            queries =
                isOfHeads ? table : try projected(isOwn ? "position_query" : "query", isOwn || attention.biases.query)
        }
        let heads = attention.computedHeads, groups = attention.keyGroups
        /// The columns of one head, as a matrix from a head's row to its products with all rows of the table.
        func packed(_ table: FloatBuffer?, _ slot: Int, of slots: Int, factor: Float) -> PackedLinear {
            let size = attention.headSize
            let matrix = Tensor(shape: [rows, headSize]) { target in
                target.update(repeating: 0)
                // Zeros stand for the direction that the model does not look in.
                guard let table else { return }
                for row in 0..<rows {
                    for column in 0..<size {
                        target[row * headSize + column] =
                            table.base[row * slots * size + slot * size + column] * factor
                    }
                }
            }
            return PackedLinear(weight: matrix, isTransposed: true, bias: nil)
        }
        let reach = Attention.Positions.disentangled(disentangled).reach ?? 0
        return RelativeTables(
            // Queries carry the attention's scale already.
            keys: heads.map { head in
                let slot = isOfHeads ? 0 : groups.firstIndex(of: attention.group(of: head)) ?? 0
                return packed(keys, slot, of: isOfHeads ? 1 : groups.count, factor: 1)
            },
            queries: heads.indices.map {
                packed(queries, isOfHeads ? 0 : $0, of: isOfHeads ? 1 : heads.count, factor: attention.scale)
            },
            columns: (-reach...reach).map { Int32(disentangled.row(of: -$0)) }, reach: reach,
            stride: KernelSet.padded(rows))
    }
}
