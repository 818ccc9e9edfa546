import CKernels
import Foundation
import Runtime
import Tensors
import Testing

@Suite("What positions add to scores")
struct DistanceTests {
    /// A problem whose queries are zero: the map is the softmax of what positions add.
    private func map(
        on set: KernelSet, queries: Int, keys: Int, _ change: (inout rk_map) -> Void
    ) throws -> [Float] {
        let attention = try #require(set.kernels.attention)
        let q = Floats(queries * 16), k = Floats(keys * 16) { Float($0) }
        let kept = Floats(queries * keys), scratch = Floats(rk_attention_scratch(keys, 16)) { _ in .nan }
        var map = rk_map()
        (map.queries, map.keys, map.head_size) = (queries, keys, 16)
        (map.q, map.ldq, map.k, map.ldk) = (UnsafePointer(q.base), 16, UnsafePointer(k.base), 16)
        (map.keep, map.ldkeep, map.scratch) = (kept.base, keys, scratch.base)
        change(&map)
        attention(&map, 0, queries)
        #expect(kept.marginIsIntact && scratch.marginIsIntact)
        return kept.values
    }

    private func softmax(_ rows: [[Double]]) -> [Double] {
        rows.flatMap { row in
            let powers = row.map { exp($0) }
            let sum = powers.reduce(0, +)
            return powers.map { $0 / sum }
        }
    }

    @Test(
        "a table by distance is added to scores, with and without gaps between positions, whatever the reach",
        arguments: KernelSet.all, [0, 1, 3, 40, 200])
    func distances(_ set: KernelSet, _ reach: Int) throws {
        var random = Random(seed: reach)
        let table = random.floats(2 * reach + 1)
        func entry(_ distance: Int) -> Double { Double(table[reach + min(max(distance, -reach), reach)]) }
        let keys = 70, queries = 9
        let plain = try map(on: set, queries: queries, keys: keys) {
            ($0.distances, $0.reach, $0.causal) = (UnsafePointer(table.base + reach), Int64(reach), 0)
        }
        let expected = (0..<queries).map { q in (0..<keys).map { entry($0 - q) } }
        #expect(largestDifference(plain, softmax(expected)) < 1e-6)

        // Under a causal mask the queries are the last positions.
        let causal = try map(on: set, queries: queries, keys: keys) {
            ($0.distances, $0.reach, $0.causal) = (UnsafePointer(table.base + reach), Int64(reach), 1)
        }
        let triangle = (0..<queries).map { q in
            let place = q + keys - queries
            return (0..<keys).map { $0 <= place ? entry($0 - place) : -.infinity }
        }
        #expect(largestDifference(causal, softmax(triangle)) < 1e-6)

        let positions = (0..<Int32(keys)).map { $0 * 3 / 2 }
        let gaps = try positions.withUnsafeBufferPointer { positions in
            try map(on: set, queries: keys, keys: keys) {
                ($0.distances, $0.reach) = (UnsafePointer(table.base + reach), Int64(reach))
                ($0.query_positions, $0.key_positions) = (positions.baseAddress, positions.baseAddress)
            }
        }
        let spread = (0..<keys).map { q in (0..<keys).map { entry(Int(positions[$0] - positions[q])) } }
        #expect(largestDifference(gaps, softmax(spread)) < 1e-6)
    }

    @Test("two products are looked up by distance and added to scores", arguments: KernelSet.all)
    func lookedUp(_ set: KernelSet) throws {
        var random = Random(seed: 3)
        let count = 20, columns = 7, reach = 5
        let byQuery = random.floats(count * columns), byKey = random.floats(count * columns)
        let table: [Int32] = (0...2 * reach).map { Int32(($0 * 3) % columns) }
        let answer = try table.withUnsafeBufferPointer { table in
            try map(on: set, queries: count, keys: count) {
                ($0.by_query, $0.ldby_query) = (UnsafePointer(byQuery.base), columns)
                ($0.by_key, $0.ldby_key) = (UnsafePointer(byKey.base), columns)
                ($0.columns, $0.reach) = (table.baseAddress.map { $0 + reach }, Int64(reach))
            }
        }
        let expected = (0..<count).map { q in
            (0..<count).map { k in
                let column = Int(table[reach + min(max(k - q, -reach), reach)])
                return Double(byQuery[q * columns + column]) + Double(byKey[k * columns + column])
            }
        }
        #expect(largestDifference(answer, softmax(expected)) < 1e-6)
    }

    @Test("rotary positions turn pairs of columns by their angles", arguments: KernelSet.all, [1, 3, 16, 21, 32])
    func rotate(_ set: KernelSet, _ pairs: Int) throws {
        var random = Random(seed: pairs)
        let angles = (0..<pairs).map { _ in Double(random.float()) * 10 }
        let table = Floats(angles.map { Float(cos($0)) } + angles.map { Float(sin($0)) })
        for isInterleaved in [false, true] {
            let x = random.floats(2 * pairs)
            let before = x.values.map(Double.init)
            set.kernels.rotate(x.base, pairs, isInterleaved ? 1 : 0, table.base)
            var expected = before
            for pair in 0..<pairs {
                let a = isInterleaved ? 2 * pair : pair, b = isInterleaved ? 2 * pair + 1 : pair + pairs
                expected[a] = before[a] * cos(angles[pair]) - before[b] * sin(angles[pair])
                expected[b] = before[a] * sin(angles[pair]) + before[b] * cos(angles[pair])
            }
            #expect(largestDifference(x.values, expected) < 1e-6)
            #expect(x.marginIsIntact)
        }
    }
}
