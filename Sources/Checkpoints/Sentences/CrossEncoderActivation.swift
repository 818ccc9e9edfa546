import ArchitectureSpecs
import JSON
import ModelGraph
import Platform

extension RecognizedCheckpoint {
    /// What makes the score of a pair of the logits, as a cross-encoder's `config.json` says: in
    /// `sentence_transformers.activation_fn`, or of releases up to 3 in `sbert_ce_default_activation_function`; `nil`
    /// where it does not say it.
    ///
    /// - Throws: For a function that is not handled.
    func pairActivation() throws(FileError) -> Activation? {
        let places = [
            ("sentence_transformers.activation_fn", config.document["sentence_transformers"]?["activation_fn"]),
            ("sbert_ce_default_activation_function", config.document["sbert_ce_default_activation_function"]),
        ]
        for (key, value) in places {
            guard let value, !value.isNull else { continue }
            guard let function = value.stringValue.flatMap(TorchActivation.function) else {
                throw FileError(
                    .unsupported, path: folder.path,
                    "config.json: \"\(key)\" is \(value.shortDescription), known are \(TorchActivation.names)")
            }
            return function
        }
        return nil
    }
}
