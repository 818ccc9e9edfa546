import ModelGraph
import Platform
import Rewriting
import Statistics

/// What each kind of move costs alone, and all of them together, at equal savings.
package struct MoveComparison: Sendable, Hashable, Codable {
    /// A plan of a curve.
    package struct Point: Sendable, Hashable, Codable {
        /// Share of the multiply-adds saved.
        package var multiplyAdds: Double
        /// Damage expected at the output.
        package var damage: Double

        package init(multiplyAdds: Double, damage: Double) {
            self.multiplyAdds = multiplyAdds
            self.damage = damage
        }
    }

    /// Plans that make one kind of move, or all that are allowed.
    package struct Curve: Sendable, Hashable, Codable {
        /// `maps`, `neurons`, `ranks`; `all`.
        package var moves: String
        /// From nothing given up to all that may be.
        package var points: [Point]

        package init(moves: String, points: [Point]) {
            self.moves = moves
            self.points = points
        }

        /// Damage where so much is saved, on straight lines between the points; `nil` where that cannot be reached.
        package func damage(saving share: Double) -> Double? {
            guard let above = points.firstIndex(where: { $0.multiplyAdds >= share }) else { return nil }
            guard above > 0 else { return points[above].damage }
            let a = points[above - 1], b = points[above]
            guard b.multiplyAdds > a.multiplyAdds else { return b.damage }
            return a.damage + (share - a.multiplyAdds) / (b.multiplyAdds - a.multiplyAdds) * (b.damage - a.damage)
        }
    }

    /// Where another kind of move alone becomes the one that costs least.
    package struct Crossover: Sendable, Hashable, Codable {
        /// Share of the multiply-adds from which it does, to a tenth of a per cent.
        package var multiplyAdds: Double
        /// The kind that costs least below.
        package var below: String
        /// The kind that costs least from there on.
        package var above: String

        package init(multiplyAdds: Double, below: String, above: String) {
            self.multiplyAdds = multiplyAdds
            self.below = below
            self.above = above
        }
    }

    /// Plans of a curve that are weighed at most.
    private static let mostPoints = 128
    /// Distance of the savings that are looked at for crossovers.
    private static let grid = 0.001

    /// Sequence length of the multiply-adds.
    package var tokens: Int
    /// Each kind alone, in the order in which they were added; the mix last, where there are several.
    package var curves: [Curve]
    /// From the smallest saving on.
    package var crossovers: [Crossover]

    /// - Parameter planner: One whose steps are ordered by multiply-adds.
    /// - Throws: `AnalysisError.cancelled`, or when the planner's graph is unsound.
    package init(
        _ planner: Planner, tokens: Int? = nil, cancellation: Cancellation? = nil
    ) throws(AnalysisError) {
        let tokens = tokens ?? planner.graph.usualTokens
        func curve(_ name: String, _ planner: Planner) throws(AnalysisError) -> Curve {
            var points: [Point] = []
            let stride = max(1, planner.steps.count / Self.mostPoints)
            for count in 0...planner.steps.count where count % stride == 0 || count == planner.steps.count {
                if cancellation?.isRequested == true { throw .cancelled }
                let saved = try planner.saving(of: planner.plan(steps: count), .multiplyAdds(0, tokens: tokens))
                points.append(
                    Point(
                        multiplyAdds: saved.rounded(6),
                        damage: count == 0 ? 0 : planner.steps[count - 1].damage.rounded(8)))
            }
            return Curve(moves: name, points: points)
        }
        var curves: [Curve] = []
        for (name, alone) in planner.kinds where !alone.steps.isEmpty { curves.append(try curve(name, alone)) }
        self.tokens = tokens
        crossovers = Self.crossovers(of: curves)
        if curves.count > 1 { curves.append(try curve("all", planner)) }
        self.curves = curves
    }

    /// Where the curve that costs least is another one than before.
    package static func crossovers(of curves: [Curve]) -> [Crossover] {
        let reach = curves.compactMap { $0.points.last?.multiplyAdds }.max() ?? 0
        var result: [Crossover] = []
        var best: String?
        for step in 1...max(1, Int(reach / grid)) {
            let share = Double(step) * grid
            let costs = curves.compactMap { curve in curve.damage(saving: share).map { (curve.moves, $0) } }
            // The one so far keeps its place while nothing is cheaper.
            guard let least = costs.min(by: { ($0.1, $0.0 == best ? 0 : 1) < ($1.1, $1.0 == best ? 0 : 1) }) else {
                break
            }
            if let best, best != least.0 {
                result.append(Crossover(multiplyAdds: share.rounded(3), below: best, above: least.0))
            }
            best = least.0
        }
        return result
    }
}
