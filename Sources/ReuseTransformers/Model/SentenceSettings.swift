import Foundation
import JSON
import Platform

/// What the files of sentence-transformers beside a model say of its embeddings.
///
/// `modules.json` lists what follows the transformer: a module that pools (its folder's `config.json` says how) and
/// one that normalises. `sentence_bert_config.json` has the length that texts are cut to.
struct SentenceSettings: Sendable, Hashable {
    /// How rows become one; `nil` when no file says it.
    var pooling: TextEmbedder.Pooling?
    /// Whether embeddings are divided by their length.
    var normalizes = false
    /// Longest text in tokens; `nil` when no file says it.
    var maximumTokens: Int?
    /// What the files ask for and is not done here, in words.
    var unsupported: String?

    private struct Module: Decodable {
        let type: String
        let path: String?
    }

    init(_ model: TransformerModel) throws(TransformerError) {
        if let bytes = model.model.assets["sentence_bert_config.json"] {
            let settings = try Self.decode(JSONValue.self, bytes, model.path, "sentence_bert_config.json")
            maximumTokens = settings["max_seq_length"]?.intValue.flatMap { $0 > 0 ? $0 : nil }
            if settings["do_lower_case"]?.boolValue == true {
                unsupported = "sentence_bert_config.json asks for texts in lower case"
            }
        }
        guard let bytes = model.model.assets["modules.json"] else { return }
        for module in try Self.decode([Module].self, bytes, model.path, "modules.json") {
            switch module.type.split(separator: ".").last {
            case "Transformer": continue
            case "Normalize": normalizes = true
            case "Pooling": try readPooling(module.path ?? "", model)
            default: unsupported = "modules.json names a module of the type \(module.type.printable)"
            }
        }
    }

    private mutating func readPooling(_ folder: String, _ model: TransformerModel) throws(TransformerError) {
        let name = "\(folder)/config.json"
        guard let bytes = Self.bytes(of: name, beside: model.path) else {
            unsupported = "modules.json names a module that pools, and \(name.printable) is not there"
            return
        }
        let settings = try Self.decode(JSONValue.self, bytes, model.path, name)
        let modes: [(key: String, pooling: TextEmbedder.Pooling)] = [
            ("pooling_mode_cls_token", .first), ("pooling_mode_mean_tokens", .mean),
            ("pooling_mode_max_tokens", .max), ("pooling_mode_lasttoken", .last),
        ]
        let wanted = (settings.objectValue ?? [:]).filter {
            $0.key.hasPrefix("pooling_mode_") && $0.value == .bool(true)
        }
        guard wanted.count == 1, let mode = modes.first(where: { wanted[$0.key] != nil }) else {
            unsupported = "\(name.printable) asks for \(wanted.keys.sorted().joined(separator: ", "))"
            return
        }
        pooling = mode.pooling
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, _ bytes: [UInt8], _ path: String, _ name: String
    ) throws(TransformerError) -> Value {
        do throws(Document.ReadError) {
            return try Document.decode(type, from: bytes)
        } catch {
            throw TransformerError(.corrupt, path: path, "\(name.printable): \(error)")
        }
    }

    /// A file in a folder beside the weights.
    private static func bytes(of name: String, beside path: String) -> [UInt8]? {
        let isPlain = name.split(separator: "/").allSatisfy { $0 != ".." } && !name.hasPrefix("/")
        guard isPlain else { return nil }
        let folder = PathKind(path) == .folder ? path : URL(fileURLWithPath: path).deletingLastPathComponent().path
        return try? InputFile.bytes(of: "\(folder)/\(name)")
    }
}
