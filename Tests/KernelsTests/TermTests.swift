import CKernels
import Runtime
import Tensors
import Testing

/// Maps that are not computed but borrowed, blended, or patterns; expectations by hand.
@Suite("Borrowed maps and patterns")
struct TermTests {
    /// Visible keys of five queries over five keys, and where each pattern looks.
    private struct Pattern: CustomTestStringConvertible {
        let kind: rk_term_kind
        let isCausal: Bool
        let window: Int
        let targets: [Int]
        var testDescription: String { "\(kind.rawValue), causal \(isCausal), window \(window)" }
    }

    private static let patterns = [
        Pattern(kind: RK_TERM_IDENTITY, isCausal: false, window: 0, targets: [0, 1, 2, 3, 4]),
        Pattern(kind: RK_TERM_PREVIOUS, isCausal: false, window: 0, targets: [0, 0, 1, 2, 3]),
        Pattern(kind: RK_TERM_PREVIOUS, isCausal: true, window: 1, targets: [0, 1, 2, 3, 4]),
        Pattern(kind: RK_TERM_NEXT, isCausal: false, window: 0, targets: [1, 2, 3, 4, 4]),
        Pattern(kind: RK_TERM_NEXT, isCausal: true, window: 0, targets: [0, 1, 2, 3, 4]),
        Pattern(kind: RK_TERM_FIRST, isCausal: false, window: 0, targets: [0, 0, 0, 0, 0]),
        Pattern(kind: RK_TERM_FIRST, isCausal: true, window: 2, targets: [0, 0, 1, 2, 3]),
    ]

    @Test("a static pattern looks at one key", arguments: KernelSet.all, patterns)
    private func targets(_ set: KernelSet, _ pattern: Pattern) throws {
        let problem = AttentionCase(
            queries: 5, keys: 5, isCausal: pattern.isCausal, window: pattern.window, widths: [16, 32],
            terms: [.pattern(pattern.kind, 1)])
        let expectedMap = pattern.targets.flatMap { target in (0..<5).map { $0 == target ? Float(1) : 0 } }
        let values = problem.contents(seed: 1).values
        for keepsMap in [true, false] {
            let answer = try problem.run(on: set, seed: 1, keepsMap: keepsMap)
            if keepsMap { #expect(answer.map == expectedMap) }
            for (index, width) in problem.widths.enumerated() {
                let expected = pattern.targets.flatMap { target in
                    (0..<width).map { values[index][target * (width + 16) + $0] }
                }
                #expect(answer.outputs[index] == expected)
            }
        }
    }

    @Test("the mean pattern covers the visible keys", arguments: KernelSet.all)
    func mean(_ set: KernelSet) throws {
        let plain = AttentionCase(queries: 4, keys: 4, terms: [.pattern(RK_TERM_MEAN, 1)])
        #expect(try plain.run(on: set, seed: 2).map == [Float](repeating: 0.25, count: 16))
        var causal = plain
        (causal.isCausal, causal.window) = (true, 2)
        let half: Float = 0.5
        #expect(
            try causal.run(on: set, seed: 2).map == [1, 0, 0, 0, half, half, 0, 0, 0, half, half, 0, 0, 0, half, half])
    }

    @Test("a query that sees no key takes nothing", arguments: KernelSet.all)
    func nothingVisible(_ set: KernelSet) throws {
        for kind in [RK_TERM_IDENTITY, RK_TERM_PREVIOUS, RK_TERM_NEXT, RK_TERM_FIRST, RK_TERM_MEAN] {
            for keepsMap in [true, false] {
                let problem = AttentionCase(
                    queries: 2, keys: 3, isCausal: true, positions: [-1, 2], terms: [.pattern(kind, 1)])
                let answer = try problem.run(on: set, seed: 3, keepsMap: keepsMap)
                #expect(answer.outputs[0].prefix(16).allSatisfy { $0 == 0 })
                #expect(answer.outputs[0].suffix(16).contains { $0 != 0 })
            }
        }
    }

    @Test("a borrowed map gives the bits of the map it is", arguments: KernelSet.all)
    func borrowed(_ set: KernelSet) throws {
        for (queries, keys) in [(3, 5), (30, 47), (13, 16)] {
            let source = AttentionCase(queries: queries, keys: keys, widths: [32])
            let computed = try source.run(on: set, seed: 4)
            var borrowing = source
            borrowing.terms = [.map(1, Floats(computed.map))]
            for keepsMap in [true, false] {
                let answer = try borrowing.run(on: set, seed: 4, keepsMap: keepsMap)
                if keepsMap { #expect(answer.map == computed.map) }
                // The computed head divides by the sum after the product, the borrowing one before it.
                #expect(largestDifference(answer.outputs[0], computed.outputs[0].map(Double.init)) < 1e-6)
            }
            let uncut = try borrowing.run(on: set, seed: 4, keepsMap: false)
            #expect(try borrowing.run(on: set, seed: 4, cuts: [1, 2], keepsMap: false) == uncut)
            let keptOutputs = try borrowing.run(on: set, seed: 4).outputs
            #expect(keptOutputs == uncut.outputs)
        }
    }

    @Test("a blend is the weighted sum of its terms", arguments: KernelSet.all)
    func blend(_ set: KernelSet) throws {
        let queries = 11, keys = 21
        var random = Random(seed: 5)
        for isCausal in [false, true] {
            var problem = AttentionCase(queries: queries, keys: keys, isCausal: isCausal, widths: [16])
            let hidden = { [problem] (index: Int) in !problem.isVisible(index / keys, index % keys) }
            let a = Floats(queries * keys) { hidden($0) ? 0 : random.float() }
            let b = Floats(queries * keys) { hidden($0) ? 0 : random.float() }
            problem.terms = [.map(0.5, a), .map(-0.25, b), .pattern(RK_TERM_FIRST, 2), .pattern(RK_TERM_MEAN, 3)]
            let answer = try problem.run(on: set, seed: 6)
            let values = problem.contents(seed: 6).values[0]
            var map = [Double](repeating: 0, count: queries * keys), output: [Double] = []
            for query in 0..<queries {
                let visible = (0..<keys).filter { problem.isVisible(query, $0) }
                for key in visible {
                    let index = query * keys + key
                    map[index] = 0.5 * Double(a[index]) - 0.25 * Double(b[index]) + 3 / Double(visible.count)
                    if key == 0 { map[index] += 2 }
                }
                output += (0..<16).map { column in
                    visible.reduce(0.0) { $0 + map[query * keys + $1] * Double(values[$1 * 32 + column]) }
                }
            }
            #expect(largestDifference(answer.map, map) < 1e-6)
            #expect(largestDifference(answer.outputs[0], output) < 1e-5)
        }
    }
}
