import Matrices
import ModelGraph
import Rewriting
import Runtime
import Tensors
import TestSupport
import Testing

@Suite("Refits of matrices that are wider than there are rows")
struct FewRowsTests {
    @Test("the solution in the space of the rows is that in the space of the features")
    func likeFeatures() throws {
        // Wide feed-forward parts, few tokens.
        let model = Model.random(layers: 2, seed: 7)
        let branch = try #require(model.graph.branches.last { !$0.isAttention })
        let prior = try model.weight(of: branch)
        let sequences = Array(randomSequences(40, seed: 8).prefix(12))
        let sums = try SourceSums(
            model, branches: [branch], sequences: sequences, keeping: 1 << 20, resources: ExecutionResources(threads: 2)
        )
        // What the rewrite lacks is another matrix's work.
        var rewritten = model
        let first = try #require(model.graph.branches.first { $0.isAttention })
        let weight = try model.weight(of: first)
        rewritten.tensors[first.weight] = Tensor(
            weight.elements.map { Float(0.7 * $0) }, shape: [weight.rows, weight.columns])
        let rows = try BranchRows(branch, source: sums, rewritten: rewritten, resources: ExecutionResources(threads: 2))
        let few = try #require(
            try rows.rows()?.fit(prior: prior, strengths: RidgeFit.strengths, workers: CancellableWorkers(count: 2)))
        let statistics = try #require(try rows.statistics())
        let many = try #require(
            try RidgeFit.fit(
                train: statistics.train, heldOut: statistics.heldOut, prior: prior,
                workers: CancellableWorkers(count: 2)))
        #expect(few.strength == many.strength)
        #expect(abs(few.errorBefore / many.errorBefore - 1) < 1e-4)
        #expect(abs(few.errorAfter / many.errorAfter - 1) < 1e-3)
        let change = (few.weight - prior).norm
        #expect(change > 0 && (few.weight - many.weight).norm < 1e-3 * change)
        let largest = many.bias.map(abs).max() ?? 0
        #expect(zip(few.bias, many.bias).allSatisfy { abs($0 - $1) < 1e-3 * largest }, "\(few.bias) \(many.bias)")
    }
}
