import Files
import Foundation
import HDF5
import JSON
import Platform
import Tensors

/// What the caller pointed at: a folder, or a file with others beside it.
package struct CheckpointFolder: Sendable {
    /// As the caller named it.
    package let path: String
    /// Where configuration, tokenizer and shards are looked for.
    package let folder: String
    /// The folder that was named, or that the file lies in: a sentence-transformers folder may keep the transformer's
    /// files in a folder below.
    package let root: String
    /// What follows the transformer in a sentence-transformers folder; `nil` for other folders.
    package let modules: SentenceModuleList?
    /// The file that was named; `nil` for a folder.
    package let file: FileEntry?
    /// The file that the caller named for the configuration; `nil`: the folder's own.
    package let configFile: FileEntry?
    /// How HDF5 files among them are read.
    package let reading: HDF5ReadingOptions
    /// The files that were opened so far.
    private let mapped = MappedFiles()

    /// Files that go with a model from folder to `.reuse.h5`, byte for byte.
    private static let assetNames = [
        "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.txt", "vocab.json", "merges.txt", "preprocessor_config.json", "generation_config.json", "modules.json",
        "sentencepiece.bpe.model", "spiece.model", "tokenizer.model", "sentence_bert_config.json", "vocabulary.txt",
        "vocabulary.json", "vocabulary.spm", "preprocessor.json", "image_converter.json", "spm.model",
        "sentencepiece.model", "processor_config.json",
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

    package init(
        path: String, config: String? = nil, reading: HDF5ReadingOptions = .standard
    ) throws(FileError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw FileError(
                .inputOutput, path: path, "there is no such file or folder",
                remedy: Self.isLikeHubName(path)
                    ? "if it is a model's name on a hub, fetch it: hf download \(path.printable) --local-dir FOLDER"
                    : Self.isLikeHubName("owner/" + path)
                        ? "check the path; a model on a hub is fetched first: hf download OWNER/\(path.printable) "
                            + "--local-dir FOLDER"
                        : "check the path")
        }
        self.path = path
        self.reading = reading
        configFile = config.map(FileEntry.init)
        if isFolder.boolValue {
            root = path.hasSuffix("/") && path != "/" ? String(path.dropLast()) : path
            file = nil
            modules = try SentenceModuleList(folder: root)
            let below = modules?.transformerPath ?? ""
            folder = below.isEmpty ? root : Self.entry(below, in: root).path
        } else {
            root = (path as NSString).deletingLastPathComponent
            folder = root
            file = FileEntry(path: path)
            // Only of a transformer's own file does the list beside it speak, and a .reuse.h5 needs none.
            let list =
                Self.weightNames.contains((path as NSString).lastPathComponent)
                ? try SentenceModuleList(folder: root) : nil
            modules = list?.transformerPath == "" ? list : nil
        }
    }

    private static func entry(_ name: String, in folder: String) -> FileEntry {
        FileEntry(path: folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)")
    }

    /// A file of the folder that was named, or of a folder below it.
    package func rootEntry(_ name: String) -> FileEntry { Self.entry(name, in: root) }

    /// Whether there is such a file.
    package func exists(_ entry: FileEntry) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: entry.path, isDirectory: &isFolder) && !isFolder.boolValue
    }

    /// A file of the folder.
    package func entry(_ name: String) -> FileEntry { Self.entry(name, in: folder) }

    /// A file, mapped: the same mapping whenever it is asked for.
    package func file(_ entry: FileEntry) throws(FileError) -> MappedFile { try mapped.file(at: entry.path) }

    /// An opened file of tensors.
    package func container(_ entry: FileEntry) throws(FileError) -> WeightContainer {
        try WeightContainer(try file(entry), reading: reading)
    }

    /// Whether the folder has a file of that name.
    package func exists(_ name: String) -> Bool { exists(entry(name)) }

    /// The file that holds the configuration; `nil` when there is none.
    package var configEntry: FileEntry? { configFile ?? (exists("config.json") ? entry("config.json") : nil) }

    /// A JSON document of the folder.
    package func document(_ entry: FileEntry) throws(FileError) -> JSONValue { try Self.document(file(entry)) }

    /// A JSON document at a path.
    package static func document(path: String) throws(FileError) -> JSONValue {
        try document(try MappedFile(path: path))
    }

    /// A JSON document.
    static func document(_ file: MappedFile) throws(FileError) -> JSONValue {
        try JSONValue(
            parsing: try contents(of: file, limit: largestConfig), file: file.path, limits: Document.limits)
    }

    /// A JSON document of settings: an object, whatever else is in it.
    package func settings(_ entry: FileEntry) throws(FileError) -> JSONValue {
        let document = try self.document(entry)
        guard document.objectValue != nil else {
            throw FileError(
                .corrupt, path: entry.path, "holds no object of settings",
                remedy: "give the file as the model's framework wrote it")
        }
        return document
    }

    /// Tokenizer, configuration and preprocessing files that stand beside the weights.
    package var assetEntries: [FileEntry] {
        Self.assetNames.compactMap { name in
            let found = Self.assetFolders.map { $0 + name }.first { exists($0) }.map(entry)
            return found ?? (name == SentenceModuleList.fileName && modules != nil ? rootEntry(name) : nil)
        }
    }

    /// The bytes of an asset.
    package func asset(_ entry: FileEntry) throws(FileError) -> [UInt8] {
        try Self.contents(of: try file(entry), limit: Self.largestAsset)
    }

    /// The files that hold tensors: the named one, the shards of a named index, what the frameworks call their
    /// weights, or the folder's only HDF5 file.
    package func weightFiles() throws(FileError) -> [FileEntry] {
        if let file { return file.name.isIndex ? try shards(file.name) : [file] }
        if let name = Self.weightNames.first(where: { exists($0) }) {
            return name.isIndex ? try shards(name) : [entry(name)]
        }
        let found = hdf5Names()
        if found.count == 1 { return [entry(found[0])] }
        if found.isEmpty, let (name, content) = foreignWeights() {
            throw FileError(.unsupported, path: entry(name).path, "is \(content.name)", remedy: content.remedy)
        }
        let what =
            found.isEmpty
            ? "no checkpoint here"
            : "several HDF5 files here: \(found.prefix(5).map(\.printable).joined(separator: ", "))"
        throw FileError(
            found.isEmpty ? .inputOutput : .usage, path: path, what,
            remedy: found.isEmpty
                ? "give a folder with weights and config.json, or a .reuse.h5" : "name the file itself")
    }

    /// The first file of the folder that holds weights in a way that is never read, and what it is.
    private func foreignWeights() -> (name: String, content: FileContent)? {
        let endings = [".bin", ".pt", ".pth", ".ckpt", ".onnx", ".gguf", ".pkl"]
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        for name in names where endings.contains(where: name.hasSuffix) {
            if let file = try? file(entry(name)) {
                let content = FileContent(file)
                if content.isForeign { return (name, content) }
            }
        }
        return nil
    }

    /// `owner/name`: how model hubs name a model. A name that ends like a file of weights is a path.
    private static func isLikeHubName(_ path: String) -> Bool {
        let endings = [".h5", ".hdf5", ".keras", ".safetensors", ".json", ".bin", ".pt", ".onnx", ".gguf"]
        guard !endings.contains(where: path.hasSuffix) else { return false }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                part.first?.isLetter == true || part.first?.isNumber == true
                    ? part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) } : false
            }
    }

    /// Names of the folder's HDF5 files, as far as names tell.
    package func hdf5Names() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { ($0.hasSuffix(".h5") || $0.hasSuffix(".hdf5")) && !$0.hasPrefix(".") }.sorted()
    }

    /// Shards in the order of their names, each once.
    private func shards(_ index: String) throws(FileError) -> [FileEntry] {
        guard let map = try document(entry(index))["weight_map"]?.objectValue, !map.isEmpty else {
            throw FileError(.corrupt, path: entry(index).path, "has no \"weight_map\"")
        }
        // One name may be spread over several files (Keras 3).
        let names = Set(map.values.flatMap { ($0.arrayValue ?? [$0]).compactMap(\.stringValue) }).sorted()
        // A shard stands beside its index: a path would reach outside the checkpoint.
        if let unknown = names.first(where: { $0.isEmpty || $0.contains("/") || $0 == ".." }) {
            throw FileError(
                .corrupt, path: entry(index).path, "names a shard outside its folder: \"\(unknown.printable)\"")
        }
        if let missing = names.first(where: { !exists($0) }) {
            throw FileError(
                .inputOutput, path: entry(missing).path, "the shard is missing",
                remedy: "fetch all files of the checkpoint")
        }
        return names.map(entry)
    }

    private static func contents(of file: MappedFile, limit: Int) throws(FileError) -> [UInt8] {
        guard file.byteCount <= limit else {
            throw FileError(.corrupt, path: file.path, "has \(file.byteCount) bytes; at most \(limit) are read")
        }
        return file.withUnsafeBytes { Array($0) }
    }
}

extension String {
    /// Whether a file of this name lists shards.
    fileprivate var isIndex: Bool { hasSuffix(".index.json") || hasSuffix(".weights.json") }
}
