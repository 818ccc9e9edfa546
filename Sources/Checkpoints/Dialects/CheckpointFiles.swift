import Foundation
import HDF5
import ModelGraph
import Tensors

/// A file of a checkpoint.
struct FileEntry: Sendable, Hashable {
    /// As it is opened.
    let path: String
    /// Without folders.
    let name: String

    init(path: String) {
        self.path = path
        name = path.split(separator: "/").last.map(String.init) ?? path
    }
}

/// What the caller pointed at: a folder, or a file with others beside it.
struct CheckpointFiles: Sendable {
    /// As the caller named it.
    let path: String
    /// Where configuration, tokenizer and shards are looked for.
    let folder: String
    /// The file that was named; `nil` for a folder.
    let file: FileEntry?
    /// The file that the caller named for the configuration; `nil`: the folder's own.
    let configFile: FileEntry?

    /// Files that go with a model from folder to `.reuse.h5`, byte for byte.
    private static let assetNames = [
        "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.txt", "vocab.json", "merges.txt", "preprocessor_config.json", "generation_config.json", "modules.json",
        "sentencepiece.bpe.model", "spiece.model", "tokenizer.model", "sentence_bert_config.json", "vocabulary.txt",
        "vocabulary.json", "vocabulary.spm", "preprocessor.json", "image_converter.json",
    ]
    /// Folders in which they may lie: KerasHub keeps a tokenizer's files in one of their own.
    private static let assetFolders = ["", "assets/tokenizer/"]
    /// Weights by the names that the frameworks give them, the preferred ones first; an index names its shards.
    private static let weightNames = [
        "tf_model.h5", "tf_model.h5.index.json", "model.keras", "model.weights.h5", "model.weights.json",
        "model.safetensors", "model.safetensors.index.json",
    ]
    private static let largestConfig = 16 << 20
    private static let largestAsset = 256 << 20

    init(path: String, config: String? = nil) throws(CheckpointError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CheckpointError(.io, path: path, "there is no such file or folder", remedy: "check the path")
        }
        self.path = path
        configFile = config.map(FileEntry.init)
        if isFolder.boolValue {
            folder = path.hasSuffix("/") && path != "/" ? String(path.dropLast()) : path
            file = nil
        } else {
            folder = (path as NSString).deletingLastPathComponent
            file = FileEntry(path: path)
        }
    }

    /// A file of the folder.
    func entry(_ name: String) -> FileEntry {
        FileEntry(path: folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)")
    }

    func exists(_ name: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: entry(name).path, isDirectory: &isFolder) && !isFolder.boolValue
    }

    /// The file that holds the configuration; `nil` when there is none.
    var configEntry: FileEntry? { configFile ?? (exists("config.json") ? entry("config.json") : nil) }

    /// A JSON document of the folder.
    func document(_ name: String) throws(CheckpointError) -> JSONValue { try Self.document(entry(name)) }

    /// A JSON document.
    static func document(_ entry: FileEntry) throws(CheckpointError) -> JSONValue {
        let bytes = try read(entry, limit: largestConfig)
        do throws(Document.ReadError) {
            return try Document.decode(JSONValue.self, from: bytes)
        } catch {
            throw CheckpointError(
                .corrupt, path: entry.path, "is no JSON: \(error.message.printable)", remedy: "get a fresh copy")
        }
    }

    /// Tokenizer, configuration and preprocessing files that stand beside the weights.
    var assetEntries: [FileEntry] {
        Self.assetNames.compactMap { name in Self.assetFolders.map { $0 + name }.first(where: exists).map(entry) }
    }

    /// The bytes of an asset.
    static func asset(_ entry: FileEntry) throws(CheckpointError) -> [UInt8] {
        try read(entry, limit: largestAsset)
    }

    /// Paths of the files that hold tensors: the named one, the shards of a named index, what the frameworks call their
    /// weights, or the folder's only HDF5 file.
    func weightFiles() throws(CheckpointError) -> [FileEntry] {
        if let file { return file.name.isIndex ? try shards(file.name) : [file] }
        if let name = Self.weightNames.first(where: exists) {
            return name.isIndex ? try shards(name) : [entry(name)]
        }
        let found = hdf5Names()
        if found.count == 1 { return [entry(found[0])] }
        let what =
            found.isEmpty
            ? "no checkpoint here"
            : "several HDF5 files here: \(found.prefix(5).map(\.printable).joined(separator: ", "))"
        throw CheckpointError(
            found.isEmpty ? .io : .usage, path: path, what,
            remedy: found.isEmpty
                ? "give a folder with weights and config.json, or a .reuse.h5" : "name the file itself")
    }

    func hdf5Names() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { ($0.hasSuffix(".h5") || $0.hasSuffix(".hdf5")) && !$0.hasPrefix(".") }.sorted()
    }

    /// Shards in the order of their names, each once.
    private func shards(_ index: String) throws(CheckpointError) -> [FileEntry] {
        guard let map = try document(index)["weight_map"]?.objectValue, !map.isEmpty else {
            throw CheckpointError(.corrupt, path: entry(index).path, "has no \"weight_map\"")
        }
        // One name may be spread over several files (Keras 3).
        let names = Set(map.values.flatMap { ($0.arrayValue ?? [$0]).compactMap(\.stringValue) }).sorted()
        // A shard stands beside its index: a path would reach outside the checkpoint.
        if let stranger = names.first(where: { $0.isEmpty || $0.contains("/") || $0 == ".." }) {
            throw CheckpointError(
                .corrupt, path: entry(index).path, "names a shard outside its folder: \"\(stranger.printable)\"")
        }
        if let missing = names.first(where: { !exists($0) }) {
            throw CheckpointError(
                .io, path: entry(missing).path, "the shard is missing", remedy: "fetch all files of the checkpoint")
        }
        return names.map(entry)
    }

    private static func read(_ entry: FileEntry, limit: Int) throws(CheckpointError) -> [UInt8] {
        let bytes = try MappedBytes(path: entry.path)
        guard bytes.count <= limit else {
            throw CheckpointError(
                .corrupt, path: entry.path, "has \(bytes.count) bytes; at most \(limit) are read")
        }
        return bytes.withUnsafeBytes { Array($0) }
    }
}

extension String {
    /// Whether a file of this name lists shards.
    fileprivate var isIndex: Bool { hasSuffix(".index.json") || hasSuffix(".weights.json") }
}
