import Costs
import ModelGraph
import Runtime
import TestSupport
import Testing

@Suite("Maps that are kept, as the cost model foretells and the compiler lays out")
struct LiveMapTests {
    /// One case: what each layer's heads are made of.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let shape: EncoderShape
        /// Maps alive at once, by hand.
        let maps: Int

        init(_ name: String, maps: Int, groupCount: Int? = nil, heads: Int = 3, _ layers: [[HeadSource]]) {
            testDescription = name
            self.maps = maps
            shape = EncoderShape(hidden: 48, heads: heads, groupCount: groupCount, layers: layers)
        }
    }

    private static let computed: [HeadSource] = [.computed, .computed, .computed]

    private static func head(_ layer: Int, _ head: Int) -> HeadID { HeadID(node: attentionName(layer), head: head) }

    private static func blend(_ heads: HeadID...) -> HeadSource {
        .borrowed(
            heads.map { MapTerm(weight: 1 / Float(heads.count + 1), map: .head($0)) } + [
                MapTerm(weight: 1 / Float(heads.count + 1), map: .pattern(.identity))
            ])
    }

    static let cases: [Case] = [
        Case("all heads computed", maps: 0, [computed, computed, computed]),
        Case("a map taken as it is inside its layer", maps: 0, [[.computed, .reused(head(0, 0)), .computed]]),
        Case(
            "a map blended inside its layer", maps: 1,
            [[.computed, blend(head(0, 0)), .borrowed([MapTerm(map: .pattern(.previous))])], computed]),
        Case(
            "one map read by two later layers", maps: 1,
            [
                computed, [.reused(head(0, 1)), .computed, .computed], computed,
                [.computed, .reused(head(0, 1)), .computed],
            ]),
        Case(
            "lifetimes that overlap, and others that follow", maps: 5,
            [
                computed, computed, [.reused(head(0, 0)), .reused(head(0, 1)), .computed],
                [.reused(head(1, 0)), .reused(head(1, 1)), .reused(head(2, 2))],
                [.reused(head(2, 2)), .computed, .computed], [.reused(head(4, 1)), .reused(head(4, 2)), .dropped],
            ]),
        Case(
            "a blend of maps of two layers", maps: 2,
            [computed, computed, [.computed, blend(head(0, 2), head(1, 0)), .dropped], computed]),
        Case(
            "queries in groups", maps: 2, groupCount: 2, heads: 4,
            [
                [.computed, .computed, .computed, .computed],
                [.reused(head(0, 0)), .computed, .reused(head(0, 3)), .computed],
            ]),
    ]

    @Test("both agree with a count by hand", arguments: cases)
    func encoders(_ item: Case) throws {
        let model = try Model.random(item.shape, seed: 2)
        #expect(model.graph.liveMaps == item.maps)
        // Whole panels of keys, so that no row is padded.
        let tokens = 48
        let compiled = try CompiledModel(model, options: .init(resources: .init(threads: 1)))
        let bytes = try compiled.keptMapBytes(for: ModelInput(ids: Array(repeating: 1, count: tokens)))
        #expect(bytes == item.maps * tokens * tokens * 4)
        #expect(model.graph.cost(tokens: tokens).liveMapBytes == bytes)
    }

    @Test("maps of cross-attention have memory of their own", arguments: [false, true])
    func crossAttention(_ borrows: Bool) throws {
        let model = translator(borrows: borrows)
        let tokens = 32
        let compiled = try CompiledModel(model, options: .init(resources: .init(threads: 1)))
        let ids = [Int32](repeating: 1, count: tokens)
        let sequence = ModelInput(ids: ids, arrays: ["decoder_input_ids": InputArray(ids: ids)])
        let bytes = try compiled.keptMapBytes(for: sequence)
        #expect(bytes == (borrows ? 2 : 0) * tokens * tokens * 4)
        #expect(model.graph.cost(tokens: tokens).liveMapBytes == bytes)
    }
}
