import Files
import JSON
import Platform
import Tensors
import WeightFiles

/// The files of one module of a sentence-transformers folder.
struct ModuleFiles {
    let entry: SentenceModuleList.Entry
    /// Number in the list.
    let index: Int
    private let folder: CheckpointFolder
    /// Tensors of the module under `<folder>/<name>`.
    private(set) var tensors: [StoredTensor] = []
    /// Files that tensors and settings were read from, by their paths below the folder.
    private(set) var files: [(name: String, file: MappedFile)] = []
    /// What became of the keys of settings.
    private(set) var ledgers: [KeyLedger] = []
    private let waived: Set<String>

    private static let configName = "config.json"
    private static let weightsName = "model.safetensors"

    /// - Parameter waived: Keys that the caller does not want to count.
    init(_ entry: SentenceModuleList.Entry, index: Int, folder: CheckpointFolder, waived: Set<String>) {
        self.waived = waived
        self.entry = entry
        self.index = index
        self.folder = folder
    }

    /// The module's settings; `nil` where it has no file of them.
    mutating func optionalConfig() throws(FileError) -> AccountedObject? {
        // Without a folder of its own a module would take the transformer's settings for its own.
        guard !entry.path.isEmpty, folder.exists(file(Self.configName)) else { return nil }
        let file = try map(Self.configName)
        return try AccountedObject(
            try folder.document(self.file(Self.configName)), name: "\(entry.path)/\(Self.configName)",
            path: file.path, waived: waived)
    }

    /// Accounts for settings that were read.
    ///
    /// - Throws: When one of them is not handled.
    mutating func finish(_ config: AccountedObject) throws(FileError) { ledgers.append(try config.finish()) }

    /// The module's settings.
    mutating func config() throws(FileError) -> AccountedObject {
        if let config = try optionalConfig() { return config }
        throw FileError(
            .inputOutput, path: file(Self.configName).path, "is missing, and modules.json names the module",
            remedy: "fetch all files of the model, those in its folders too")
    }

    /// Reads the module's weights.
    mutating func readTensors() throws(FileError) {
        guard !entry.path.isEmpty, folder.exists(file(Self.weightsName)) else {
            let pickle = file("pytorch_model.bin")
            if !entry.path.isEmpty, folder.exists(pickle) {
                throw FileError(
                    .unsupported, path: pickle.path, "is a pickle, which can run any program when it is read",
                    remedy: "save the model anew with sentence-transformers: it writes \(Self.weightsName)")
            }
            throw FileError(
                .inputOutput, path: file(Self.weightsName).path, "is missing, and modules.json names the module",
                remedy: "fetch all files of the model, those in its folders too")
        }
        let container = try folder.container(file(Self.weightsName))
        guard container.safetensors != nil else {
            throw FileError(.corrupt, path: container.file.path, "is no safetensors file")
        }
        _ = try map(Self.weightsName)
        tensors += try container.safetensorsTensors(prefix: entry.path + "/")
    }

    /// Common name of a tensor of the module.
    func tensorName(_ name: String) -> String { "\(entry.path)/\(name)" }

    private func file(_ name: String) -> FileEntry { folder.rootEntry("\(entry.path)/\(name)") }

    private mutating func map(_ name: String) throws(FileError) -> MappedFile {
        let file = try folder.file(file(name))
        files.append(("\(entry.path)/\(name)", file))
        return file
    }
}
