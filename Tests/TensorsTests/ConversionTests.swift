import Tensors
import Testing

@Suite("Conversion to float32")
struct ConversionTests {
    /// A tensor over the bytes of integers, little-endian as stored.
    private func tensor<Element: FixedWidthInteger>(_ values: [Element], _ dtype: DType) throws -> Tensor {
        let storage = TensorStorage(byteCount: values.count * MemoryLayout<Element>.size) { bytes in
            for (index, value) in values.enumerated() {
                bytes.storeBytes(
                    of: value.littleEndian, toByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
            }
        }
        return try #require(Tensor(dtype: dtype, shape: [values.count], storage: storage))
    }

    /// A binary16 number by the definition of IEEE 754, in double precision: (−1)^s · 2^(e−15) · (1 + f/1024).
    private func half(_ bits: UInt16) -> Double {
        let sign: Double = bits >> 15 == 1 ? -1 : 1
        let exponent = Int(bits >> 10 & 31), fraction = Double(bits & 1023)
        switch exponent {
        case 0: return sign * fraction / 16_777_216
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }

    /// A bfloat16 number by its definition: (−1)^s · 2^(e−127) · (1 + f/128).
    private func brainFloat(_ bits: UInt16) -> Double {
        let sign: Double = bits >> 15 == 1 ? -1 : 1
        let exponent = Int(bits >> 7 & 255), fraction = Double(bits & 127)
        switch exponent {
        case 0: return sign * fraction / 128 * Double(sign: .plus, exponent: -126, significand: 1)
        case 255: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction / 128) * Double(sign: .plus, exponent: exponent - 127, significand: 1)
        }
    }

    private func disagreements(_ converted: [Float], _ expected: (UInt16) -> Double) -> [UInt16] {
        (0...UInt16.max).filter { bits in
            let value = Double(converted[Int(bits)]), wanted = expected(bits)
            if wanted.isNaN { return !value.isNaN }
            // Bit patterns, so that −0 is told from 0.
            return value.bitPattern != wanted.bitPattern
        }
    }

    @Test("every one of the 65536 half-precision numbers is exact")
    func halves() throws {
        let all = try tensor(Array(0...UInt16.max), .float16)
        #expect(disagreements(all.floats, half).isEmpty)
    }

    @Test("every one of the 65536 bfloat16 numbers is exact")
    func brainFloats() throws {
        let all = try tensor(Array(0...UInt16.max), .bfloat16)
        #expect(disagreements(all.floats, brainFloat).isEmpty)
    }

    #if arch(arm64) || os(Linux)
    @Test("half-precision numbers agree with the compiler's own type")
    func compilerHalves() {
        let wrong = (0...UInt16.max).filter { bits in
            let own = float(fromHalf: bits), wanted = Float(Float16(bitPattern: bits))
            return wanted.isNaN ? !own.isNaN : own.bitPattern != wanted.bitPattern
        }
        #expect(wrong.isEmpty)
    }
    #endif

    @Test("the sign and the payload of a half-precision NaN survive")
    func notANumber() {
        #expect(float(fromHalf: 0x7E00).bitPattern == 0x7FC0_0000)
        #expect(float(fromHalf: 0xFE01).bitPattern == 0xFFC0_2000)
    }

    @Test("integers of every width come with their sign")
    func integers() throws {
        #expect(try tensor([-128, -1, 0, 127] as [Int8], .int8).floats == [-128, -1, 0, 127])
        #expect(try tensor([0, 255] as [UInt8], .uint8).floats == [0, 255])
        #expect(try tensor([0, 1] as [UInt8], .bool).floats == [0, 1])
        #expect(try tensor([-32768, 32767] as [Int16], .int16).floats == [-32768, 32767])
        #expect(try tensor([65535] as [UInt16], .uint16).floats == [65535])
        #expect(try tensor([-2_147_483_648, 16_777_217] as [Int32], .int32).floats == [-2_147_483_648, 16_777_216])
        #expect(try tensor([4_294_967_295] as [UInt32], .uint32).floats == [4_294_967_296])
        #expect(try tensor([Int64.min] as [Int64], .int64).floats == [-0x1p63])
        #expect(try tensor([UInt64.max] as [UInt64], .uint64).floats == [0x1p64])
    }

    @Test("double precision rounds to nearest, ties to even")
    func doubles() throws {
        let values = [0.1, 1 + 0x1p-24, 1 + 0x3p-24, 1e300, -1e-300]
        let converted = try tensor(values.map(\.bitPattern), .float64).floats
        #expect(converted == [0.1, 1, 1 + 0x1p-22, .infinity, 0])
        #expect(converted[4].sign == .minus)
    }

    @Test(
        "a matrix is transposed whatever its size and type",
        arguments: [(1, 1), (3, 5), (32, 32), (33, 70), (100, 1), (0, 4)])
    func transposition(rows: Int, columns: Int) throws {
        let matrix = try tensor((0..<rows * columns).map(Int32.init), .int32)
        let shaped = try #require(matrix.reshaped([rows, columns]))
        let transposed = try #require(shaped.transposed())
        #expect(transposed.shape == [columns, rows])
        var expected: [Float] = []
        for column in 0..<columns { for row in 0..<rows { expected.append(Float(row * columns + column)) } }
        #expect(transposed.floats == expected)
    }

    @Test("only a matrix has a transpose")
    func notAMatrix() {
        #expect(Tensor([1, 2, 3], shape: [3]).transposed() == nil)
        #expect(Tensor([1, 2, 3], shape: [1, 3, 1]).transposed() == nil)
    }
}
