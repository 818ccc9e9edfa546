import CKernels
import Foundation
import Platform
import Testing

@Suite("Products with weights of 8 and 4 bits")
struct CompactProductTests {
    /// A float16 number and its value.
    private static func half(_ random: inout Random) -> Float {
        let exponent = random.index(-22...2), fraction = random.index(0...1023)
        let size =
            exponent < -14
            ? Float(sign: .plus, exponent: -24, significand: 1) * Float(fraction)
            : Float(sign: .plus, exponent: exponent, significand: 1) * (1 + Float(fraction) / 1024)
        return random.next() % 2 == 0 ? size : -size
    }

    @Test(
        "a product is that of the float32 weights which the stored ones stand for, to the bit",
        arguments: KernelSet.all, [RK_COMPACT_BYTES, RK_COMPACT_NIBBLES])
    func exact(_ set: KernelSet, _ kind: rk_compact_kind) throws {
        let table = try #require(set.table)
        var random = Random(seed: Int(kind.rawValue) + 1)
        for round in 0..<40 {
            let k = random.index(1...150), n = random.index(1...90), rows = random.index(1...20)
            var shape = rk_compact_shape()
            shape.kind = Int32(kind.rawValue)
            (shape.k, shape.n, shape.group) = (k, n, [32, 64, k][round % 3])
            shape.wide = shape.group == k ? 1 : 0
            let groups = (k + shape.group - 1) / shape.group
            let values = (0..<k * n).map { _ in
                kind == RK_COMPACT_NIBBLES ? Int8(random.index(0...15) - 8) : Int8(truncatingIfNeeded: random.next())
            }
            let scales = (0..<groups * n).map { _ in
                shape.wide == 1 ? random.float() : Self.half(&random)
            }
            let packed = Floats(rk_compact_bytes(&shape) / 4), scratch = Floats(rk_compact_scratch(&shape))
            rk_pack_compact(&shape, values, n, 1, scales, packed.base)
            let weight = Floats(k * n) { Float(values[$0]) * scales[$0 / n / shape.group * n + $0 % n] }
            let plain = Floats(rk_packed_count(k, n))
            rk_pack(weight.base, k, n, n, 1, plain.base)

            let x = random.floats(rows * (k + 3)), residual = random.floats(rows * n)
            let bias = Floats(roundedUp(n, to: 16)) { $0 < n ? random.float() : 0 }
            let expected = Floats(rows * (n + 5)) { _ in -7 }, out = Floats(rows * (n + 5)) { _ in -7 }
            var product = rk_product()
            (product.x, product.ldx, product.rows, product.k, product.n) = (
                UnsafePointer(x.base), k + 3, rows, k, n
            )
            product.bias = round % 4 == 0 ? nil : UnsafePointer(bias.base)
            product.activation = Int32((round % 2 == 0 ? RK_IDENTITY : RK_GELU).rawValue)
            product.residual = round % 5 == 0 ? nil : UnsafePointer(residual.base)
            (product.ldr, product.out, product.ldo) = (n, expected.base, n + 5)
            product.packed = UnsafePointer(plain.base)
            let panels = (n + 15) / 16
            rk_multiply(table, &product, 0, rows, 0, panels)
            product.packed = nil
            product.out = out.base
            for (first, last) in [(0, panels / 2), (panels / 2, panels)] {
                rk_multiply_compact(table, &product, &shape, packed.base, scratch.base, 0, rows / 2, first, last)
                rk_multiply_compact(table, &product, &shape, packed.base, scratch.base, rows / 2, rows, first, last)
            }
            #expect(out.values == expected.values, "\(k) × \(n), groups of \(shape.group), \(rows) rows")
            #expect(out.marginIsIntact && scratch.marginIsIntact && packed.marginIsIntact)
        }
    }
}
