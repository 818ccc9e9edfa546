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

@Suite("Narrower queries and keys")
struct RankTests {
    private let sequences = randomSequences(6, seed: 12)

    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var generator = SeededGenerator(seed: seed)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in Double.random(in: -1...1, using: &generator) })
    }

    private func centred(_ matrix: Matrix) -> Matrix {
        var result = matrix
        for column in 0..<matrix.columns {
            let mean = (0..<matrix.rows).reduce(0) { $0 + matrix[$1, column] } / Double(matrix.rows)
            for row in 0..<matrix.rows { result[row, column] -= mean }
        }
        return result
    }

    @Test("eigenvectors of a symmetric matrix put it together again, the largest value first")
    func eigenvectors() throws {
        let small = try #require(Matrix(rows: 2, columns: 2, elements: [2, 1, 1, 2]).eigenvectors())
        #expect(abs(small.values[0] - 3) < 1e-14 && abs(small.values[1] - 1) < 1e-14)
        #expect(abs(abs(small.vectors[0, 0]) - 0.5.squareRoot()) < 1e-14)
        try LinearAlgebra.prepare()
        // Half of the directions are missing: eigenvalues of 0.
        let half = random(17, 9, seed: 3)
        let matrix = half.multiplied(by: half.transposed)
        let (values, vectors) = try #require(matrix.eigenvectors())
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(abs(values[9]) < 1e-12)
        var scaled = vectors
        for row in 0..<17 { for column in 0..<17 { scaled[row, column] *= values[column] } }
        #expect((scaled.multiplied(by: vectors.transposed) - matrix).norm < 1e-12)
        #expect(abs(vectors.transposed.multiplied(by: vectors).norm - 17.0.squareRoot()) < 1e-12)
        #expect(Matrix(rows: 1, columns: 1, elements: [.nan]).eigenvectors() == nil)
    }

    @Test("no product of a lower rank comes nearer to the scores: what is lost are their least singular values")
    func optimum() throws {
        try LinearAlgebra.prepare()
        let queries = random(50, 6, seed: 1), keys = centred(random(40, 6, seed: 2))
        let scores = queries.multiplied(by: keys.transposed)
        // Eckart and Young: the least error of rank r is the sum of the squares of the other singular values.
        let squares = try #require(scores.multiplied(by: scores.transposed).eigenvectors()).values
        let found = try #require(
            RankReduction(
                queries: queries.transposed.multiplied(by: queries), keys: keys.transposed.multiplied(by: keys)))
        for (energy, square) in zip(found.energies, squares) { #expect(abs(energy - square) < 1e-6 * squares[0]) }
        for rank in 1...6 {
            let columns = Array(0..<rank)
            let left = queries.multiplied(by: found.queries.selecting(columns: columns))
            let right = keys.multiplied(by: found.keys.selecting(columns: columns))
            let error = (scores - left.multiplied(by: right.transposed)).norm
            let least = squares[rank...].reduce(0) { $0 + max($1, 0) }
            #expect(abs(error * error - least) < 1e-6 * squares[0])
        }
    }

    /// A model whose first layer's keys have `rank` directions a head; their biases do what they like.
    private func modelOfRank(_ rank: Int, groups: Int? = nil) throws -> Model {
        var shape = EncoderShape.computed(layers: 2)
        shape.groupCount = groups
        var model = try Model.random(shape, seed: 9)
        let id: ParameterID = "layer_0/attention/key_weight"
        let columns = (groups ?? 3) * 8
        var weight = Matrix(zeros: width, columns)
        for group in 0..<columns / 8 {
            let part = random(width, rank, seed: UInt64(group)).multiplied(
                by: random(rank, 8, seed: UInt64(70 + group)))
            for row in 0..<width { for column in 0..<8 { weight[row, group * 8 + column] = 0.3 * part[row, column] } }
        }
        model.tensors[id] = Tensor(weight.elements.map(Float.init), shape: [width, columns])
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

    private func plan(_ model: Model, rank: Int) -> ReusePlan {
        var plan = ReusePlan(of: model.graph)
        plan.ranks = [.init(node: attentionName(0), size: 8, rank: rank)]
        return plan
    }

    @Test(
        "queries and keys that have no more directions than are left compute the same", arguments: [nil, 1] as [Int?])
    func exact(_ groups: Int?) throws {
        try LinearAlgebra.prepare()
        let model = try modelOfRank(3, groups: groups)
        let narrow = try model.applying(plan(model, rank: 3))
        #expect(narrow.tensors["layer_0/attention/query_weight"]?.shape == [width, 9])
        #expect(narrow.tensors["layer_0/attention/query_bias"]?.shape == [9])
        #expect(narrow.tensors["layer_0/attention/key_weight"]?.shape == [width, (groups ?? 3) * 3])
        #expect(narrow.tensors["layer_0/attention/value_weight"]?.shape == [width, (groups ?? 3) * 8])
        #expect(try distance(model, narrow) < 2e-5)
        #expect(try distance(model, model.applying(plan(model, rank: 2))) > 1e-3)
        let calibration = try CalibrationSet(randomSequences(80, seed: 5))
        let fitted = try Converter(options: .init(healing: .none)).convert(
            model, plan: plan(model, rank: 3), calibration: calibration)
        #expect(try distance(model, fitted.model) < 2e-5)
        #expect(fitted.model.plan?.ranks == plan(model, rank: 3).ranks)
    }

    @Test("a layer whose queries and keys became narrower is repaired, and the repair is kept where it helps")
    func fitting() throws {
        let model = Model.random(layers: 2, seed: 4)
        let calibration = try CalibrationSet(randomSequences(80, seed: 5))
        let plan = plan(model, rank: 4)
        let fitted = try Converter(options: .init(healing: .none)).convert(model, plan: plan, calibration: calibration)
        let healed = try Converter().convert(model, plan: plan, calibration: calibration)
        #expect(healed.healing.steps.first?.node == attentionName(0))
        #expect(healed.healing.after.damage <= fitted.healing.after.damage)
    }

    @Test("heads that borrow beside a lower rank keep their maps, and only those that compute are narrowed")
    func beside() throws {
        let model = try modelOfRank(3)
        var plan = plan(model, rank: 3)
        plan.set(.reused(HeadID(node: attentionName(0), head: 0)), of: HeadID(node: attentionName(0), head: 2))
        var maps = plan
        maps.ranks = []
        let narrow = try model.applying(plan)
        #expect(narrow.tensors["layer_0/attention/query_weight"]?.shape == [width, 6])
        #expect(try distance(try model.applying(maps), narrow) < 2e-5)
        let calibration = try CalibrationSet(randomSequences(80, seed: 5))
        let fitted = try Converter(options: .init(healing: .none)).convert(
            model, plan: plan, calibration: calibration)
        #expect(try distance(try model.applying(maps), fitted.model) < 2e-5)
    }

    @Test("an analysis of ranks makes nested plans that reach their budgets, whatever the number of threads")
    func planning() throws {
        let model = try modelOfRank(2)
        let calibration = try CalibrationSet(randomSequences(80, seed: 5))
        func analysis(_ threads: Int) throws -> AnalysisDocument {
            try Analyzer(options: .init(resources: .init(threads: threads), moves: .analyzed)).analyze(
                model, calibration: calibration)
        }
        let document = try analysis(1)
        #expect(try Document.encode(document) == Document.encode(try analysis(3)))
        let curve = try #require(document.ranks?.first)
        #expect(curve.ranks == [6, 4, 2] && curve.size == 8 && curve.points.count == 3)
        // Two directions are all that the first layer's keys have.
        #expect(curve.damages[2] < 1e-5 && curve.local[2] < 1e-6)
        var last: [String: Int] = [:]
        for percent in [2, 4, 8] {
            let budget = try Budget("macs:\(percent)%@20")
            let planner = try Planner(document, graph: model.graph, moves: .ranks, currency: budget.goal)
            let plan = try planner.plan(budget)
            #expect(try planner.saving(of: plan, budget.goal) >= Double(percent) / 100 - 1e-9)
            #expect(plan.replacedCount == 0 && plan.neurons.isEmpty)
            #expect(plan.ranks.contains { $0.node == attentionName(0) })
            for entry in plan.ranks {
                #expect(entry.rank <= last[entry.node] ?? 8)
                last[entry.node] = entry.rank
            }
        }
        var damaged = document
        damaged.ranks = [RankCurve(node: attentionName(0), size: 8, ranks: [4, 6], local: [0, 0], points: [])]
        #expect(throws: AnalysisError.self) { try damaged.validate() }
        var old = document
        old.ranks = nil
        #expect(throws: AnalysisError.self) { try Planner(old, graph: model.graph, moves: .ranks) }
    }
}
