import Costs
import Files
import JSON
import ModelGraph
import Platform
import Rewriting
import Statistics
import Tensors

/// Savings against expected damage, plan by plan: what `plan --curve` prints.
package struct PlanCurve: Sendable, Hashable, Codable {
    /// One plan of the curve.
    package struct Point: Sendable, Hashable, Codable {
        /// Heads that compute no map.
        package var replaced: Int
        /// Neurons left out; `nil` in curves of plans that may leave out none.
        package var neurons: Int?
        /// Share of the attention maps saved.
        package var maps: Double
        /// Share of the multiply-adds saved at `tokens` tokens.
        package var multiplyAdds: Double
        /// Share of the parameters' bytes saved.
        package var bytes: Double
        /// Damage expected at the output, in the terms of the model's use.
        package var damage: Double
    }

    /// Points are left out where there are twice as many.
    private static let mostPoints = 96

    /// Sequence length of the multiply-adds.
    package var tokens: Int
    /// From nothing given up to all that may be.
    package var points: [Point]
    /// Each kind of move alone; `nil` where that was not asked for.
    package var comparison: MoveComparison?

    /// - Throws: `AnalysisError.cancelled`, or when the planner's graph is unsound.
    package init(
        _ planner: Planner, tokens: Int? = nil, cancellation: Cancellation? = nil
    ) throws(AnalysisError) {
        let tokens = tokens ?? planner.graph.usualTokens
        self.tokens = tokens
        points = []
        // Steps of neurons are many and small.
        let stride = max(1, planner.steps.count / Self.mostPoints)
        for count in 0...planner.steps.count where count % stride == 0 || count == planner.steps.count {
            if cancellation?.isRequested == true { throw .cancelled }
            let plan = planner.plan(steps: count)
            points.append(
                Point(
                    replaced: plan.replacedCount,
                    neurons: planner.allowed.contains(.neurons) ? plan.removedNeurons : nil,
                    maps: try planner.saving(of: plan, .maps(0)).rounded(6),
                    multiplyAdds: try planner.saving(of: plan, .multiplyAdds(0, tokens: tokens)).rounded(6),
                    bytes: try planner.saving(of: plan, .bytes(0)).rounded(6),
                    damage: count == 0 ? 0 : planner.steps[count - 1].damage.rounded(8)))
        }
    }
}

extension Document {
    /// SHA-256 of a document's bytes, as hexadecimal digits.
    package static func digest(of value: some Encodable) throws -> String {
        Digest(of: try encode(value)).hex
    }
}
