import ModelGraph
import Platform
import Rewriting
import Runtime
import Statistics

/// Similarities of all compatible maps and profiles of all heads, from one pass over the calibration texts.
///
/// Memory grows with the logarithm of the number of texts: each sequence leaves one sum a pair, and these are added in
/// a fixed tree (`TextTree`), so that the bits do not depend on who looked at which texts.
package struct SimilarityPass {
    /// Mean similarity of each of `MapPairs.pairs`; 0 for those whose later head was not asked for.
    package let similarity: [Double]
    /// Correlation between the similarities of two halves of the texts: 1 when more data would change nothing.
    package let stability: Double?
    /// Profiles of the heads that were asked for.
    package let profiles: [HeadProfile]

    /// Differences of map elements that one analysis may cost; beyond it rows are sampled.
    static let workBudget = 1.5e9

    package init(
        _ model: Model, pairs: MapPairs, sequences: [ModelInput], separators: Set<Int32>, resources: ExecutionResources
    ) throws(AnalysisError) {
        let comparison = try MapComparison(
            model, pairs: pairs, nodes: Set(pairs.nodes), sequences: sequences, separators: separators,
            resources: resources)
        var tree = TextTree<MapSums>(count: comparison.leafCount)
        try comparison.fill(&tree)
        guard let total = tree.total else { throw .mismatch("there are no texts to compare maps on") }
        let found = MapFindings(total, comparison.scope, pairs, knowsSeparators: !separators.isEmpty)
        similarity = found.similarity
        stability = found.stability
        profiles = found.profiles
    }

    /// Every how many-th query row the work budget allows to look at.
    ///
    /// All pairs and all texts decide it, whatever part of them is looked at.
    static func rowStep(
        _ model: Model, pairs: MapPairs, sequences: [ModelInput], resources: ExecutionResources
    ) throws(AnalysisError) -> Int {
        let spaces = model.graph.mapSpaces
        let counts = Dictionary(
            pairs.pairs.compactMap { spaces[pairs.heads[$0.later].node] }.map { ($0, 1.0) }, uniquingKeysWith: +)
        let isText = counts.keys.allSatisfy { $0.queries == .tokens && $0.keys == .tokens }
        let elements: Double
        if isText, model.graph.readsText {
            // Rows of tokens are counted without the model.
            let pairs = counts.values.reduce(0, +)
            elements = sequences.reduce(0.0) { total, sequence in
                let tokens = Double(sequence.mask.isEmpty ? sequence.ids.count : sequence.mask.count { $0 })
                return total + pairs * tokens * tokens
            }
        } else {
            let compiled = try model.compiled(resources: resources, observing: Observation(maps: Set(pairs.nodes)))
            elements = sequences.reduce(0.0) { total, sequence in
                counts.reduce(total) { total, entry in
                    let queries = compiled.visibleRows(of: sequence, along: entry.key.queries)
                    let keys = compiled.visibleRows(of: sequence, along: entry.key.keys)
                    return total + entry.value * Double(queries) * Double(keys)
                }
            }
        }
        return max(1, Int((elements / workBudget).rounded(.up)))
    }
}
