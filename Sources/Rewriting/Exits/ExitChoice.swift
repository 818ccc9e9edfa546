import Platform

/// Chooses exits, and how sure inputs have to be there.
package struct ExitChoice {
    /// What an exit makes of some inputs.
    package struct Scores {
        /// How far each input's largest score is ahead of the second largest.
        package let margins: [Float]
        /// Whether it is the class that the whole model gives.
        package let agrees: [Bool]
        /// Multiply-adds of an input that leaves here, as a share of the whole model's.
        package let work: Double

        package init(margins: [Float], agrees: [Bool], work: Double) {
            self.margins = margins
            self.agrees = agrees
            self.work = work
        }
    }

    /// An exit that was chosen.
    package struct Exit: Sendable, Hashable {
        /// Index among the places.
        package let place: Int
        package let margin: Float
        /// Inputs that leave here, and those of them that have another class than the whole model gives.
        package let left, wrong: Int
    }

    private let scores: [Scores]
    private let count: Int
    /// Inputs by descending margin, place by place.
    private let orders: [[Int]]

    package init(_ scores: [Scores]) {
        self.scores = scores
        count = scores.first?.margins.count ?? 0
        orders = scores.map { scores in
            scores.margins.indices.filter { !scores.margins[$0].isNaN }
                .sorted { (scores.margins[$0], $1) > (scores.margins[$1], $0) }
        }
    }

    /// Inputs of another class than the whole model's that may be expected among `count`, so that in 95 of 100 sets of
    /// inputs the share of equal classes is no less than the agreement.
    package static func allowance(agreement: Double, of count: Int) -> Double {
        let most = ((1 - agreement) * Double(count) + 1e-9).rounded(.down)
        // How likely no more than `most` events are where `mean` are expected: Poisson's law.
        func isHeld(_ mean: Double) -> Bool {
            var term = exp(-mean), sum = term
            for count in stride(from: 1, through: most, by: 1) {
                term *= mean / count
                sum += term
            }
            return sum >= 0.95
        }
        var low = 0.0, high = most + 1
        for _ in 0..<50 {
            let middle = (low + high) / 2
            if isHeld(middle) { low = middle } else { high = middle }
        }
        return low
    }

    /// The one exit, or the two, that save most while so many inputs are expected to have another class; empty: none
    /// saves anything.
    package func best(allowing wrong: Double) -> [Exit] {
        var best: [Exit] = [], most = 0.005
        func consider(_ exits: [Exit]) {
            let saved = exits.reduce(0) { $0 + Double($1.left) * (1 - scores[$1.place].work) } / Double(max(count, 1))
            if saved > most { (best, most) = (exits, saved) }
        }
        for first in scores.indices {
            for share in [1, 0.75, 0.5, 0.25] {
                let (exit, leaving) = exit(at: first, allowing: wrong * share, without: [])
                guard exit.left > 0 else { continue }
                consider([exit])
                guard share < 1 else { continue }
                for second in first + 1..<max(scores.count, first + 1) {
                    let (other, _) = self.exit(at: second, allowing: wrong * (1 - share), without: leaving)
                    if other.left > 0 { consider([exit, other]) }
                }
            }
        }
        return best
    }

    /// What leaves at exits with margins that are given.
    package func exits(at places: [(place: Int, margin: Float)]) -> [Exit] {
        var gone: Set<Int> = []
        return places.map { place, margin in
            let leaving = (0..<count).filter { !gone.contains($0) && scores[place].margins[$0] >= margin }
            gone.formUnion(leaving)
            return Exit(
                place: place, margin: margin, left: leaving.count, wrong: leaving.count { !scores[place].agrees[$0] })
        }
    }

    /// An exit at which so many inputs are expected to have another class.
    private func exit(at place: Int, allowing wrong: Double, without gone: Set<Int>) -> (Exit, leaving: Set<Int>) {
        let margins = scores[place].margins, agrees = scores[place].agrees
        let order = orders[place].filter { !gone.contains($0) }
        let mistaken = order.filter { !agrees[$0] }.map { Double(margins[$0]) }
        let margin = Float(Self.margin(above: mistaken, expecting: wrong))
        let leaving = order.prefix { margins[$0] >= margin }
        // What was seen smallest is asked of others too: nothing is known of inputs that are less sure.
        let least = leaving.last.map { margins[$0] } ?? margin
        return (
            Exit(place: place, margin: least, left: leaving.count, wrong: leaving.count { !agrees[$0] }), Set(leaving)
        )
    }

    /// The margin above which so many mistakes are expected.
    ///
    /// The largest margins of mistakes have an exponential tail: fewer than one may be asked for, and what was seen
    /// cannot tell by itself where that is. Source: Hill's estimator, on differences.
    ///
    /// - Parameter mistakes: Margins of the mistakes, descending.
    package static func margin(above mistakes: [Double], expecting count: Double) -> Double {
        let used = min(mistakes.count, max(10, Int((2 * count).rounded(.up))))
        guard used > 0 else { return 0 }
        let least = mistakes[used - 1]
        let mean = mistakes.prefix(used).reduce(0) { $0 + $1 - least } / Double(max(used - 1, 1))
        // One mistake, or equal ones: the margin itself is all the scale there is.
        let scale = mean > 0 ? mean : max(least, .leastNormalMagnitude)
        return max(least + scale * log(Double(used) / max(count, 1e-9)), 0)
    }
}
