import JSON
import Platform
import Tokenization
import TokenizerFormats

/// A model's tokenizer, read when it is first asked for.
final class TokenizerStore: Sendable {
    private let loaded = Lock<Result<Tokenizer?, TransformerError>?>(nil)

    /// The tokenizer among a model's files; `nil` when there is none.
    func load(_ model: TransformerModel) -> Result<Tokenizer?, TransformerError> {
        loaded.withLock { loaded in
            if let loaded { return loaded }
            let result: Result<Tokenizer?, TransformerError>
            do throws(FileError) {
                result = .success(
                    try Tokenizer.load(
                        files: TokenizerFiles(model.model.assets), ignoring: model.model.provenance.passedOver))
            } catch {
                result = error.kind == .inputOutput ? .success(nil) : .failure(TransformerError(error))
            }
            loaded = result
            return result
        }
    }
}

extension TransformerModel {
    /// The model's tokenizer; `nil` when it came without one.
    package func optionalTokenizer() throws(TransformerError) -> Tokenizer? { try tokenizers.load(self).get() }

    /// The longest text that tokenizer_config.json says, special tokens included; `nil` where it says none.
    func tokenizerLimit() throws(TransformerError) -> Int? {
        let name = "tokenizer_config.json"
        guard let bytes = model.assets[name] else { return nil }
        do throws(FileError) {
            let limit = try JSONValue(parsing: bytes, file: name)["model_max_length"]?.intValue
            return limit.flatMap { (1...1 << 30).contains($0) ? $0 : nil }
        } catch { throw TransformerError(error) }
    }

    /// The model's tokenizer.
    package func tokenizer() throws(TransformerError) -> Tokenizer {
        if let tokenizer = try optionalTokenizer() { return tokenizer }
        throw TransformerError(
            .inputOutput, path: path,
            "texts need a tokenizer, and the model comes without one; "
                + "copy tokenizer.json, or vocab.txt, or vocab.json and merges.txt beside its weights")
    }
}
