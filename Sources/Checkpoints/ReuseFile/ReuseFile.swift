import Files
import HDF5
import JSON
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// The `.reuse.h5` file (docs/format.md): names inside it, and its reader.
package enum ReuseFile {
    static let format = "reuse-transformer"
    static let formatVersion = 1
    static let dialect = "reuse"

    enum Path {
        static let manifest = "manifest"
        static let tensors = "tensors"
        static let assets = "assets"
        static let analysis = "analysis"
    }

    enum AttributeName {
        static let format = "format"
        static let version = "format_version"
        static let manifestDigest = "manifest_sha256"
    }

    /// Whether a file announces itself as a `.reuse.h5`.
    package static func isReuseFile(at path: String) throws(FileError) -> Bool {
        try MappedFile(path: path).withUnsafeBytes { UserBlock.isAnnounced(by: $0) }
    }

    /// Reads a model; every byte of the file is checked first.
    package static func read(path: String, reading: HDF5ReadingOptions = .standard) throws(FileError) -> Model {
        let contents = try ReuseFileContents(path: path, reading: reading)
        return try contents.model()
    }

    /// The analysis that came with a model; `nil` when there is none.
    package static func analysis(path: String) throws(FileError) -> [UInt8]? {
        try ReuseFileContents(path: path).bytes(at: Path.analysis)
    }

    /// The summary of a file. Of the digests only those of the head are checked: the others would read every byte.
    static func describe(path: String, reading: HDF5ReadingOptions = .standard) throws(FileError) -> CheckpointSummary {
        try ReuseFileCheck.checkHead(path: path)
        let contents = try ReuseFileContents(path: path, isChecked: false, reading: reading)
        let entry = FileEntry(path: path)
        var tensors: [CheckpointSummary.TensorEntry] = []
        for tensor in contents.manifest.tensors {
            let dataset = try contents.dataset(of: tensor)
            let source = StoredTensor(
                name: tensor.name, file: entry.name, path: dataset.path, dtype: tensor.dtype, shape: tensor.shape,
                filters: dataset.filterNames, storedByteCount: dataset.storedByteCount
            ) { () throws(FileError) -> Tensor in try contents.tensor(tensor) }
            tensors.append(.init(source, role: .parameter([tensor.name])))
        }
        return CheckpointSummary(
            dialect: dialect, dialectReasons: ["the user block announces a .reuse.h5"],
            architecture: contents.manifest.provenance.architecture, graph: contents.graph,
            traits: contents.manifest.traits, plan: contents.manifest.plan, tensors: tensors, problems: [])
    }
}

/// An opened `.reuse.h5` with its manifest.
struct ReuseFileContents: Sendable {
    let path: String
    let manifest: Manifest
    /// The manifest's graph.
    let graph: CheckedGraph
    private let file: HDF5File

    /// Opens a file and reads its manifest.
    ///
    /// - Parameter isChecked: Whether every byte is compared with the file's digest first.
    init(path: String, isChecked: Bool = true, reading: HDF5ReadingOptions = .standard) throws(FileError) {
        if isChecked { try ReuseFileCheck.check(path: path, reading: reading) }
        file = try HDF5File.open(path: path, options: reading)
        self.path = path
        manifest = try Self.manifest(in: file, path: path)
        do throws(GraphError) {
            graph = try manifest.graph.checked()
        } catch {
            throw FileError(.corrupt, path: path, error.problems.map { "/manifest: \($0)" })
        }
    }

    static func manifest(in file: HDF5File, path: String) throws(FileError) -> Manifest {
        func corrupt(_ message: String) -> FileError { FileError(.corrupt, path: path, message) }
        guard file.root.attribute(named: ReuseFile.AttributeName.format)?.text == ReuseFile.format else {
            throw corrupt("attribute \(ReuseFile.AttributeName.format) is not \"\(ReuseFile.format)\"")
        }
        guard let bytes = try bytes(at: ReuseFile.Path.manifest, in: file) else {
            throw corrupt("there is no /manifest")
        }
        guard file.root.attribute(named: ReuseFile.AttributeName.manifestDigest)?.text == Digest(of: bytes).hex else {
            throw corrupt("/manifest does not match its digest")
        }
        let manifest: Manifest
        do throws(Document.ReadError) {
            manifest = try Document.decode(Manifest.self, from: bytes)
        } catch {
            throw corrupt("/manifest: \(error.description.printable)")
        }
        guard manifest.formatVersion == Manifest.currentVersion else {
            throw FileError(
                .unsupported, path: path,
                "format version \(manifest.formatVersion); this program reads version \(Manifest.currentVersion)",
                remedy: "use a newer reuseformer")
        }
        let absurdities = manifest.graph.absurdities
        guard absurdities.isEmpty else {
            throw FileError(.corrupt, path: path, absurdities.map { "/manifest: \($0)" })
        }
        return manifest
    }

    func model() throws(FileError) -> Model {
        var tensors: [String: Tensor] = [:]
        for entry in manifest.tensors { tensors[entry.name] = try tensor(entry) }
        var assets: [String: [UInt8]] = [:]
        for asset in manifest.assets {
            // Somebody may unpack them: a name must not lead anywhere.
            guard !asset.name.contains("/"), ![".", "..", ""].contains(asset.name) else {
                throw FileError(
                    .corrupt, path: path, "the asset name \"\(asset.name.printable)\" is not a file name")
            }
            guard let bytes = try bytes(at: "\(ReuseFile.Path.assets)/\(asset.name)"), bytes.count == asset.byteCount
            else {
                throw FileError(
                    .corrupt, path: path, "the asset \(asset.name.printable) is missing or of another size")
            }
            assets[asset.name] = bytes
        }
        let model = Model(
            graph: graph, tensors: tensors, assets: assets, provenance: manifest.provenance,
            traits: manifest.traits, plan: manifest.plan, healing: manifest.healing)
        do throws(GraphError) {
            try model.validate()
        } catch {
            throw FileError(.corrupt, path: path, error.problems.map(\.description))
        }
        return model
    }

    func dataset(of entry: Manifest.TensorEntry) throws(FileError) -> HDF5Dataset {
        try file.dataset(at: "\(ReuseFile.Path.tensors)/\(entry.name)")
    }

    func tensor(_ entry: Manifest.TensorEntry) throws(FileError) -> Tensor {
        let dataset = try dataset(of: entry)
        let stored = try dataset.tensor()
        guard stored.dtype == entry.dtype, stored.shape == entry.shape else {
            throw FileError(
                .corrupt, path: path,
                "\(entry.name.printable) is \(stored.dtype.rawValue) \(stored.shape), the manifest says "
                    + "\(entry.dtype.rawValue) \(entry.shape)")
        }
        return stored
    }

    func bytes(at name: String) throws(FileError) -> [UInt8]? { try Self.bytes(at: name, in: file) }

    private static func bytes(at name: String, in file: HDF5File) throws(FileError) -> [UInt8]? {
        guard let dataset = file.root.dataset(at: name), dataset.dtype == .uint8 else { return nil }
        return try dataset.tensor().withUnsafeBytes { Array($0) }
    }
}
