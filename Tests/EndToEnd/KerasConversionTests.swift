import Analysis
import Checkpoints
import Costs
import Inputs
import ModelGraph
import NumPy
import Rewriting
import Runtime
import TestSupport
import Tensors
import TestSupport
import Testing
import Verification

/// Functional Keras models, whose masks are inputs of the model.
@Suite("Converting Keras models with masks")
struct KerasConversionTests {
    private static let folders = ["garden_encoder_block_prenorm", "garden_reuse_partial"]

    private func read(_ folder: String) throws -> (model: Model, sequences: [ModelInput]) {
        let model = try Checkpoint.load(path: Repository.fixture("keras/\(folder)/model.h5"))
        let arrays = try NumPyArchive(path: Repository.fixture("keras/\(folder)/calibration.npz")).tensors()
        return (model, try GraphArrays.sequences(from: arrays, for: model.graph))
    }

    /// The same inputs with other ids where the mask hides them: nothing that is looked at may change.
    private func disturbed(_ sequences: [ModelInput]) -> [ModelInput] {
        sequences.map { sequence in
            var result = sequence
            guard let mask = sequence.arrays["input_mask"]?.numbers, var ids = sequence.arrays["input_word_ids"]
            else { return result }
            for position in mask.indices where mask[position] == 0 { ids.ids[position] = 7 }
            result.arrays["input_word_ids"] = ids
            return result
        }
    }

    @Test(
        "what padding holds changes neither the analysis of a masked Keras model nor the converted one",
        arguments: folders)
    func padding(_ folder: String) throws {
        let (model, sequences) = try read(folder)
        let calibration = try CalibrationSet(sequences)
        let analysis = try Analyzer(options: .init(resources: .init(threads: 2))).analyze(
            model, calibration: calibration)
        try analysis.validate()
        // The analysis of the same texts with something else behind the mask is the same analysis.
        let other = try Analyzer(options: .init(resources: .init(threads: 2))).analyze(
            model, calibration: CalibrationSet(disturbed(sequences)))
        #expect(other.similarity == analysis.similarity && other.curves == analysis.curves)
        let planner = try Planner(analysis, graph: model.graph)
        let plan = try planner.plan(Budget("1/4"))
        let result = try Converter(options: .init(resources: .init(threads: 2))).convert(
            model, plan: plan, calibration: calibration)
        #expect(result.model.graph.mapCount <= model.graph.mapCount * 3 / 4)
        #expect(result.healing.after.damage <= result.healing.before.damage)
        let written = try writtenAndRead(result.model)
        let exactness = try Exactness.check(
            result.model, against: written, promise: .bitwise, on: sequences, resources: .init(threads: 2))
        #expect(exactness.isBitwise)
        let study = try FidelityStudy(source: model, converted: written)
        let metrics = try study.measure(sequences)
        #expect(metrics.contains { $0.metric == .mapsTVMean && $0.value > 0 })
        #expect(try study.measure(disturbed(sequences)) == metrics)
    }

    @Test("a Keras model that was trained with reuse keeps its plan to the bit, and can give up more maps")
    func trainedReuse() throws {
        let (model, sequences) = try read("garden_reuse_partial")
        let calibration = try CalibrationSet(sequences)
        let plan = try #require(model.plan)
        let same = try Converter(options: .init(healing: .none)).convert(model, plan: plan, calibration: calibration)
        #expect(same.model.graph == model.graph && same.model.plan == plan)
        let exactness = try Exactness.check(
            model, against: try writtenAndRead(same.model), promise: .bitwise, on: sequences,
            resources: .init(threads: 2))
        #expect(exactness.isBitwise)

        let analysis = try Analyzer(options: .init(resources: .init(threads: 2))).analyze(
            model, calibration: calibration)
        #expect(analysis.heads.count == 10, "heads that reuse a map have none to compare")
        for moves in [Moves.standard, [.reuse, .blend, .pattern, .drop]] {
            let planner = try Planner(analysis, graph: model.graph, moves: moves)
            let further = try planner.plan(Budget("0.3"))
            let result = try Converter(options: .init(resources: .init(threads: 2))).convert(
                model, plan: further, calibration: calibration)
            #expect(result.model.graph.mapCount <= 7)
            #expect(result.healing.after.damage.isFinite)
        }
    }

    @Test("a plan cannot compute maps that a model trained with reuse never had")
    func lostHeads() throws {
        let (model, sequences) = try read("garden_reuse_partial")
        var plan = try #require(model.plan)
        plan.layers[1].heads[3].source = .computed
        let error = try #require(throws: AnalysisError.self) {
            try Converter().convert(model, plan: plan, calibration: CalibrationSet(sequences))
        }
        #expect("\(error)".contains("no longer computes this head"))
    }

    @Test("patterns that know no mask are refused where a mask hides keys")
    func patterns() throws {
        let (model, sequences) = try read("garden_encoder_block_prenorm")
        var plan = ReusePlan(of: model.graph)
        plan.layers[1].heads[0].source = .borrowed([MapTerm(map: .pattern(.mean))])
        let error = try #require(throws: AnalysisError.self) {
            try Converter().convert(model, plan: plan, calibration: CalibrationSet(sequences))
        }
        #expect("\(error)".contains("the pattern \"mean\""), "\(error)")
        plan.layers[1].heads[0].source = .borrowed([MapTerm(map: .pattern(.identity))])
        #expect(throws: Never.self) {
            try Converter().convert(model, plan: plan, calibration: CalibrationSet(sequences))
        }
    }
}
