import ModelGraph
import Rewriting
import Tensors
import TestSupport
import Testing

@Suite("Models whose outputs are no numbers")
struct NoNumbersTests {
    @Test("weights of another order of magnitude are told as such, as corrupt input, whatever the plan")
    func overflow() throws {
        var model = Model.random(layers: 2, seed: 17)
        let id = ParameterID(node: attentionName(0), name: "value_weight")
        let shape = try #require(model.tensors[id]).shape
        model.tensors[id] = Tensor([Float](repeating: 1e38, count: shape.count), shape: shape)
        let broken = model
        #expect {
            _ = try Converter(options: .init(resources: .init(threads: 1))).convert(
                broken, plan: ReusePlan(of: broken.graph),
                calibration: try CalibrationSet(randomSequences([Int](repeating: 9, count: 40), masked: false, seed: 3))
            )
        } throws: { error in
            guard let error = error as? AnalysisError else { return false }
            return error.kind == .corrupt && "\(error)".contains("far too large")
        }
    }
}
