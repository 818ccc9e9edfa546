import Generation
import ModelGraph
import Runtime
import Testing

/// Rules of generated texts, worked out by hand.
@Suite("What a model's files ask of the tokens it writes")
struct RuledTextTests {
    private let none = -Float.infinity

    private func applied(
        _ ids: [Int32], source: [Int32]? = nil, written: [Int32] = [], ends: Set<Int32> = [], limit: Int = 100,
        _ logits: [Float], _ change: (inout GenerationRules) -> Void
    ) -> [Float] {
        var rules = GenerationRules()
        change(&rules)
        #expect(!rules.isEmpty)
        var text = RuledText(rules, ids: ids, source: source ?? ids, endIDs: ends, maximumNewTokens: limit)
        for id in written { text.append(id) }
        var logits = logits
        text.apply(to: &logits)
        return logits
    }

    @Test("tokens that were read or written become less likely, whatever their sign; unknown ids don't matter")
    func repetition() {
        let found = applied([0, 0, 1, 99], written: [2], [4, -1, 3, 5]) { $0.repetitionPenalty = 2 }
        #expect(found == [2, -2, 1.5, 5])
        #expect(applied([3], source: [0, 1], [4, -1, 3, 5]) { $0.sourcePenalty = 2 } == [8, -0.5, 3, 5])
    }

    @Test("what would repeat a sequence does not come, in the text and from the source")
    func sequences() {
        // 1 2 3 1 2: a third 2 3 would repeat 1 2 3; after 2 3 came 1.
        let text: [Int32] = [1, 2, 3, 1, 2]
        #expect(applied(text, [0, 0, 0, 0]) { $0.repeatedLength = 3 } == [0, 0, 0, none])
        #expect(applied(text, [0, 0, 0, 0]) { $0.repeatedLength = 1 } == [0, none, none, none])
        #expect(applied([1], [0, 0, 0, 0]) { $0.repeatedLength = 3 } == [0, 0, 0, 0])
        #expect(applied([2], source: [0, 2, 1], [0, 0, 0, 0]) { $0.copiedLength = 2 } == [0, none, 0, 0])
    }

    @Test("forbidden sequences lose their last token where the others stand; biases are added there")
    func biases() {
        let found = applied([5, 1], [0, 0, 0, 0]) { $0.forbidden = [[2], [1, 3], [0, 0], [7, 5, 1, 0]] }
        #expect(found == [0, 0, none, none])
        let biased = applied([5, 1], [0, 0, 0, 0]) {
            $0.biases = [.init(ids: [0], value: 1.5), .init(ids: [1, 2], value: -2), .init(ids: [2, 3], value: 9)]
        }
        #expect(biased == [1.5, 0, -2, 0])
    }

    @Test("no end comes too early, counted with the prompt or without")
    func lengths() {
        #expect(applied([1, 2], ends: [0, 3], [1, 1, 1, 1]) { $0.minimumLength = 3 } == [none, 1, 1, none])
        #expect(applied([1, 2], written: [1], ends: [0], [1, 1]) { $0.minimumLength = 3 } == [1, 1])
        #expect(applied([1, 2], written: [1], ends: [0], [1, 1]) { $0.minimumNewTokens = 2 } == [none, 1])
        let grown = applied([1, 2], written: [1, 1, 1], ends: [0, 1], [2, -2, 2]) {
            $0.endGrowth = .init(start: 1, factor: 1.5)
        }
        // Two tokens past the start: |x| (1.5² − 1) is added.
        #expect(grown == [4.5, 0.5, 2])
    }

    @Test("a first and a last token are forced, at a text's beginning and where the limit ends it")
    func forced() {
        #expect(applied([9], [1, 2, 3]) { $0.firstID = 1 } == [none, 0, none])
        #expect(applied([9, 9], [1, 2, 3]) { $0.firstID = 1 } == [1, 2, 3])
        #expect(applied([9], written: [1], limit: 2, [1, 2, 3]) { $0.lastIDs = [0, 2] } == [0, none, 0])
        #expect(applied([9], limit: 2, [1, 2, 3]) { $0.lastIDs = [0] } == [1, 2, 3])
    }

    @Test("suppressed tokens never come, some not first: behind a token that is forced the next one counts as first")
    func suppressed() {
        #expect(applied([9, 9], written: [0], [1, 2, 3]) { $0.suppressed = [2, 77] } == [1, 2, none])
        #expect(applied([9, 9], [1, 2, 3]) { $0.suppressedAtBeginning = [0] } == [none, 2, 3])
        #expect(applied([9, 9], written: [0], [1, 2, 3]) { $0.suppressedAtBeginning = [0] } == [1, 2, 3])
        let behind = applied([9], written: [1], [1, 2, 3]) {
            $0.firstID = 1
            $0.suppressedAtBeginning = [0]
        }
        #expect(behind == [none, 2, 3])
        #expect(applied([9, 9], [1, 2, 3]) { $0.allowed = [2, 0, 77] } == [1, none, 3])
    }

    @Test("what is no finite number is replaced where the file asks for it")
    func invalid() {
        let found = applied([9], [.nan, .infinity, -.infinity, 1]) { $0.replacesInvalid = true }
        #expect(found == [0, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1])
    }
}
