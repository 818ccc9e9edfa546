/// What some work takes, in the terms in which machines are fast or slow.
package struct WorkEstimate: Sendable, Hashable {
    /// Multiply-adds of models that run.
    package var model = 0.0
    /// Multiply-adds of matrix products in single precision beside the models.
    package var products = 0.0
    /// Multiply-adds of matrix products and solutions in double precision.
    package var solving = 0.0
    /// Weights that are copied and packed.
    package var packing = 0.0

    package init() {}

    package static func + (left: WorkEstimate, right: WorkEstimate) -> WorkEstimate {
        var result = left
        result.model += right.model
        result.products += right.products
        result.solving += right.solving
        result.packing += right.packing
        return result
    }

    package static func += (left: inout WorkEstimate, right: WorkEstimate) { left = left + right }

    package static func * (times: Double, work: WorkEstimate) -> WorkEstimate {
        var result = work
        result.model *= times
        result.products *= times
        result.solving *= times
        result.packing *= times
        return result
    }

    /// All of it in one number, for comparing: solutions in double precision take two and a half times as much,
    /// building and packing a weight what sixty multiply-adds take: measured (docs/distributed.md).
    package var weight: Double { model + products + 2.5 * solving + 60 * packing }
}
