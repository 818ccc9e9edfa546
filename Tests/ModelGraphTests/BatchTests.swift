import ModelGraph
import Testing

@Suite("Batches of inputs")
struct BatchTests {
    private func inputs(_ lengths: [Int]) -> [ModelInput] {
        lengths.map { ModelInput(ids: [Int32](repeating: 1, count: $0)) }
    }

    @Test(
        "a batch of at most so many rows ends before the input that would be too much, and a longer one stands alone",
        arguments: [
            ([3, 3, 3, 3], [0..<2, 2..<4]), ([3, 4, 3], [0..<1, 1..<2, 2..<3]), ([9, 1, 9], [0..<1, 1..<2, 2..<3]),
            ([0, 0, 6, 0, 1], [0..<4, 4..<5]), ([], []),
        ])
    func atMost(lengths: [Int], expected: [Range<Int>]) {
        #expect(inputs(lengths).batches(rows: 6) == expected)
    }

    @Test(
        "a batch that reaches so many rows ends with the input that brings it there",
        arguments: [
            ([3, 3, 3, 3], [0..<2, 2..<4]), ([3, 4, 3], [0..<2, 2..<3]), ([9, 1, 9], [0..<1, 1..<3]),
            ([0, 0, 6, 0, 1], [0..<3, 3..<5]), ([], []),
        ])
    func reaching(lengths: [Int], expected: [Range<Int>]) {
        #expect(inputs(lengths).batches(rows: 6, by: .reaching) == expected)
    }

    @Test("a batch has no more inputs than are allowed", arguments: [BatchRule.atMost, .reaching])
    func most(_ rule: BatchRule) {
        #expect(inputs([1, 1, 1, 1, 1]).batches(rows: 100, most: 2, by: rule) == [0..<2, 2..<4, 4..<5])
    }

    @Test("an input without a text counts by the rows of its longest array")
    func arrays() {
        let picture = ModelInput(arrays: ["pixels": InputArray(rows: 5, columns: 1, numbers: [0, 0, 0, 0, 0])])
        #expect([picture, picture, picture].batches(rows: 10) == [0..<2, 2..<3])
    }
}
