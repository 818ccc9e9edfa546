import CKernels
import Foundation
import Runtime
import Testing

/// One attention problem with random contents, its value in double precision, and the kernels' answer.
struct AttentionCase {
    var queries = 8, keys = 8, headSize = 16
    var isCausal = false, window = 0
    var positions: [Int32]?
    var alibiSlope: Float = 0, softcap: Float = 0
    var bias: Floats?
    var scale: Float = 1
    /// Values of each consumer, `[keys, width]`.
    var widths = [16]
    /// Not computed from queries and keys, but a sum of terms.
    var terms: [Term]?

    enum Term {
        case map(Float, Floats)
        case pattern(rk_term_kind, Float)
    }

    struct Answer: Equatable {
        var outputs: [[Float]]
        var map: [Float]
    }

    func contents(seed: Int) -> (q: Floats, k: Floats, values: [Floats]) {
        var random = Random(seed: seed)
        return (
            random.floats(queries * headSize, scale: scale), random.floats(keys * headSize),
            widths.map { random.floats(keys * ($0 + 16)) }
        )
    }

    func isVisible(_ query: Int, _ key: Int) -> Bool {
        let position = position(of: query)
        return (!isCausal || key <= position)
            && (window == 0 || position - key < window && (isCausal || key - position < window))
    }

    func position(of query: Int) -> Int {
        if let positions { return Int(positions[query]) }
        return isCausal ? query + keys - queries : query
    }

    /// Runs `cuts.count + 1` calls that share the queries.
    func run(on set: KernelSet, seed: Int, cuts: [Int] = [], keepsMap: Bool = true) throws -> Answer {
        let (q, k, values) = contents(seed: seed)
        let attention = try #require(set.kernels.attention)
        let outputs = widths.map { width in Floats(queries * (width + 16)) { _ in -7 } }
        let kept = Floats(queries * keys) { _ in -7 }
        let scratch = Floats(rk_attention_scratch(keys, headSize)) { _ in .nan }
        let consumers = zip(zip(values, outputs), widths).map { pair, width in
            rk_consumer(v: pair.0.base, ldv: width + 16, width: width, out: pair.1.base, ldo: width + 16)
        }
        let cTerms = (terms ?? []).map { term in
            switch term {
            case .map(let weight, let map):
                rk_term(kind: Int32(RK_TERM_MAP.rawValue), weight: weight, map: map.base, ldmap: keys)
            case .pattern(let kind, let weight):
                rk_term(kind: Int32(kind.rawValue), weight: weight, map: nil, ldmap: 0)
            }
        }
        // Pointers alone keep nothing alive.
        withExtendedLifetime((q, k, values, terms)) {
            consumers.withUnsafeBufferPointer { consumers in
                cTerms.withUnsafeBufferPointer { cTerms in
                    (positions ?? []).withUnsafeBufferPointer { positions in
                        var map = rk_map()
                        (map.queries, map.keys, map.head_size) = (queries, keys, headSize)
                        map.position = self.positions == nil ? nil : positions.baseAddress
                        if terms == nil {
                            (map.q, map.ldq, map.k, map.ldk) = (
                                UnsafePointer(q.base), headSize, UnsafePointer(k.base), headSize
                            )
                        }
                        (map.bias, map.ldb) = (bias.map { UnsafePointer($0.base) }, keys)
                        (map.alibi_slope, map.softcap) = (alibiSlope, softcap)
                        (map.causal, map.window) = (isCausal ? 1 : 0, window)
                        (map.terms, map.term_count) = (cTerms.baseAddress, cTerms.count)
                        if keepsMap { (map.keep, map.ldkeep) = (kept.base, keys) }
                        (map.consumers, map.consumer_count) = (consumers.baseAddress, consumers.count)
                        map.scratch = scratch.base
                        let edges = [0] + cuts + [queries]
                        for (begin, end) in zip(edges, edges.dropFirst()) { attention(&map, begin, end) }
                    }
                }
            }
        }
        #expect((outputs + [kept, scratch]).allSatisfy { $0.marginIsIntact })
        let packed = zip(outputs, widths).map { output, width in
            (0..<queries).flatMap { row in (0..<width).map { output[row * (width + 16) + $0] } }
        }
        return Answer(outputs: packed, map: kept.values)
    }

    /// Map and outputs in double precision; a row without visible keys is zero.
    func expected(seed: Int) -> (outputs: [[Double]], map: [Double]) {
        let (q, k, values) = contents(seed: seed)
        var map = [Double](repeating: 0, count: queries * keys)
        for query in 0..<queries {
            let visible = (0..<keys).filter { isVisible(query, $0) }
            guard !visible.isEmpty else { continue }
            let scores = visible.map { key -> Double in
                var score = 0.0
                for i in 0..<headSize { score += Double(q[query * headSize + i]) * Double(k[key * headSize + i]) }
                if softcap != 0 { score = Double(softcap) * tanh(score / Double(softcap)) }
                score += Double(alibiSlope) * Double(key - position(of: query))
                return score + Double(bias?[query * keys + key] ?? 0)
            }
            let top = scores.max() ?? 0
            let powers = scores.map { exp($0 - top) }
            let sum = powers.reduce(0, +)
            for (key, power) in zip(visible, powers) { map[query * keys + key] = power / sum }
        }
        let outputs = zip(values, widths).map { values, width in
            (0..<queries).flatMap { query in
                (0..<width).map { column in
                    (0..<keys).reduce(0.0) { $0 + map[query * keys + $1] * Double(values[$1 * (width + 16) + column]) }
                }
            }
        }
        return (outputs, map)
    }
}

@Suite("Attention")
struct AttentionTests {
    /// Maps are below 1, values below 1, sums short.
    private static let tolerance = 3e-6

    private func expectAgreement(_ problem: AttentionCase, _ set: KernelSet, seed: Int) throws {
        let found = try problem.run(on: set, seed: seed)
        let expected = problem.expected(seed: seed)
        #expect(largestDifference(found.map, expected.map) < Self.tolerance, "map of \(problem)")
        for (a, b) in zip(found.outputs, expected.outputs) {
            #expect(largestDifference(a, b) < Self.tolerance, "output of \(problem)")
        }
    }

    @Test("attention maps and outputs of any shape agree with double precision", arguments: KernelSet.all)
    func oddShapes(_ set: KernelSet) throws {
        var random = Random(seed: 20)
        for queries in 1...30 {
            let problem = AttentionCase(
                queries: queries, keys: random.index(1...70), headSize: 16 * random.index(1...4),
                widths: [16 * random.index(1...4)])
            try expectAgreement(problem, set, seed: queries)
        }
    }

    @Test("causal masks and windows hide what they should", arguments: KernelSet.all)
    func masks(_ set: KernelSet) throws {
        for (queries, keys) in [(1, 1), (5, 5), (33, 33), (7, 40), (1, 40)] {
            for window in [0, 1, 2, 5, 16, 17, 100] {
                for isCausal in [true, false] {
                    let problem = AttentionCase(queries: queries, keys: keys, isCausal: isCausal, window: window)
                    try expectAgreement(problem, set, seed: queries + window)
                }
            }
        }
    }

    @Test("queries may be anywhere in a sequence, also where they see nothing", arguments: KernelSet.all)
    func positions(_ set: KernelSet) throws {
        let positions: [Int32] = [-3, 20, 0, 7, 19, 400, 5, 5, 18, 1, 16, 15, 2]
        for window in [0, 3] {
            let problem = AttentionCase(
                queries: positions.count, keys: 20, isCausal: true, window: window, positions: positions)
            try expectAgreement(problem, set, seed: window)
            let answer = try problem.run(on: set, seed: window)
            #expect(answer.outputs[0].prefix(16).allSatisfy { $0 == 0 })
            #expect(answer.map.prefix(20).allSatisfy { $0 == 0 })
        }
    }

    @Test("more causal queries than keys: the first see nothing", arguments: KernelSet.all)
    func moreQueriesThanKeys(_ set: KernelSet) throws {
        try expectAgreement(AttentionCase(queries: 20, keys: 6, isCausal: true), set, seed: 1)
    }

    @Test("bias, ALiBi and softcap change the scores", arguments: KernelSet.all)
    func adjustments(_ set: KernelSet) throws {
        var random = Random(seed: 21)
        for isCausal in [true, false] {
            var problem = AttentionCase(queries: 19, keys: 37, isCausal: isCausal, scale: 3)
            problem.bias = random.floats(19 * 37, scale: 2)
            try expectAgreement(problem, set, seed: 1)
            problem.alibiSlope = 0.25
            try expectAgreement(problem, set, seed: 2)
            problem.softcap = 2
            try expectAgreement(problem, set, seed: 3)
        }
    }

    @Test("a bias of minus infinity hides a key, a whole row of them gives zeros", arguments: KernelSet.all)
    func infiniteBias(_ set: KernelSet) throws {
        var problem = AttentionCase(queries: 3, keys: 20)
        problem.bias = Floats(60) { $0 / 20 == 1 || $0 % 20 == 4 ? -.infinity : 0 }
        let answer = try problem.run(on: set, seed: 5)
        for row in [0, 2] {
            #expect(answer.map[row * 20 + 4] == 0)
            #expect(abs(answer.map[row * 20..<row * 20 + 20].reduce(0, +) - 1) < 1e-6)
        }
        #expect(answer.map[20..<40].allSatisfy { $0 == 0 })
        #expect(answer.outputs[0][16..<32].allSatisfy { $0 == 0 })
    }

    @Test("scores in the thousands neither overflow nor vanish", arguments: KernelSet.all)
    func extremes(_ set: KernelSet) throws {
        let problem = AttentionCase(queries: 9, keys: 33, headSize: 32, scale: 4000)
        let answer = try problem.run(on: set, seed: 6)
        let expected = problem.expected(seed: 6)
        // Products of thousands are exact to about 1e-3, and so is the ratio of two exponentials.
        #expect(largestDifference(answer.map, expected.map) < 5e-3)
        for row in 0..<9 {
            #expect(abs(answer.map[row * 33..<(row + 1) * 33].reduce(0, +) - 1) < 1e-5)
        }
    }

    @Test("equal scores give equal shares, however large they are", arguments: KernelSet.all)
    func equalScores(_ set: KernelSet) throws {
        var problem = AttentionCase(queries: 2, keys: 8, scale: 0)
        problem.bias = Floats(16) { _ in -3e38 }
        let answer = try problem.run(on: set, seed: 7)
        #expect(answer.map.allSatisfy { $0 == 0.125 })
    }

    @Test("a row of attention has the same bits whatever rows are computed with it", arguments: KernelSet.all)
    func cuts(_ set: KernelSet) throws {
        for (isCausal, window) in [(false, 0), (true, 0), (true, 9), (false, 9)] {
            let problem = AttentionCase(
                queries: 31, keys: 50, headSize: 32, isCausal: isCausal, window: window, widths: [32, 48])
            let whole = try problem.run(on: set, seed: 8)
            for cuts in [[1], [13, 14, 20], Array(1..<31)] {
                #expect(try problem.run(on: set, seed: 8, cuts: cuts) == whole)
            }
        }
    }

    @Test("keeping an attention map changes no bit of the output", arguments: KernelSet.all)
    func keeping(_ set: KernelSet) throws {
        let problem = AttentionCase(queries: 20, keys: 41, isCausal: true, widths: [16, 32, 64])
        let kept = try problem.run(on: set, seed: 9)
        let bare = try problem.run(on: set, seed: 9, keepsMap: false)
        #expect(bare.outputs == kept.outputs)
        #expect(bare.map.allSatisfy { $0 == -7 })
    }

    @Test("an attention map may have no reader at all", arguments: KernelSet.all)
    func mapOnly(_ set: KernelSet) throws {
        try expectAgreement(AttentionCase(queries: 9, keys: 12, widths: []), set, seed: 10)
    }

    @Test("instruction sets agree on attention to the bit")
    func sameBits() throws {
        var problem = AttentionCase(queries: 27, keys: 61, headSize: 48, isCausal: true, widths: [48])
        problem.softcap = 3
        let results = try KernelSet.all.map { try problem.run(on: $0, seed: 11) }
        for result in results { #expect(result == results[0]) }
    }
}
