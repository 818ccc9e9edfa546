import CKernels
import Runtime
import Testing

@Suite("Multiply-adds are rounded once")
struct FusedTests {
    /// 1 + 2⁻²³ and a product a little less than half of the last place: rounded twice, the sum goes up.
    @Test("a sum just below the middle between two floats goes down", arguments: KernelSet.all, [Float(1), -1])
    func halfway(_ set: KernelSet, _ sign: Float) {
        let next = Float(1).nextUp, before = 2 - next
        let left = Floats([next * sign, next * Float(sign: .plus, exponent: -24, significand: 1) * sign])
        let right = Floats([1, before]), out = Floats(1)
        rk_matrix_product(set.table, left.base, 2, 1, 2, right.base, 1, 1, 0, out.base, 1)
        #expect(out[0] == next * sign)
    }
}
