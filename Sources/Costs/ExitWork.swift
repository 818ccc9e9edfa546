import ModelGraph
import Plans

/// What inputs cost that leave a model at its exits.
package struct ExitWork: Sendable, Hashable {
    /// Multiply-adds of an input that leaves at each exit, first to last.
    package let byExit: [Int]
    /// Of an input that leaves at none: the model with all of its exits.
    package let whole: Int

    /// - Parameter tokens: Tokens of the input.
    package init(of graph: CheckedGraph, tokens: Int) {
        let work = graph.multiplyAddsByNode(tokens: tokens)
        let all = work.values.reduce(0, sum)
        whole = all
        byExit = graph.graph.exits.map { exit in
            let rest = GraphTail(of: graph.graph, from: exit.inputs[1], to: exit.inputs[2])?.nodes ?? []
            // Sums of a graph from a file may be the largest number there is.
            return all - min(all, rest.reduce(0) { sum($0, work[$1.name] ?? 0) })
        }
    }

    /// Mean multiply-adds of inputs of which so many left at each exit.
    package func mean(left: [Int], inputs: Int) -> Double {
        guard inputs > 0 else { return Double(whole) }
        let early = zip(left, byExit).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        return (early + Double(inputs - left.reduce(0, +)) * Double(whole)) / Double(inputs)
    }
}
