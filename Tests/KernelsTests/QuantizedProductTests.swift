import CKernels
import Foundation
import Platform
import Testing

/// Bytes in memory of their own, aligned for kernels.
private final class Bytes {
    let base: UnsafeMutableRawPointer

    init(_ count: Int) {
        base = .allocate(byteCount: count + 64, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0xee, count: count + 64)
    }

    deinit { base.deallocate() }
}

/// A row in 8 bits, as the definition in docs/precision.md says it, operation by operation.
private struct QuantizedRow: Equatable {
    var values: [UInt8]
    var scale: Float
    var zero = 0

    init(_ row: [Float]) {
        values = Array(repeating: 0, count: row.count)
        let low = row.reduce(0) { $1 < $0 ? $1 : $0 }, high = row.reduce(0) { $1 > $0 ? $1 : $0 }
        let range = high - low
        guard row.allSatisfy(\.isFinite), range.isFinite else {
            scale = .nan
            return
        }
        guard range >= Float(sign: .plus, exponent: -100, significand: 1) else {
            scale = 0
            return
        }
        let inverse = 255 / range
        scale = range / 255
        zero = Int((-low * inverse).rounded(.toNearestOrEven))
        for (index, value) in row.enumerated() {
            values[index] = UInt8(min(max(Int((value * inverse).rounded(.toNearestOrEven)) + zero, 0), 255))
        }
    }

    init(values: [UInt8], scale: Float, zero: Int) {
        (self.values, self.scale, self.zero) = (values, scale, zero)
    }

    static func == (left: QuantizedRow, right: QuantizedRow) -> Bool {
        left.values == right.values && left.zero == right.zero && left.scale.bitPattern == right.scale.bitPattern
            || left.scale.isNaN && right.scale.isNaN && left.values == right.values
    }
}

/// What the numbers of a case are.
private enum Contents: CaseIterable {
    /// Rows and weights of any size.
    case random
    /// Largest products: rows of 255, weights of -128.
    case lowest
    /// Rows of 0, weights of 127.
    case highest
    /// Rows of zeros, of tiny numbers, with an outlier, beyond the range, with what is not a number.
    case extreme
}

private struct Case {
    var rows, k, n: Int
    var contents = Contents.random
    var activation = RK_IDENTITY
    var hasFactors = false, hasBias = true, hasResidual = false
    let x: [[Float]], weight: [Int8], factors: [Float], scales, bias, residual: Floats

    init(
        rows: Int, k: Int, n: Int, contents: Contents = .random, activation: rk_activation = RK_IDENTITY,
        hasFactors: Bool = false, hasBias: Bool = true, hasResidual: Bool = false, seed: Int
    ) {
        (self.rows, self.k, self.n, self.contents, self.activation) = (rows, k, n, contents, activation)
        (self.hasFactors, self.hasBias, self.hasResidual) = (hasFactors, hasBias, hasResidual)
        var random = Random(seed: seed)
        x = (0..<rows).map { row in
            switch contents {
            case .random: return (0..<k).map { _ in random.float() }
            case .lowest: return Array(repeating: 1, count: k)
            case .highest: return Array(repeating: -1, count: k)
            case .extreme:
                var values = (0..<k).map { _ in random.float() }
                switch row % 7 {
                case 0: values = Array(repeating: 0, count: k)
                case 1: values[k / 2] = 1e30
                case 2: values[k - 1] = .nan
                case 3: values[0] = -.infinity
                case 4: (values[0], values[k - 1]) = (3e38, -3e38)
                case 5: values = values.map { $0 * 0x1p-133 }
                default: values = values.map { 0.5 + abs($0) }
                }
                return values
            }
        }
        weight = (0..<k * n).map { _ in
            switch contents {
            case .lowest: -128
            case .highest: 127
            default: Int8(truncatingIfNeeded: random.next())
            }
        }
        factors = (0..<k).map { _ in 0.5 + abs(random.float()) }
        let columns = roundedUp(n, to: 16)
        scales = Floats(columns) { $0 < n ? 1e-6 + 0.001 * abs(random.float()) : 0 }
        bias = Floats(columns) { $0 < n ? random.float() : 0 }
        residual = random.floats(rows * n)
    }

    var quantized: [QuantizedRow] {
        x.map { row in QuantizedRow(hasFactors ? zip(row, factors).map { $0 * $1 } : row) }
    }

    /// Row by row: integer sums, then one float32 operation after the other.
    func expected(_ set: KernelSet) -> [Float] {
        quantized.enumerated().flatMap { index, row in
            (0..<n).map { column in
                var sum = 0
                for i in 0..<k { sum += (Int(row.values[i]) - row.zero) * Int(weight[i * n + column]) }
                var value = Float(Int32(sum)) * row.scale
                value = value * scales[column]
                if hasBias { value = value + bias[column] }
                if activation != RK_IDENTITY {
                    withUnsafeMutablePointer(to: &value) {
                        set.kernels.activate($0, 1, Int32(activation.rawValue), $0)
                    }
                }
                return hasResidual ? value + residual[index * n + column] : value
            }
        }
    }

    /// What the kernels make of it, and the rows in between.
    func run(on set: KernelSet, rowCuts: [Int] = [], panelCuts: [Int] = []) throws -> ([Float], [QuantizedRow]) {
        let table = try #require(set.table)
        let stride = rk_quantized_stride(table, k), ldx = k + 3, ldo = n + 5
        let flat = Floats(rows * ldx) { $0 % ldx < k ? x[$0 / ldx][$0 % ldx] : .nan }
        let quantized = Bytes(rows * stride)
        factors.withUnsafeBufferPointer {
            rk_quantize(table, flat.base, ldx, rows, k, hasFactors ? $0.baseAddress : nil, quantized.base)
        }
        let packed = Bytes(rk_packed_quantized_bytes(table, k, n))
        rk_pack_quantized(table, weight, k, n, n, 1, packed.base)
        let out = Floats(rows * ldo) { _ in -7 }
        var product = rk_quantized_product()
        (product.store.rows, product.store.k, product.store.n) = (rows, k, n)
        product.store.bias = hasBias ? UnsafePointer(bias.base) : nil
        product.store.activation = Int32(activation.rawValue)
        product.store.residual = hasResidual ? UnsafePointer(residual.base) : nil
        (product.store.ldr, product.store.out, product.store.ldo) = (n, out.base, ldo)
        (product.x, product.stride) = (UnsafeRawPointer(quantized.base), stride)
        (product.packed, product.scales) = (UnsafeRawPointer(packed.base), UnsafePointer(scales.base))
        let rowEdges = [0] + rowCuts + [rows], panelEdges = [0] + panelCuts + [(n + 15) / 16]
        for (begin, end) in zip(rowEdges, rowEdges.dropFirst()) {
            for (first, last) in zip(panelEdges, panelEdges.dropFirst()) {
                rk_multiply_quantized(table, &product, begin, end, first, last)
            }
        }
        #expect(out.marginIsIntact)
        let outside = (0..<rows).flatMap { row in (n..<ldo).map { out[row * ldo + $0] } }
        #expect(outside.allSatisfy { $0 == -7 })
        let made = (0..<rows).map { row in
            var values = [UInt8](repeating: 0, count: k), scale: Float = 0, zero: Int32 = 0
            rk_quantized_row(table, quantized.base + row * stride, k, &values, &scale, &zero)
            return QuantizedRow(values: values, scale: scale, zero: Int(zero))
        }
        return ((0..<rows).flatMap { row in (0..<n).map { out[row * ldo + $0] } }, made)
    }
}

/// Bits that count: every not-a-number is one.
private func bits(_ values: [Float]) -> [UInt32] { values.map { $0.isNaN ? 0xffff_ffff : $0.bitPattern } }

@Suite("Products of 8-bit rows, compared with integers")
struct QuantizedProductTests {
    private static let shapes = [
        (1, 1, 1), (3, 5, 16), (8, 64, 48), (9, 67, 83), (13, 131, 17), (40, 33, 100), (7, 260, 64),
    ]

    @Test("rows and products are the definition's to the bit", arguments: KernelSet.all, Contents.allCases)
    fileprivate func exact(_ set: KernelSet, _ contents: Contents) throws {
        for (index, shape) in Self.shapes.enumerated() {
            let problem = Case(
                rows: shape.0, k: shape.1, n: shape.2, contents: contents,
                activation: [RK_IDENTITY, RK_GELU, RK_RELU][index % 3], hasFactors: index % 2 == 1,
                hasBias: index % 4 != 2, hasResidual: index % 3 != 1, seed: index + 1)
            let (values, rows) = try problem.run(on: set)
            #expect(rows == problem.quantized, "\(shape)")
            #expect(bits(values) == bits(problem.expected(set)), "\(shape)")
        }
    }

    @Test("the widest products of the largest numbers do not overflow", arguments: KernelSet.all)
    func widest(_ set: KernelSet) throws {
        for contents in [Contents.lowest, .highest] {
            let problem = Case(rows: 2, k: Int(RK_QUANTIZED_DEPTH), n: 17, contents: contents, seed: 3)
            #expect(try problem.run(on: set).0 == problem.expected(set))
        }
    }

    @Test("how rows and panels are cut changes no bit", arguments: KernelSet.all)
    func cuts(_ set: KernelSet) throws {
        let problem = Case(rows: 300, k: 70, n: 130, activation: RK_GELU, hasResidual: true, seed: 9)
        let whole = try problem.run(on: set).0
        for (rowCuts, panelCuts) in [([1, 7], [1]), ([150], [3, 4]), ([299], [8]), ([2, 3, 5, 8, 13], [2, 5])] {
            #expect(try problem.run(on: set, rowCuts: rowCuts, panelCuts: panelCuts).0 == whole)
        }
    }

    @Test("all instruction sets agree to the bit")
    func sameBits() throws {
        let problem = Case(
            rows: 37, k: 131, n: 83, activation: RK_GELU_TANH, hasFactors: true, hasResidual: true, seed: 5)
        let results = try KernelSet.all.map { try problem.run(on: $0).0 }
        for result in results { #expect(result == results[0]) }
    }

    @Test("a transposed matrix packs to the same product", arguments: KernelSet.all)
    func transposed(_ set: KernelSet) throws {
        let table = try #require(set.table)
        let k = 37, n = 50
        let matrix = Case(rows: 1, k: k, n: n, seed: 4).weight
        let turned = (0..<n * k).map { matrix[$0 % k * n + $0 / k] }
        let count = rk_packed_quantized_bytes(table, k, n)
        let plain = Bytes(count), other = Bytes(count)
        rk_pack_quantized(table, matrix, k, n, n, 1, plain.base)
        rk_pack_quantized(table, turned, k, n, 1, k, other.base)
        #expect(memcmp(plain.base, other.base, count) == 0)
    }
}
