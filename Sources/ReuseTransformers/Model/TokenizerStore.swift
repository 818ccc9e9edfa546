import Platform
import Tokenization

/// A model's tokenizer, read when it is first asked for.
final class TokenizerStore: Sendable {
    private let loaded = Lock<Result<Tokenizer?, TransformerError>?>(nil)

    /// The tokenizer among a model's files; `nil` when there is none.
    func load(_ model: TransformerModel) -> Result<Tokenizer?, TransformerError> {
        loaded.withLock { loaded in
            if let loaded { return loaded }
            let result: Result<Tokenizer?, TransformerError>
            do throws(FileError) {
                result = .success(try Tokenizer.load(files: TokenizerFiles(model.model.assets)))
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

    /// The model's tokenizer.
    package func tokenizer() throws(TransformerError) -> Tokenizer {
        if let tokenizer = try optionalTokenizer() { return tokenizer }
        throw TransformerError(
            .inputOutput, path: path,
            "texts need a tokenizer, and the model comes without one; "
                + "copy tokenizer.json, or vocab.txt, or vocab.json and merges.txt beside its weights")
    }
}
