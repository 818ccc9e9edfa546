import Checkpoints
import ModelGraph
import Platform
import Tokenization

/// A model and the path that it came from.
struct LoadedModel {
    /// The path as it was given.
    let path: String
    let model: Model

    init(_ path: String, _ reading: CheckpointOptions) throws {
        self.path = path
        model = try Checkpoint.load(path: path, options: try reading.options())
        for parameter in model.provenance.assumed ?? [] {
            let value = parameter.name == "scale" ? "the neutral scale stands" : "zeros stand"
            Terminal.note(
                "reuseformer: note: \(Terminal.escaped(path)): \(parameter) is missing; \(value) in for it")
        }
    }

    init(path: String, model: Model) {
        self.path = path
        self.model = model
    }

    /// Last part of the path: what tables and reports call the model.
    var name: String { Self.name(of: path) }

    static func name(of path: String) -> String {
        let parts = path.split(separator: "/").map(String.init)
        // `.` and `..` name nothing.
        return parts.last { $0 != "." && $0 != ".." } ?? path
    }

    /// The model's tokenizer; `nil` when it came without one.
    func optionalTokenizer() throws -> Tokenizer? {
        do {
            return try Tokenizer.load(files: TokenizerFiles(model.assets))
        } catch {
            guard (error as FileError).kind == .inputOutput else { throw error }
            return nil
        }
    }

    /// The model's tokenizer.
    func tokenizer() throws -> Tokenizer {
        if let tokenizer = try optionalTokenizer() { return tokenizer }
        throw CommandError.inputOutput(
            "\(path): texts need a tokenizer, and the model comes without one; "
                + "copy tokenizer.json, or vocab.txt, or vocab.json and merges.txt beside its weights")
    }
}
