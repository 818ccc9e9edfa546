import ModelGraph
import Runtime
import Tensors
import TestSupport
import Testing

/// Single-precision sums of a few hundred products against double precision.
private let tolerance = 2e-5

private func borrowed(_ terms: (Float, MapReference)...) -> HeadSource {
    .borrowed(terms.map { MapTerm(weight: $0.0, map: $0.1) })
}
private func head(_ layer: Int, _ head: Int) -> MapReference { .head(HeadID(node: attentionName(layer), head: head)) }

/// Every kind of source, named.
private let plans: [(String, [[HeadSource]])] = [
    ("all computed", [[.computed, .computed, .computed], [.computed, .computed, .computed]]),
    (
        "whole layer borrowed",
        [
            [.computed, .computed, .computed],
            [borrowed((1, head(0, 0))), borrowed((1, head(0, 1))), borrowed((1, head(0, 2)))],
        ]
    ),
    (
        "partial and many to one",
        [
            [.computed, .computed, .computed],
            [borrowed((1, head(0, 2))), .computed, borrowed((1, head(0, 2)))],
        ]
    ),
    (
        "same layer",
        [[.computed, borrowed((1, head(0, 2))), .computed], [borrowed((1, head(1, 1))), .computed, .computed]]
    ),
    (
        "blended",
        [
            [.computed, .computed, borrowed((0.5, head(0, 0)), (0.25, head(0, 1)), (0.2, .pattern(.mean)))],
            [borrowed((0.7, head(0, 1)), (-0.2, head(1, 1))), .computed, .computed],
        ]
    ),
    (
        "static",
        [
            [borrowed((1, .pattern(.identity))), .computed, borrowed((1, .pattern(.previous)))],
            [borrowed((1, .pattern(.next))), borrowed((0.5, .pattern(.first)), (0.5, .pattern(.mean))), .computed],
        ]
    ),
    ("dropped", [[.computed, .dropped, .computed], [.dropped, .dropped, .dropped]]),
    (
        "one key only",
        [
            [.computed, .hard, borrowed((1, head(0, 1)))],
            [.hard, borrowed((0.5, head(0, 1)), (0.5, head(1, 0))), .hard],
        ]
    ),
    (
        "a weight other than one",
        [[.computed, borrowed((0.5, head(0, 0))), .computed], [.computed, .computed, borrowed((2, head(0, 0)))]]
    ),
]

private let positionKinds: [(String, Attention.Positions)] = [
    ("rotary halves", .rotary(.init(size: 16, base: 10_000))),
    ("rotary pairs on a part", .rotary(.init(size: 6, base: 50, isInterleaved: true))),
    ("rotary stretched", .rotary(.init(size: 16, base: 100, scaling: .linear(factor: 4)))),
    (
        "rotary stretched by bands",
        .rotary(.init(size: 16, base: 100, scaling: .banded(factor: 8, low: 1, high: 4, length: 16)))
    ),
    ("ALiBi", .alibi),
    ("clamped distances", .clamped(length: 4)),
    ("buckets both ways", .bucketed(.init(count: 8, maximumDistance: 20, isBidirectional: true))),
    ("buckets one way", .bucketed(.init(count: 8, maximumDistance: 11, isBidirectional: false))),
    ("disentangled", .disentangled(.init(span: 6, buckets: 6, maximumDistance: 32, epsilon: 1e-5))),
    ("disentangled, every distance", .disentangled(.init(span: 5, buckets: nil, maximumDistance: 5, epsilon: nil))),
]

@Suite("Execution against a literal double-precision interpreter")
struct ExecutionTests {
    @Test("every kind of head source gives the interpreter's values and maps", arguments: plans.indices, [false, true])
    func sources(_ plan: Int, _ isMasked: Bool) throws {
        try check(EncoderShape(layers: plans[plan].1), masked: isMasked, name: plans[plan].0)
    }

    @Test(
        "causal and windowed maps are the interpreter's",
        arguments: [Attention.Mask(isCausal: true), .init(isCausal: true, window: 3), .init(window: 3)])
    func masks(_ mask: Attention.Mask) throws {
        for plan in plans { try check(EncoderShape(mask: mask, layers: plan.1), masked: false, name: plan.0) }
    }

    @Test(
        "positions, norms of heads, caps and groups give the interpreter's values, with and without hidden tokens",
        arguments: positionKinds.indices, [false, true])
    func positions(_ index: Int, _ isMasked: Bool) throws {
        let (name, given) = positionKinds[index]
        for isCausal in [false, true] {
            var shape = EncoderShape(
                hidden: 48, heads: 3,
                layers: [
                    [.computed, .computed, .computed],
                    [borrowed((1, head(0, 1))), .computed, borrowed((0.5, head(0, 0)), (0.5, head(1, 1)))],
                ])
            shape.mask = Attention.Mask(isCausal: isCausal)
            shape.positions = given
            // A hidden first token looks ahead for its pooling: not under a causal mask.
            try check(shape, masked: isMasked && !isCausal, name: "\(name), causal \(isCausal)")
        }
    }

    @Test("windows count positions as they are given, hidden ones too", arguments: [2, 3, 5], [false, true])
    func windows(_ window: Int, _ isTurned: Bool) throws {
        var shape = EncoderShape(
            hidden: 48, heads: 3,
            layers: [[.computed, .computed, .computed], [.computed, borrowed((1, head(0, 1))), .computed]])
        shape.mask = Attention.Mask(window: window)
        if isTurned { shape.positions = .rotary(.init(size: 16, base: 100)) }
        try check(shape, masked: true, name: "a window of \(window)")
    }

    @Test("norms of heads, caps of scores and grouped heads go with positions", arguments: [1, 2])
    func grouped(_ groups: Int) throws {
        var shape = EncoderShape(
            hidden: 64, heads: 4,
            layers: [
                [.computed, .computed, .computed, .computed],
                [.computed, borrowed((1, head(0, 1))), .dropped, borrowed((1, head(0, 3)))],
            ])
        shape.groupCount = groups
        shape.headNorm = Attention.HeadNorm(epsilon: 1e-6, scaleOffset: 1)
        shape.softCap = 2
        shape.positions = .rotary(.init(size: 16, base: 100))
        shape.mask = Attention.Mask(isCausal: true, window: 6)
        try check(shape, masked: false, name: "\(groups) groups")
    }

    @Test(
        "head sizes that fill no panel, and values wider than keys, give the interpreter's values",
        arguments: [5, 8, 20])
    func oddWidths(_ valueSize: Int) throws {
        let shape = EncoderShape(
            hidden: 28, heads: 2, valueSize: valueSize, feedForward: 33,
            layers: [[.computed, .computed], [.computed, borrowed((1, head(0, 1)))]])
        try check(shape, masked: true, name: "value size \(valueSize)")
    }

    /// Functions that are defined everywhere, and jump nowhere.
    private static let plainActivations = Activation.allCases.filter {
        ![.step, .squareRoot, .reciprocal, .logarithm].contains($0)
    }

    @Test("every activation gives the interpreter's values", arguments: plainActivations)
    func activations(_ activation: Activation) throws {
        var shape = EncoderShape.computed(layers: 1)
        shape.activation = activation
        try check(shape, masked: false, name: activation.rawValue)
    }

    private func check(_ shape: EncoderShape, masked: Bool, name: String) throws {
        let model = try Model.random(shape, seed: 7)
        let sequences = randomSequences([5, 1, 17, 9, 40], masked: masked, seed: 11)
        let expected = sequences.map { ReferenceInterpreter(model, $0) }
        let nodes = Set(model.graph.nodes.map(\.name)), attentions = Set(model.graph.attentionNodes.map(\.name))
        let observations = [
            // Everything fused, and nothing fused.
            Observation(values: Set(model.graph.outputs.map(\.value) + model.graph.hiddenStates), maps: attentions),
            Observation(values: nodes, maps: attentions, contexts: attentions),
        ]
        for observation in observations {
            let compiled = try CompiledModel(
                model, options: .init(resources: .init(threads: 2), groupTokens: 24, observation: observation))
            var worst = 0.0
            var seen = 0
            try compiled.run(sequences) { (group: GroupResult) throws(Never) in
                for sequence in group.sequences {
                    seen += 1
                    let reference = expected[sequence.index]
                    for value in observation.values.sorted() {
                        guard let got = group.value(value), let want = reference.values[value] else {
                            Issue.record("no value \(value)")
                            continue
                        }
                        if group.isPooled(value) {
                            worst = max(worst, difference(Array(got.row(sequence.number)), want[0]))
                        } else {
                            for row in sequence.rows {
                                worst = max(worst, difference(Array(got.row(row)), want[Int(group.positions[row])]))
                            }
                        }
                    }
                    for id in model.graph.headIDs {
                        guard let map = group.map(id, of: sequence) else {
                            #expect(model.graph.source(of: id)?.isDropped == true, "no map of \(id)")
                            continue
                        }
                        for row in 0..<map.rows {
                            let want = reference.maps[id]?[Int(group.positions[sequence.rows.lowerBound + row])] ?? []
                            let visible = group.positions[sequence.rows].prefix(sequence.visible).map { want[Int($0)] }
                            worst = max(worst, difference(Array(map.row(row)), visible))
                        }
                    }
                }
            }
            #expect(seen == sequences.count)
            #expect(worst < tolerance, "\(name), masked \(masked), \(observation.values.count) values: \(worst)")
        }
    }
}

private func difference(_ got: [Float], _ want: [Double]) -> Double {
    guard got.count == want.count, got.allSatisfy(\.isFinite) else { return .infinity }
    return zip(got, want).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
}
