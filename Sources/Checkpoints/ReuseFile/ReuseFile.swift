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
    /// Versions that this program reads.
    static let versions = 1...2
    /// The same in words.
    static let readable = "versions 1 and 2"

    /// What to do about a file of a later version.
    static let newerRemedy = "use a newer reuseformer"

    /// The version of a graph's file: the lowest that can say it, so that older programs read what they can.
    static func version(for graph: Graph) -> Int { graph.hasPrecisions ? 2 : 1 }

    static let dialect = "reuse"

    enum Path {
        static let manifest = "manifest"
        static let tensors = "tensors"
        static let assets = "assets"
    }

    enum AttributeName {
        static let format = "format"
        static let version = "format_version"
        static let manifestDigest = "manifest_sha256"
    }

    /// Whether a file announces itself as a `.reuse.h5`.
    package static func isReuseFile(_ file: MappedFile) -> Bool {
        file.withUnsafeBytes { UserBlock.isAnnounced(by: $0) }
    }

    /// Reads a model; every byte of the file is checked first.
    static func read(_ file: MappedFile, _ options: LoadingOptions) throws(FileError) -> Model {
        try ReuseFileCheck.check(file, options)
        return try ReuseFileContents(file, options).model(options)
    }

    /// The summary of a file. Of the digests only those of the head are checked: the others would read every byte.
    static func describe(_ file: MappedFile, _ options: LoadingOptions) throws(FileError) -> CheckpointSummary {
        try ReuseFileCheck.checkHead(file)
        let contents = try ReuseFileContents(file, options)
        var tensors: [CheckpointSummary.TensorEntry] = []
        for tensor in contents.manifest.tensors {
            let dataset = try contents.dataset(of: tensor)
            let stored = StoredTensor(
                name: tensor.name.description, file: file.name, path: dataset.path, dtype: tensor.dtype,
                shape: tensor.shape,
                filters: dataset.filterNames, storedByteCount: dataset.storedByteCount
            ) { () throws(FileError) -> Tensor in try contents.tensor(tensor) }
            tensors.append(.init(stored, role: .parameter([tensor.name])))
        }
        var summary = CheckpointSummary(
            dialect: dialect, dialectReasons: ["the user block announces a .reuse.h5"],
            architecture: contents.manifest.provenance.architecture, graph: contents.graph,
            traits: contents.manifest.traits, plan: contents.manifest.plan, tensors: tensors, problems: [])
        summary.assumptions = contents.manifest.provenance.assumptions ?? []
        summary.proof = contents.manifest.provenance.proof
        return summary
    }
}

/// An opened `.reuse.h5` with its manifest.
struct ReuseFileContents: Sendable {
    let path: String
    /// What it says the model is.
    let manifest: Manifest
    /// The manifest's graph.
    let graph: CheckedGraph
    private let file: HDF5File

    /// Opens a file and reads its manifest.
    init(_ mapped: MappedFile, _ options: LoadingOptions) throws(FileError) {
        path = mapped.path
        file = try HDF5File.open(mapped, options: options.hdf5)
        manifest = try Self.manifest(in: file, path: path)
        do throws(GraphError) {
            graph = try manifest.graph.checked()
        } catch {
            throw FileError(.corrupt, path: path, error.problems.map { "/manifest: \($0)" })
        }
        let problems = manifest.problems(for: graph)
        guard problems.isEmpty else { throw FileError(.corrupt, path: path, problems.map { "/manifest: \($0)" }) }
    }

    static func manifest(in file: HDF5File, path: String) throws(FileError) -> Manifest {
        func corrupt(_ message: String) -> FileError { FileError(.corrupt, path: path, message) }
        guard file.root.attribute(named: ReuseFile.AttributeName.format)?.text == ReuseFile.format else {
            throw corrupt("attribute \(ReuseFile.AttributeName.format) is not \"\(ReuseFile.format)\"")
        }
        guard let bytes = try bytes(at: ReuseFile.Path.manifest, in: file, path: path) else {
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
        guard ReuseFile.versions.contains(manifest.formatVersion) else {
            throw FileError(
                .unsupported, path: path,
                "format version \(manifest.formatVersion); this program reads \(ReuseFile.readable)",
                remedy: ReuseFile.newerRemedy)
        }
        guard manifest.formatVersion >= ReuseFile.version(for: manifest.graph) else {
            throw corrupt("/manifest: version \(manifest.formatVersion) has no matrices of other precisions")
        }
        return manifest
    }

    /// The whole model.
    func model(_ options: LoadingOptions) throws(FileError) -> Model {
        var tensors: [ParameterID: Tensor] = [:]
        for entry in manifest.tensors {
            try options.cancellation.check(path)
            tensors[entry.name] = try tensor(entry)
        }
        var assets: [String: [UInt8]] = [:]
        for asset in manifest.assets {
            guard let bytes = try bytes(at: "\(ReuseFile.Path.assets)/\(asset.name)"), bytes.count == asset.byteCount
            else {
                throw FileError(
                    .corrupt, path: path, "the asset \(asset.name.printable) is missing or of another size")
            }
            assets[asset.name] = bytes
        }
        var model = Model(
            graph: graph, tensors: tensors, assets: assets, provenance: manifest.provenance,
            traits: manifest.traits, plan: manifest.plan, healing: manifest.healing)
        model.quantization = manifest.quantization
        do throws(GraphError) {
            try model.validate()
        } catch {
            throw FileError(.corrupt, path: path, error.problems.map(\.description))
        }
        if let problem = model.factorProblem { throw FileError(.corrupt, path: path, problem) }
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
                "\(entry.name.description.printable) is \(stored.dtype.rawValue) \(stored.shape), the manifest says "
                    + "\(entry.dtype.rawValue) \(entry.shape)")
        }
        return stored
    }

    func bytes(at name: String) throws(FileError) -> [UInt8]? { try Self.bytes(at: name, in: file, path: path) }

    private static func bytes(
        at name: String, in file: HDF5File, path: String
    ) throws(FileError) -> [UInt8]? {
        guard let dataset = file.root.dataset(at: name), dataset.dtype == .uint8 else { return nil }
        let count = dataset.shape?.count ?? 0
        if name == ReuseFile.Path.manifest, count > Manifest.byteLimit {
            throw FileError(.corrupt, path: path, "/manifest: \(count) bytes, more than \(Manifest.byteLimit)")
        }
        return try dataset.tensor().withUnsafeBytes { Array($0) }
    }
}
