import CKernels
import ModelGraph
import Tensors

extension Compiler {
    /// Columns of one projection.
    struct HeadPart {
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

    /// Packs the columns of projections side by side, each head in whole panels, as they are stored.
    func pack(_ parts: [HeadPart], width: Int, padded: Int) -> ProductMatrix {
        let bfloats = parts.compactMap(\.bfloats)
        if bfloats.count == parts.count { return .quantized(bfloatHeads(parts, bfloats, width: width, padded: padded)) }
        let stored = parts.compactMap(\.stored)
        guard let precision = stored.first?.precision, stored.count == parts.count,
            stored.allSatisfy({ $0.precision == precision && !$0.isOfRows && !$0.isTransposed })
        else { return .floats(floatHeads(parts, width: width, padded: padded)) }
        return precision.kind == .int8
            ? .quantized(quantizedHeads(parts, stored, width: width, padded: padded))
            : .compact(compactHeads(parts, stored, precision, width: width, padded: padded))
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
}
