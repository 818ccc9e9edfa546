import CKernels
import Foundation
import Platform
import Testing

/// A number rounded to bfloat16, as include/CBfloat.h says it.
private func bfloat(_ value: Float) -> Float {
    guard !value.isNaN else { return value }
    let bits = value.bitPattern
    let rounded = Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000)
    return abs(rounded) < Float(sign: .plus, exponent: -56, significand: 1) ? 0 : rounded
}

@Suite("Products in bfloat16")
struct BfloatProductTests {
    /// Rows and weights of all sizes, with what is not finite, and the product as the definition says it.
    private struct Case {
        let rows: Int, k: Int, n: Int
        let x: Floats, weight: [UInt16], scales: Floats, bias: Floats
        let hasScales: Bool

        init(_ rows: Int, _ k: Int, _ n: Int, seed: Int) {
            (self.rows, self.k, self.n) = (rows, k, n)
            var random = Random(seed: seed)
            func number() -> Float {
                let size = seed % 3 == 0 ? Float(sign: .plus, exponent: random.index(-70...50), significand: 1) : 1
                return random.float() * size
            }
            x = Floats(rows * (k + 3)) { seed % 5 == 4 && $0 % 97 == 0 ? [Float.nan, .infinity][$0 % 2] : number() }
            weight = (0..<k * n).map { _ in UInt16(number().bitPattern >> 16) }
            scales = Floats(roundedUp(n, to: 16)) { $0 < n ? random.float() : 0 }
            bias = Floats(roundedUp(n, to: 16)) { $0 < n ? random.float() : 0 }
            hasScales = seed % 2 == 0
        }

        var expected: [UInt32] {
            (0..<rows * n).map { index in
                let row = index / n, column = index % n
                func product(_ i: Int) -> Float {
                    guard i < k else { return 0 }
                    return bfloat(x[row * (k + 3) + i])
                        * bfloat(Float(bitPattern: UInt32(weight[i * n + column]) << 16))
                }
                var sum: Float = 0
                for pair in stride(from: 0, to: k, by: 2) {
                    sum = sum + product(pair + 1)
                    sum = sum + product(pair)
                }
                if hasScales { sum = sum * scales[column] }
                sum = sum + bias[column]
                return sum.isNaN ? 0xffff_ffff : sum.bitPattern
            }
        }

        func run(on set: KernelSet) throws -> [UInt32] {
            let table = try #require(set.table)
            let stride = rk_bfloat_stride(table, k)
            let rounded = Floats(rows * stride / 4), packed = Floats(rk_packed_bfloat_bytes(k, n) / 4)
            rk_round_rows(table, x.base, k + 3, rows, k, rounded.base)
            rk_pack_bfloat(weight, k, n, n, 1, packed.base)
            let out = Floats(rows * (n + 5)) { _ in -7 }
            var product = rk_bfloat_product()
            (product.store.rows, product.store.k, product.store.n) = (rows, k, n)
            (product.store.bias, product.store.out, product.store.ldo) = (UnsafePointer(bias.base), out.base, n + 5)
            (product.x, product.stride, product.packed) = (
                UnsafeRawPointer(rounded.base), stride, UnsafeRawPointer(packed.base)
            )
            product.scales = hasScales ? UnsafePointer(scales.base) : nil
            let panels = (n + 15) / 16
            rk_multiply_bfloat(table, &product, 0, rows / 2, 0, panels)
            rk_multiply_bfloat(table, &product, rows / 2, rows, 0, panels / 2)
            rk_multiply_bfloat(table, &product, rows / 2, rows, panels / 2, panels)
            #expect(out.marginIsIntact && rounded.marginIsIntact && packed.marginIsIntact)
            return (0..<rows * n).map { index in
                let value = out[index / n * (n + 5) + index % n]
                return value.isNaN ? 0xffff_ffff : value.bitPattern
            }
        }
    }

    @Test("products are the definition's to the bit", arguments: KernelSet.all)
    func exact(_ set: KernelSet) throws {
        let shapes = [(1, 1, 1), (3, 5, 16), (8, 64, 48), (9, 67, 83), (13, 131, 17), (40, 33, 100), (7, 260, 64)]
        for (index, shape) in (shapes + shapes).enumerated() {
            let problem = Case(shape.0, shape.1, shape.2, seed: index + 1)
            #expect(try problem.run(on: set) == problem.expected, "\(shape)")
        }
    }
}
