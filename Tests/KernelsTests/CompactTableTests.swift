import CKernels
import Platform
import Testing

@Suite("Tables of 8-bit and bfloat16 rows")
struct CompactTableTests {
    @Test(
        "rows are looked up, each step rounded on its own, and added to what is there", arguments: KernelSet.all,
        [1, 16, 35, 384])
    func bytes(_ set: KernelSet, _ width: Int) throws {
        let table = try #require(set.table)
        var random = Random(seed: width)
        let numbers = (0..<5 * width).map { _ in Int8(truncatingIfNeeded: random.next()) }
        let scales = random.floats(5), out = Floats(3 * (width + 2)) { _ in 0.3 }
        let before = out.values
        numbers.withUnsafeBytes { bytes in
            var compact = rk_compact_table(
                numbers: bytes.baseAddress, kind: Int32(RK_ROWS_BYTES.rawValue), scales: UnsafePointer(scales.base),
                width: width)
            rk_gather_compact(table, &compact, [4, 0, 4], 3, 0.7, 0, out.base, width + 2)
            rk_gather_compact(table, &compact, [1, 1, 2], 3, 1, 1, out.base, width + 2)
        }
        for (row, (first, second)) in [(4, 1), (0, 1), (4, 2)].enumerated() {
            for column in 0..<width + 2 {
                let at = row * (width + 2) + column
                guard column < width else {
                    #expect(out[at] == before[at])
                    continue
                }
                let start = Float(numbers[first * width + column]) * scales[first] * 0.7
                let added = Float(numbers[second * width + column]) * scales[second]
                #expect(out[at] == start + added)
            }
        }
        #expect(out.marginIsIntact)
    }

    @Test("bfloat16 numbers are widened exactly", arguments: KernelSet.all, [1, 16, 35])
    func halves(_ set: KernelSet, _ width: Int) throws {
        let table = try #require(set.table)
        var random = Random(seed: width + 7)
        let wide = random.floats(3 * width).values.map { Float(bitPattern: $0.bitPattern & 0xffff_0000) }
        let numbers = wide.map { UInt16($0.bitPattern >> 16) }, out = Floats(2 * width)
        numbers.withUnsafeBytes { bytes in
            var compact = rk_compact_table(
                numbers: bytes.baseAddress, kind: Int32(RK_ROWS_BFLOAT.rawValue), scales: nil, width: width)
            rk_gather_compact(table, &compact, [2, 0], 2, 0.3, 0, out.base, width)
        }
        #expect(out.values == [2, 0].flatMap { row in (0..<width).map { wide[row * width + $0] * 0.3 } })
        #expect(out.marginIsIntact)
    }
}
