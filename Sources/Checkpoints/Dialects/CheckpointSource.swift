import HDF5
import ModelGraph
import Tensors

/// An opened checkpoint: everything that a spec is compared with and bound to. No tensor has been read yet.
struct CheckpointSource: Sendable {
    /// `hf-tf` …: key of the specs' tensor tables.
    let dialect: String
    /// Why the files were taken for this dialect.
    let reasons: [String]
    /// Whose configuration keys are used: `hf`.
    let vocabulary: String
    let config: JSONValue
    let tensors: TensorIndex
    /// Files that hold tensors.
    let weightFiles: [FileEntry]

    /// What the configuration says of itself.
    var claim: String {
        for key in ["model_type", "architectures"] {
            guard let value = config[key] else { continue }
            let words = (value.arrayValue ?? [value]).compactMap(\.stringValue).prefix(3)
            if !words.isEmpty { return "\(key) is " + words.map { "\"\($0.printable)\"" }.joined(separator: ", ") }
        }
        return "the configuration names no architecture"
    }
}

/// A way of laying tensors out in files, recognised by content.
protocol Dialect: Sendable {
    /// Key of the specs' tensor tables.
    static var name: String { get }

    /// The checkpoint in this dialect; `nil` when the files are of another one.
    ///
    /// - Throws: When they are of this dialect, and broken.
    static func open(_ files: CheckpointFiles) throws(CheckpointError) -> CheckpointSource?
}

/// All dialects, in the order in which they are asked.
let dialects: [any Dialect.Type] = [HuggingFaceTF.self]

extension CheckpointError {
    /// Runs something of the HDF5 room under our own error type.
    static func mapping<R: ~Copyable>(_ body: () throws(HDF5Error) -> R) throws(CheckpointError) -> R {
        do throws(HDF5Error) { return try body() } catch { throw CheckpointError(error) }
    }

    /// An error of the HDF5 room, which names the file itself.
    init(_ error: HDF5Error) {
        let kind: Kind
        switch error.kind {
        case .corruptInput: kind = .corrupt
        case .unsupportedInput: kind = .unsupported
        case .inputOutput: kind = .io
        case .internalDefect: kind = .internalDefect
        }
        let location = error.location
        let text = error.description
        let prefix = "\(location.file): "
        self.init(kind, path: location.file, text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
    }
}
