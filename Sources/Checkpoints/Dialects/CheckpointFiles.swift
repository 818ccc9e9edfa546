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

    /// Files that go with a model from folder to `.reuse.h5`, byte for byte.
    private static let assetNames = [
        "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.txt", "vocab.json", "merges.txt", "preprocessor_config.json", "generation_config.json", "modules.json",
        "sentencepiece.bpe.model", "spiece.model", "tokenizer.model", "sentence_bert_config.json",
    ]
    private static let largestConfig = 16 << 20
    private static let largestAsset = 256 << 20

    init(path: String) throws(CheckpointError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CheckpointError(.io, path: path, "there is no such file or folder", remedy: "check the path")
        }
        self.path = path
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

    /// The checkpoint's configuration; `nil` when there is none.
    func config() throws(CheckpointError) -> JSONValue? {
        try exists("config.json") ? document("config.json") : nil
    }

    /// A JSON document of the folder.
    func document(_ name: String) throws(CheckpointError) -> JSONValue {
        let bytes = try read(name, limit: Self.largestConfig)
        do throws(Document.ReadError) {
            return try Document.decode(JSONValue.self, from: bytes)
        } catch {
            throw CheckpointError(
                .corrupt, path: entry(name).path, "is no JSON: \(error.message.printable)", remedy: "get a fresh copy")
        }
    }

    /// Tokenizer, configuration and preprocessing files by name.
    func assets() throws(CheckpointError) -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for name in Self.assetNames where exists(name) { result[name] = try read(name, limit: Self.largestAsset) }
        return result
    }

    /// The files that hold tensors, opened: the named one, `tf_model.h5`, the shards of its index, or the folder's only
    /// HDF5 file.
    func openWeights() throws(CheckpointError) -> [(entry: FileEntry, file: HDF5File)] {
        var result: [(entry: FileEntry, file: HDF5File)] = []
        for entry in try weightFiles() {
            let file = try CheckpointError.mapping { () throws(HDF5Error) in try HDF5File.open(path: entry.path) }
            result.append((entry, file))
        }
        return result
    }

    /// The named file, or the folder's only HDF5 file, where that is a `.reuse.h5`.
    func reuseFile() throws(CheckpointError) -> FileEntry? {
        let candidate: FileEntry?
        if let file {
            candidate = file
        } else {
            let found = exists("config.json") ? [] : hdf5Names()
            candidate = found.count == 1 ? entry(found[0]) : nil
        }
        guard let candidate, try ReuseFile.isReuseFile(at: candidate.path) else { return nil }
        return candidate
    }

    /// Paths of the files that hold tensors.
    func weightFiles() throws(CheckpointError) -> [FileEntry] {
        if let file { return file.name.hasSuffix(".index.json") ? try shards(file.name) : [file] }
        if exists("tf_model.h5") { return [entry("tf_model.h5")] }
        if exists("tf_model.h5.index.json") { return try shards("tf_model.h5.index.json") }
        let found = hdf5Names()
        if found.count == 1 { return [entry(found[0])] }
        let what =
            found.isEmpty
            ? "no HDF5 checkpoint here"
            : "several HDF5 files here: \(found.prefix(5).map(\.printable).joined(separator: ", "))"
        throw CheckpointError(
            found.isEmpty ? .io : .usage, path: path, what,
            remedy: found.isEmpty
                ? "give a folder with tf_model.h5 and config.json, or a .reuse.h5" : "name the file itself")
    }

    private func hdf5Names() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { ($0.hasSuffix(".h5") || $0.hasSuffix(".hdf5")) && !$0.hasPrefix(".") }.sorted()
    }

    /// Shards in the order of their names, each once.
    private func shards(_ index: String) throws(CheckpointError) -> [FileEntry] {
        guard let map = try document(index)["weight_map"]?.objectValue, !map.isEmpty else {
            throw CheckpointError(.corrupt, path: entry(index).path, "has no \"weight_map\"")
        }
        let names = Set(map.values.compactMap(\.stringValue)).sorted()
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

    private func read(_ name: String, limit: Int) throws(CheckpointError) -> [UInt8] {
        let path = entry(name).path
        let bytes = try MappedBytes(path: path)
        guard bytes.count <= limit else {
            throw CheckpointError(.corrupt, path: path, "has \(bytes.count) bytes; at most \(limit) are read")
        }
        return bytes.withUnsafeBytes { Array($0) }
    }
}
