import ModelGraph
import Rewriting

extension ReusePlan {
    /// What of a plan asks for data, in words; `nil` where it can be applied without any.
    ///
    /// - Parameters:
    ///   - source: The graph that the plan is for.
    ///   - applied: The graph with the plan.
    package func needOfData(in source: CheckedGraph, applied: CheckedGraph) -> String? {
        if let name = applied.firstNodeDroppingHeads(of: source) {
            return "the plan drops heads of \(name), whose mean must be kept"
        }
        if let name = source.firstPartLosingNeurons(along: self) {
            return "the plan leaves out neurons of \(name), whose mean must be kept"
        }
        if let name = source.nodesLosingRank(along: self).first {
            return "the plan lowers the rank of \(name), which is fitted on data"
        }
        if let exit = exits.first { return "the plan has an exit behind \(exit.after), which is fitted on data" }
        return source.firstNodeMadeLinear(by: self).map { "the plan makes \($0) linear, which is fitted on data" }
    }
}
