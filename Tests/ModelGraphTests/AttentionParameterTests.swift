import ModelGraph
import Tensors
import Testing

@Suite("Parameters of attention")
struct AttentionParameterTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var heads: [HeadSource]
        var groups: Int?
        var valueSize: Int?
        var memory: Int?
        /// Columns of query, key and value, rows of output; 0: the parameter does not exist.
        var expected: (query: Int, key: Int, value: Int, output: Int)
    }

    static let reused = HeadSource.reused(HeadID(node: "earlier", head: 0))
    static let identity = HeadSource.borrowed([MapTerm(map: .pattern(.identity))])

    // Head size 4 throughout; counted by hand.
    static let cases = [
        Case(
            testDescription: "four computing heads keep everything",
            heads: [.computed, .computed, .computed, .computed], expected: (16, 16, 16, 16)),
        Case(
            testDescription: "a borrowing head keeps value and output",
            heads: [.computed, reused, .computed, identity], expected: (8, 8, 16, 16)),
        Case(
            testDescription: "a dropped head keeps nothing",
            heads: [.computed, .dropped, .dropped, reused], expected: (4, 4, 8, 8)),
        Case(
            testDescription: "a layer that only borrows has neither query nor key",
            heads: [reused, reused, identity, reused], expected: (0, 0, 16, 16)),
        Case(
            testDescription: "a layer with all heads dropped has no matrix left",
            heads: [.dropped, .dropped, .dropped, .dropped], expected: (0, 0, 0, 0)),
        Case(
            testDescription: "a group's key stays while one of its heads computes",
            heads: [.computed, reused, .computed, .computed], groups: 2, expected: (12, 8, 8, 16)),
        Case(
            testDescription: "a group's key goes when none of its heads computes, its value stays",
            heads: [reused, reused, .computed, .computed], groups: 2, expected: (8, 4, 8, 16)),
        Case(
            testDescription: "a group's value goes when all of its heads are dropped",
            heads: [.dropped, .dropped, .computed, reused], groups: 2, expected: (4, 4, 4, 8)),
        Case(
            testDescription: "one group for all heads",
            heads: [.computed, reused, .dropped, .computed], groups: 1, expected: (8, 4, 4, 12)),
        Case(
            testDescription: "values of another width than keys",
            heads: [.computed, .computed, reused, .dropped], valueSize: 6, expected: (8, 8, 18, 18)),
        Case(
            testDescription: "keys and values of cross-attention read the memory",
            heads: [.computed, reused, .computed, .computed], memory: 10, expected: (12, 12, 16, 16)),
    ]

    @Test("parameters of attention have the shapes that the heads' sources leave", arguments: cases)
    func shapes(_ test: Case) throws {
        let attention = Attention(
            sizes: .init(
                inputWidth: 7, memoryWidth: test.memory, outputWidth: 9, headSize: 4, valueSize: test.valueSize),
            groupCount: test.groups,
            scores: .init(scale: 0.5),
            heads: test.heads)
        let memory = test.memory ?? 7
        var expected: [Parameter] = []
        func add(_ name: String, rows: Int, columns: Int) {
            guard rows > 0, columns > 0 else { return }
            expected += [Parameter("\(name)_weight", [rows, columns]), Parameter("\(name)_bias", [columns])]
        }
        add("query", rows: 7, columns: test.expected.query)
        add("key", rows: memory, columns: test.expected.key)
        add("value", rows: memory, columns: test.expected.value)
        if test.expected.output > 0 { expected.append(Parameter("output_weight", [test.expected.output, 9])) }
        expected.append(Parameter("output_bias", [9]))
        #expect(Operation.attention(attention).parameters == expected)
    }

    @Test("parameters of attention leave out the biases that the model does not have")
    func withoutBiases() {
        let attention = Attention(
            sizes: .init(inputWidth: 8, outputWidth: 8, headSize: 4),
            scores: .init(scale: 0.5),
            biases: .init(query: true, key: false, value: false, output: false),
            heads: [.computed, .computed])
        #expect(
            Operation.attention(attention).parameters == [
                Parameter("query_weight", [8, 8]), Parameter("query_bias", [8]), Parameter("key_weight", [8, 8]),
                Parameter("value_weight", [8, 8]), Parameter("output_weight", [8, 8]),
            ])
    }

    @Test(
        "heads are dealt to groups in order",
        arguments: [(6, 3, [0, 0, 1, 1, 2, 2]), (4, 1, [0, 0, 0, 0]), (3, 3, [0, 1, 2])])
    func groups(heads: Int, groups: Int, expected: [Int]) {
        let attention = Attention(
            sizes: .init(inputWidth: 8, outputWidth: 8, headSize: 4),
            groupCount: groups,
            scores: .init(scale: 0.5),
            heads: [HeadSource](repeating: .computed, count: heads))
        #expect((0..<heads).map(attention.group(of:)) == expected)
    }
}
