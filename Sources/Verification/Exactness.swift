import ModelGraph
import Runtime

/// Whether two models compute the same numbers.
package struct Exactness: Sendable, Hashable, Codable {
    /// What was promised.
    package enum Promise: String, Sendable, Hashable, Codable {
        /// Every bit equal: a written file against the model in memory.
        case bitwise
        /// No head replaced: equal to the source within `Exactness.tolerance`.
        case unchanged
    }

    /// Two models that differ in nothing but the order of their tensors differ by less: float32 rounding in one more
    /// copy of the weights is zero, and kernels sum in one order.
    package static let tolerance = 1e-5

    package let promise: Promise
    /// Largest difference of any number of last hidden states, logits and embeddings.
    package let largestDifference: Double
    /// Whether all bits were equal.
    package let isBitwise: Bool

    /// Whether the promise holds.
    package var holds: Bool {
        switch promise {
        case .bitwise: isBitwise
        case .unchanged: largestDifference <= Self.tolerance
        }
    }

    /// Runs both models on the same texts.
    ///
    /// - Throws: `VerificationError.unlike` when outputs differ in size, `VerificationError.cancelled`, or when a model
    ///   cannot be run.
    package static func check(
        _ first: Model, against second: Model, promise: Promise, on sequences: [ModelInput],
        resources: ExecutionResources = ExecutionResources()
    ) throws(VerificationError) -> Exactness {
        let a = try OutputRecorder(first, resources: resources, heads: []),
            b = try OutputRecorder(second, resources: resources, heads: [])
        var largest = 0.0, isBitwise = true
        for range in sequences.batches(rows: FidelityStudy.batchRows) {
            let part = Array(sequences[range])
            for (x, y) in zip(try a.record(part), try b.record(part)) {
                for (left, right) in [(x.hidden, y.hidden), (x.logits, y.logits), (x.embedding, y.embedding)] {
                    guard left.count == right.count else { throw .unlike("outputs differ in size") }
                    for (p, q) in zip(left, right) where p.bitPattern != q.bitPattern {
                        isBitwise = false
                        let difference = Double(abs(p - q))
                        largest = max(largest, difference.isFinite ? difference : .greatestFiniteMagnitude)
                    }
                }
            }
        }
        return Exactness(promise: promise, largestDifference: largest, isBitwise: isBitwise)
    }
}
