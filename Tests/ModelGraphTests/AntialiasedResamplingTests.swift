import ModelGraph
import Tensors
import Testing

@Suite("Tables of places, laid over smaller pictures with more neighbours")
struct AntialiasedResamplingTests {
    private func resampled(_ rows: [Float], to count: Int) throws -> [Float] {
        let table = Tensor(rows, shape: [rows.count, 1])
        let resampling = Resampling(
            leading: 0, stored: [1, rows.count], wanted: [1, count], isAntialiased: true)
        return try #require(resampling.resampled(table)).floats
    }

    @Test("half as many places are made of all within twice the kernel, by hand")
    func smaller() throws {
        let rows: [Float] = [1, 2, 4, 8]
        // The first of two lies at 1: distances of ¼, ¼, ¾ and 1¼ of the kernel's steps, the coefficient −½.
        let shares: [Float] = [0.8671875, 0.8671875, 0.2265625, -0.0703125]
        let sum = shares.reduce(0, +)
        let first = zip(shares, rows).reduce(0) { $0 + $1.0 * $1.1 } / sum
        let last = zip(shares.reversed(), rows).reduce(0) { $0 + $1.0 * $1.1 } / sum
        let found = try resampled(rows, to: 2)
        #expect(abs(found[0] - first) < 1e-6 && abs(found[1] - last) < 1e-6, "\(found)")
    }

    @Test("more places have four neighbours, of which those outside do not count")
    func larger() throws {
        // The first of four lies at ¼, the places 0 and 1 at ½ and 1½: at distances of ¼ and 1¼.
        let found = try resampled([1, 3], to: 4)
        let near: Float = 0.8671875, far: Float = -0.0703125
        #expect(abs(found[0] - (near + 3 * far) / (near + far)) < 1e-6, "\(found)")
        // What is the same everywhere stays so.
        #expect(try resampled([2, 2, 2], to: 5).allSatisfy { abs($0 - 2) < 1e-6 })
    }
}
