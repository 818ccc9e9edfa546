import Tensors
import Testing

@Suite("Rounding to 16 bits")
struct RoundingTests {
    @Test("every half-precision number is its own nearest one")
    func halvesStay() {
        for bits in UInt16.min...UInt16.max {
            let value = float(fromHalf: bits)
            guard !value.isNaN else { continue }
            #expect(halfBits(of: value) == bits)
        }
    }

    @Test("numbers between two halves go to the nearer one, in the middle to the even one")
    func halvesRound() {
        for bits in stride(from: UInt16(0), to: 0x7BFF, by: 7) {
            let low = float(fromHalf: bits), high = float(fromHalf: bits + 1)
            let middle = (low + high) / 2
            #expect(halfBits(of: middle) == (bits.isMultiple(of: 2) ? bits : bits + 1))
            #expect(halfBits(of: middle.nextUp) == bits + 1)
            #expect(halfBits(of: -middle.nextDown) == bits | 0x8000)
        }
        #expect(halfBits(of: 65519.996) == 0x7BFF)
        #expect(halfBits(of: 65520) == 0x7C00)
        #expect(halfBits(of: -.infinity) == 0xFC00)
        #expect(float(fromHalf: halfBits(of: .nan)).isNaN)
    }

    @Test(
        "bfloat16 is the nearest of the two numbers around, ties to even",
        arguments: [
            (0x3F80_0000, 0x3F80), (0x3F80_8000, 0x3F80), (0x3F81_8000, 0x3F82), (0x3F80_8001, 0x3F81),
            (0xBF80_7FFF, 0xBF80), (0x7F7F_FFFF, 0x7F80), (0x7F80_0000, 0x7F80), (0x0000_0001, 0x0000),
        ] as [(UInt32, UInt16)])
    func brainFloat(_ bits: UInt32, _ wanted: UInt16) {
        #expect(bfloat16Bits(of: Float(bitPattern: bits)) == wanted)
    }

    @Test("what is no number stays none in bfloat16, whichever bits it has")
    func brainNaN() {
        for bits: UInt32 in [0x7F80_0001, 0xFFFF_FFFF, 0x7FC0_0000] {
            #expect(Float(bitPattern: UInt32(bfloat16Bits(of: Float(bitPattern: bits))) << 16).isNaN)
        }
    }
}
