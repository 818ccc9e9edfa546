import ModelGraph
import Tensors

extension TransformerModel {
    /// Refuses weights that are no numbers: everything that is computed from them would be none either, and the message
    /// then would be about what was computed.
    ///
    /// - Throws: `.corrupt` with the first such tensor and where in it the value stands; `.cancelled`.
    /// - Complexity: One pass over the weights.
    func checkWeights(_ work: Work) throws(TransformerError) {
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
}
