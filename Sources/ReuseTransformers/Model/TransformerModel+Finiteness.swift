import ModelGraph
import Tensors

extension TransformerModel {
    /// Refuses weights that are no numbers: everything that is computed from them would be none either, and the message
    /// then would be about what was computed.
    ///
    /// - Throws: `.corrupt` with the first such tensor and where in it the value stands; `.cancelled`.
    /// - Complexity: One pass over the weights.
    package func checkWeights(_ work: Work = Work()) throws(TransformerError) {
        for (parameter, tensor) in model.tensors.sorted(by: { $0.key.description < $1.key.description }) {
            try work.checkCancellation()
            guard tensor.dtype.isFloatingPoint,
                let (index, value) = tensor.withFloats({ values in
                    values.firstIndex { !$0.isFinite }.map { ($0, values[$0]) }
                })
            else { continue }
            throw TransformerError(
                .corrupt, path: path,
                "the weights \(parameter) hold \(value) at element \(index): a broken download, or training that "
                    + "diverged; get a fresh copy")
        }
    }

    /// Refuses results that are no numbers where the model's weights are why.
    ///
    /// - Returns: Whether some are none for another reason: an input that holds none, or sums beyond float32.
    /// - Throws: As `checkWeights`.
    /// - Complexity: One pass over the results, and where one is no number one over the weights.
    package func lacksNumbers(in results: [Float], work: Work = Work()) throws(TransformerError) -> Bool {
        guard results.contains(where: \.isNaN) else { return false }
        try checkWeights(work)
        return true
    }
}
