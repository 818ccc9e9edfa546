import Analysis
import JSON
import ModelGraph
import Rewriting
import Runtime
import Tensors
import TestSupport
import Testing

@Suite("Conversion and healing")
struct HealingTests {
    private func calibration() throws -> CalibrationSet { try CalibrationSet(randomSequences(200, seed: 31)) }

    private func plan(_ model: Model, _ sources: [HeadID: HeadSource]) -> ReusePlan {
        var plan = ReusePlan(of: model.graph)
        for (id, source) in sources {
            guard let layer = plan.layers.firstIndex(where: { $0.node == id.node }) else { continue }
            plan.layers[layer].heads[id.head].source = source
        }
        return plan
    }

    @Test("a rewrite that the output projection can repair is repaired")
    func repair() throws {
        let model = Model.random(layers: 2, seed: 17).copyingMap(of: 0, to: 2, layer: 1)
        // The right map at the wrong weight: only the head's rows of the output projection are off.
        let wrong = plan(model, [head(1, 2): .borrowed([MapTerm(weight: -0.5, map: .head(head(1, 0)))])])
        let result = try Converter(options: .init(resources: .init(threads: 2), fitsFeedForward: false))
            .convert(model, plan: wrong, calibration: try calibration())
        #expect(result.healing.before.damage > 1e-3)
        #expect(result.healing.after.damage < 0.02 * result.healing.before.damage)
        #expect(result.healing.steps.map(\.verdict) == [.kept])
        #expect(result.model.plan?.replacedCount == 1)
        #expect(result.model.healing?["method"]?.stringValue == "closed")
    }

    @Test("healing lowers the damage of a plan made by analysis, and unchanged layers keep their projections")
    func realPlan() throws {
        let model = Model.random(layers: 3, seed: 5)
        let reuse = plan(
            model, [head(1, 0): .reused(head(0, 0)), head(1, 1): .borrowed([MapTerm(map: .pattern(.mean))])])
        let result = try Converter(options: .init(resources: .init(threads: 1))).convert(
            model, plan: reuse, calibration: try calibration())
        #expect(result.healing.after.damage < result.healing.before.damage)
        for layer in [0, 2] {
            let path: ParameterID = "\(attentionName(layer))/output_weight"
            #expect(result.model.tensors[path]?.digest == model.tensors[path]?.digest)
        }
        for step in result.healing.steps where step.verdict == .kept && step.node.hasSuffix("down") {
            #expect((step.damageAfter ?? 1) < (step.damageBefore ?? 0))
        }
    }

    @Test("without healing only what is unused goes away")
    func withoutHealing() throws {
        let model = Model.random(layers: 2, seed: 5)
        let reuse = plan(model, [head(1, 0): .reused(head(0, 0))])
        let result = try Converter(options: .init(healing: .none)).convert(
            model, plan: reuse, calibration: try calibration())
        #expect(result.healing.steps.isEmpty)
        #expect(result.healing.before == result.healing.after)
        let path: ParameterID = "\(attentionName(1))/output_weight"
        #expect(result.model.tensors[path]?.digest == model.tensors[path]?.digest)
    }

    @Test("the converted weights are the same for any number of threads")
    func determinism() throws {
        let model = Model.random(layers: 2, seed: 9)
        let reuse = plan(model, [head(1, 0): .reused(head(0, 0)), head(1, 2): .dropped])
        let digests = try [1, 2, 3].map { threads in
            try Converter(options: .init(resources: .init(threads: threads))).convert(
                model, plan: reuse, calibration: try calibration()
            )
            .model.tensors.mapValues(\.digest)
        }
        #expect(digests[0] == digests[1])
        #expect(digests[0] == digests[2])
    }

    @Test("a dropped head whose context never changes leaves its mean in the bias and nothing is lost")
    func droppedConstant() throws {
        var model = Model.random(layers: 2, seed: 9)
        // Values without weights: the head's context is its bias, whatever the map.
        let path: ParameterID = "\(attentionName(1))/value_weight"
        let tensor = try #require(model.tensors[path])
        var values = tensor.floats
        for row in 0..<width { for column in 0..<headSize { values[row * width + headSize + column] = 0 } }
        model.tensors[path] = Tensor(values, shape: tensor.shape)
        let result = try Converter(options: .init(healing: .none))
            .convert(model, plan: plan(model, [head(1, 1): .dropped]), calibration: try calibration())
        #expect(abs(result.healing.after.damage) < 1e-9)
        #expect(result.model.tensors["\(attentionName(1))/output_weight"]?.shape == [2 * headSize, width])
    }
}
