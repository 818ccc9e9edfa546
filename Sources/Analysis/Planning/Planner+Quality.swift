import ModelGraph

extension Planner {
    /// The largest plan whose quality holds, found by halving the number of steps.
    ///
    /// Steps are ordered by expected damage: a plan that is not good enough has no larger one that is, or none worth
    /// looking for.
    ///
    /// - Parameters:
    ///   - budget: What the plan is recorded to be made for.
    ///   - progress: Called with the number of steps of the plan that is tried next.
    ///   - holds: Converts along a plan and says whether the result is good enough.
    /// - Returns: `nil` when not even the smallest plan holds.
    /// - Complexity: About log₂ of the number of steps calls of `holds`.
    package func largestPlan<Failure: Error>(
        for budget: Budget, progress: (Int) -> Void = { _ in }, where holds: (ReusePlan) throws(Failure) -> Bool
    ) throws(Failure) -> ReusePlan? {
        var low = 0, high = steps.count
        while low < high {
            let middle = (low + high + 1) / 2
            progress(middle)
            if try holds(plan(steps: middle, for: budget)) { low = middle } else { high = middle - 1 }
        }
        return low > 0 ? plan(steps: low, for: budget) : nil
    }
}
