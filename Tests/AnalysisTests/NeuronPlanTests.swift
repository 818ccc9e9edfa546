import Analysis
import JSON
import Matrices
import ModelGraph
import Plans
import Rewriting
import Runtime
import Tensors
import TestSupport
import Testing

@Suite("Plans that leave out neurons")
struct NeuronPlanTests {
    private let sequences = randomSequences(6, seed: 12)

    /// A model in which neurons 5 and 9 of the second layer are copies of neuron 2: they can go without loss.
    private func modelWithCopies() throws -> Model {
        var model = Model.random(layers: 2, seed: 9)
        for (name, rows) in [("weight", width), ("bias", 1)] {
            let id: ParameterID = name == "weight" ? "layer_1/up/weight" : "layer_1/up/bias"
            var elements = try #require(model.tensors[id]).floats
            for row in 0..<rows { for copy in [5, 9] { elements[row * 40 + copy] = elements[row * 40 + 2] } }
            model.tensors[id] = Tensor(elements, shape: try #require(model.tensors[id]).shape)
        }
        return model
    }

    private func hidden(_ model: Model) throws -> [Float] {
        let value = try #require(model.graph.value(ofOutput: "last_hidden_state"))
        return try CompiledModel(model, options: .init(resources: .init(threads: 1))).vectors(of: value, for: sequences)
            .floats
    }

    private func distance(_ a: Model, _ b: Model) throws -> Float {
        zip(try hidden(a), try hidden(b)).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    private func analysis(_ model: Model, threads: Int = 1) throws -> AnalysisDocument {
        try Analyzer(options: .init(resources: .init(threads: threads), moves: .analyzed))
            .analyze(model, calibration: CalibrationSet(randomSequences(80, seed: 5)))
    }

    @Test("a narrowed model computes what the whole one does when the other neurons count for nothing")
    func applying() throws {
        let model = Model.random(layers: 2, seed: 4)
        var silenced = model
        var rows = try #require(model.tensors["layer_0/down/weight"]).floats
        for row in [0, 17, 39] { for column in 0..<width { rows[row * width + column] = 0 } }
        silenced.tensors["layer_0/down/weight"] = Tensor(rows, shape: [40, width])
        var plan = ReusePlan(of: model.graph)
        plan.neurons = [
            .init(node: "layer_0/down", width: 40, kept: IndexList((0..<40).filter { ![0, 17, 39].contains($0) }))
        ]
        let narrowed = try model.applying(plan)
        #expect(narrowed.tensors["layer_0/up/weight"]?.shape == [width, 37])
        #expect(narrowed.tensors["layer_0/up/bias"]?.shape == [37])
        #expect(narrowed.tensors["layer_0/down/weight"]?.shape == [37, width])
        #expect(narrowed.plan?.neurons == plan.neurons)
        #expect(try distance(silenced, narrowed) < 1e-5)
    }

    @Test("copies of a neuron go without damage, for the one that stays takes over what they gave")
    func copies() throws {
        let model = try modelWithCopies()
        var plan = ReusePlan(of: model.graph)
        plan.neurons = [
            .init(node: "layer_1/down", width: 40, kept: IndexList((0..<40).filter { ![5, 9].contains($0) }))
        ]
        let calibration = try CalibrationSet(randomSequences(80, seed: 5))
        let unhealed = try Converter(options: .init(healing: .none)).convert(
            model, plan: plan, calibration: calibration)
        let result = try Converter().convert(model, plan: plan, calibration: calibration)
        #expect(unhealed.healing.after.damage > 1e-3)
        #expect(result.healing.after.damage < 0.01 * unhealed.healing.after.damage)
    }

    @Test("means of neurons that go stay in the bias")
    func means() throws {
        let model = Model.random(layers: 1, seed: 2, hasBiases: false)
        var plan = ReusePlan(of: model.graph)
        plan.neurons = [.init(node: "layer_0/down", width: 40, kept: IndexList(Array(1..<40)))]
        let calibration = try CalibrationSet(randomSequences(40, seed: 8))
        let result = try Converter(options: .init(healing: .none)).convert(model, plan: plan, calibration: calibration)
        // The neuron's mean over all rows that fit, from the model's own activations.
        let compiled = try CompiledModel(
            model, options: .init(observation: .init(values: ["layer_0/activation"])))
        let rows = try #require(
            try compiled.collect(calibration.fit, values: ["layer_0/activation"]).values["layer_0/activation"])
        let mean = (0..<rows.rows).reduce(0.0) { $0 + Double(rows.row($1)[0]) } / Double(rows.rows)
        let weight = try #require(model.tensors["layer_0/down/weight"]).matrix
        let bias = try #require(result.model.tensors["layer_0/down/bias"]).floats
        for column in 0..<width { #expect(abs(Double(bias[column]) - mean * weight[0, column]) < 1e-6) }
    }

    @Test("plans over maps and neurons are nested, keep their budgets, and take what costs least a multiply-add")
    func mixing() throws {
        let model = try modelWithCopies()
        let document = try analysis(model)
        let moves = Moves.analyzed.subtracting(.tokens)
        var heads: Set<HeadID> = [], kept: [String: Set<Int>] = [:]
        for percent in [5, 15, 25] {
            let budget = try Budget("macs:\(percent)%@20")
            let planner = try Planner(document, graph: model.graph, moves: moves, currency: budget.goal)
            let plan = try planner.plan(budget)
            let saved = try planner.saving(of: plan, budget.goal)
            #expect(saved >= Double(percent) / 100 - 1e-9)
            let replaced = Set(model.graph.headIDs.filter { plan[$0]?.isComputed == false })
            #expect(heads.isSubset(of: replaced))
            heads = replaced
            for entry in plan.neurons {
                let now = Set(entry.kept.indices)
                #expect(kept[entry.node].map { now.isSubset(of: $0) } ?? true)
                kept[entry.node] = now
            }
            for moves in [Moves.standard, .neurons] {
                let alone = try Planner(document, graph: model.graph, moves: moves, currency: budget.goal)
                guard let other = try? alone.plan(budget) else { continue }
                // One step before its end the mix is the best there is for what it saves by then.
                let count = try #require(steps(of: plan, planner)), others = try #require(steps(of: other, alone))
                guard count > 1, others > 0 else { continue }
                #expect(planner.steps[count - 2].damage <= alone.steps[others - 1].damage + 1e-9)
            }
        }
        // A budget of maps is about maps, whatever is allowed.
        let planner = try Planner(document, graph: model.graph, moves: moves, currency: .maps(0))
        #expect(try planner.plan(Budget("maps:1/3")).neurons.isEmpty)
    }

    /// Steps of one of a planner's plans.
    private func steps(of plan: ReusePlan, _ planner: Planner) -> Int? {
        (0...planner.steps.count).first { planner.plan(steps: $0).isAlike(plan) }
    }

    @Test("an analysis of neurons has the same bytes for any number of threads, and is read back")
    func documents() throws {
        let model = try modelWithCopies()
        let one = try Document.encode(analysis(model)), three = try Document.encode(analysis(model, threads: 3))
        #expect(one == three)
        let read = try Document.decode(AnalysisDocument.self, from: one)
        try read.validate()
        #expect(try Document.encode(read) == one)
        var damaged = read
        damaged.neurons = [
            NeuronCurve(node: "layer_0/down", width: 4, order: [IndexList([7])], local: [0], points: [])
        ]
        #expect(throws: AnalysisError.self) { try damaged.validate() }
    }

    @Test("a plan keeps its neurons when it is written and read, and one without them is written as ever")
    func planDocuments() throws {
        var plan = ReusePlan(of: Model.random(layers: 1, seed: 1).graph)
        #expect(!String(decoding: try Document.encode(plan), as: UTF8.self).contains("neurons"))
        plan.neurons = [.init(node: "layer_0/down", width: 40, kept: IndexList([0, 1, 2, 9]), damage: 0.5)]
        let bytes = try Document.encode(plan)
        #expect(String(decoding: bytes, as: UTF8.self).contains("\"kept\" : \"0-2,9\""))
        #expect(try Document.decode(ReusePlan.self, from: bytes, isStrict: true) == plan)
    }
}

extension ReusePlan {
    /// Whether two plans give up the same.
    fileprivate func isAlike(_ other: ReusePlan) -> Bool {
        layers == other.layers && neurons.map(\.kept) == other.neurons.map(\.kept)
            && ranks.map(\.rank) == other.ranks.map(\.rank)
    }
}
