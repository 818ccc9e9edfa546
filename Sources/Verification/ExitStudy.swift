import Costs
import ModelGraph
import Runtime

/// How deep inputs went through a model with exits, and what they cost on average.
package struct ExitStudy: Sendable, Hashable, Codable {
    /// One exit.
    package struct Exit: Sendable, Hashable, Codable {
        /// The value that the exit looks at.
        package let after: String
        /// Inputs that left there.
        package let left: Int
    }

    /// First to last.
    package let exits: [Exit]
    /// All inputs that were run.
    package let inputs: Int
    /// Mean multiply-adds of one input, and what it costs to go through the whole model.
    package let meanMultiplyAdds, wholeMultiplyAdds: Int

    /// Inputs that went through the whole model.
    package var whole: Int { inputs - exits.reduce(0) { $0 + $1.left } }

    /// - Returns: `nil` for a model without exits, or one that was not run.
    package init?(of compiled: CompiledModel) {
        let counts = compiled.exitCounts
        guard let first = counts.first, first.all > 0 else { return nil }
        let graph = compiled.graph, work = ExitWork(of: graph, tokens: graph.usualTokens)
        exits = zip(graph.graph.exits, counts).map { Exit(after: $0.inputs[1], left: $1.left) }
        inputs = first.all
        meanMultiplyAdds = Int(exactly: work.mean(left: exits.map(\.left), inputs: inputs).rounded()) ?? .max
        wholeMultiplyAdds = work.whole
    }
}
