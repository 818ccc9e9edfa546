import Costs
import Generation
import ModelGraph
import Platform
import Runtime
import Tensors
import TestSupport
import Testing

@Suite("Decoding token by token")
struct DecodingTests {
    private static let sources: [(String, [[HeadSource]])] = [
        ("computed", [[.computed, .computed, .computed], [.computed, .computed, .computed]]),
        (
            "a layer without keys",
            [[.computed, .computed, .computed], (0..<3).map { .reused(HeadID(node: attentionName(0), head: $0)) }]
        ),
        (
            "blended, static, dropped and many to one",
            [
                [.computed, .borrowed([MapTerm(map: .pattern(.previous))]), .computed],
                [
                    .borrowed([
                        MapTerm(weight: 0.5, map: .head(HeadID(node: attentionName(0), head: 2))),
                        MapTerm(weight: 0.5, map: .pattern(.mean)),
                    ]), .computed, .dropped,
                ],
            ]
        ),
    ]
    private static let positions: [Attention.Positions?] = [
        nil, .rotary(.init(size: 8, base: 100)), .alibi, .clamped(length: 3),
        .bucketed(.init(count: 8, maximumDistance: 11, isBidirectional: false)),
    ]

    /// The last row of the logits of whole sequences.
    private func whole(_ model: Model, _ sequences: [ModelInput]) throws -> [[Float]] {
        let compiled = try CompiledModel(
            model, options: .init(resources: .init(threads: 1), observation: .outputs(of: model.graph)))
        let value = try #require(model.graph.value(ofOutput: "logits"))
        var result: [[Float]] = []
        try compiled.run(sequences) { (group: GroupResult) throws(Never) in
            guard let rows = group.value(value) else { return }
            for sequence in group.sequences { result.append(Array(rows.row(sequence.rows.upperBound - 1))) }
        }
        return result
    }

    private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
    }

    @Test(
        "ragged prompts and what follows give the logits of whole runs, whatever heads borrow and positions are",
        arguments: sources.indices, positions.indices)
    func decoder(_ source: Int, _ position: Int) throws {
        for window in [nil, 4] {
            var shape = EncoderShape(hidden: 48, heads: 3, layers: Self.sources[source].1)
            shape.mask = Attention.Mask(isCausal: true, window: window)
            shape.positions = Self.positions[position]
            let model = try Model.random(shape, seed: 5)
            var texts = randomSequences([3, 1, 20, 9], masked: false, seed: 8).map { ModelInput(ids: $0.ids) }
            for threads in [1, 3] {
                let session = try DecoderModel(model, resources: .init(threads: threads)).session(texts)
                for token: Int32 in 0..<20 {
                    let expected = try whole(model, texts)
                    for index in texts.indices {
                        let difference = largestDifference(session.logits(of: index), expected[index])
                        #expect(difference < 2e-5, "\(Self.sources[source].0), text \(index), token \(token)")
                    }
                    let next = texts.indices.map { (token * 7 + Int32($0)) % 50 }
                    try session.step(next)
                    for index in texts.indices { texts[index].ids.append(next[index]) }
                }
                #expect(session.lengths == texts.map(\.ids.count))
                texts = randomSequences([3, 1, 20, 9], masked: false, seed: 8).map { ModelInput(ids: $0.ids) }
            }
        }
    }

    @Test("a layer that borrows all its maps keeps values only, and the count is that of the cost model")
    func cacheBytes() throws {
        for (name, sources) in Self.sources.prefix(2) {
            // Heads of 16 columns fill whole panels.
            var shape = EncoderShape(hidden: 48, heads: 3, layers: sources)
            shape.mask = Attention.Mask(isCausal: true)
            let model = try Model.random(shape, seed: 5)
            let decoder = try DecoderModel(model)
            let expected = name == "computed" ? 2 * (48 + 48) * 4 : (48 + 48 + 48) * 4
            #expect(decoder.cacheBytesPerToken == expected)
            #expect(model.graph.cost(tokens: 10).cacheBytes == expected)
            let session = try decoder.session([ModelInput(ids: [1, 2, 3]), ModelInput(ids: [4])])
            try session.step([1, 1])
            #expect(session.cacheBytes == 6 * expected)
        }
    }

    @Test("sequences that have ended are let go, the others go on as before")
    func keep() throws {
        var shape = EncoderShape.computed(layers: 2)
        shape.mask = Attention.Mask(isCausal: true)
        let model = try Model.random(shape, seed: 5)
        let decoder = try DecoderModel(model)
        let prompts = randomSequences([4, 7, 2], masked: false, seed: 8).map { ModelInput(ids: $0.ids) }
        let session = try decoder.session(prompts), alone = try decoder.session([prompts[2]])
        try session.step([1, 2, 3])
        session.keep([2])
        try alone.step([3])
        #expect(session.logits(of: 0) == alone.logits(of: 0))
        try session.step([5])
        try alone.step([5])
        #expect(session.logits(of: 0) == alone.logits(of: 0))
        #expect(session.cacheBytes == alone.cacheBytes)
    }

    @Test("a step of decoding that is cancelled leaves the session as it was")
    func cancelledStep() throws {
        var shape = EncoderShape.computed(layers: 3)
        shape.mask = Attention.Mask(isCausal: true)
        let cancellation = Cancellation()
        let decoder = try DecoderModel(
            try Model.random(shape, seed: 5), resources: .init(threads: 2, cancellation: cancellation))
        let session = try decoder.session([ModelInput(ids: [1, 2, 3]), ModelInput(ids: [4])])
        let logits = session.logits(of: 0), bytes = session.cacheBytes
        cancellation.request()
        #expect(throws: RuntimeError.cancelled) { try session.step([5, 6]) }
        #expect(session.lengths == [3, 1])
        #expect(session.cacheBytes == bytes)
        #expect(session.logits(of: 0) == logits)
    }

    @Test("a model that cannot be decoded token by token says why")
    func refusals() throws {
        let bidirectional = try Model.random(.computed(layers: 1), seed: 1)
        let error = #expect(throws: RuntimeError.self) { _ = try DecoderModel(bidirectional) }
        #expect(error == .notIncremental("layer_0/attention looks at later tokens"))
        var shape = EncoderShape.computed(layers: 1)
        shape.mask = Attention.Mask(isCausal: true)
        let decoder = try DecoderModel(try Model.random(shape, seed: 1))
        #expect(throws: RuntimeError.self) { _ = try decoder.session([ModelInput(ids: [])]) }
        #expect(throws: RuntimeError.self) {
            _ = try decoder.session([ModelInput(ids: [1, 2], mask: [false, true])])
        }
        let session = try decoder.session([ModelInput(ids: [1])])
        #expect(throws: RuntimeError.self) { try session.step([50]) }
        #expect(throws: RuntimeError.self) { try session.step([1, 2]) }
        let full = try decoder.session([ModelInput(ids: Array(repeating: 3, count: 200))])
        #expect(throws: RuntimeError.self) { try full.step([1]) }
    }
}
