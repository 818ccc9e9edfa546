import ArgumentParser
import Checkpoints
import HDF5
import Inputs
import Tensors

struct Extract: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write every tensor of a file or model to an .npz archive.",
        discussion: """
            Names, orientation and element types stay those of the file; bfloat16, which NumPy does not know, becomes \
            float32. Of a folder, all weight files are read.

              reuseformer extract bert/tf_model.h5 -o tensors.npz
              python3 -c "import numpy; print(*numpy.load('tensors.npz'), sep='\\n')"
            """)

    @Argument(
        help: ArgumentHelp("An HDF5 file, a .reuse.h5, or a folder with a checkpoint.", valueName: "file-or-folder"),
        completion: .file())
    var path: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The .npz to write.", valueName: "file"), completion: .file())
    var output: String

    @OptionGroup var force: ForceOption

    func run() throws {
        try OutputFile.check(output, force: force.force)
        let sources = try PathKind(path) == .folder ? tensorsOfFolder() : tensorsOfFile()
        try OutputFile.produce(output) { temporary in
            var archive = try NumPyArchiveWriter(path: temporary)
            for source in sources { try archive.append(try source.read(), named: source.name) }
            try archive.close()
        }
        Terminal.note("\(sources.count) tensors written to \(Terminal.escaped(output))")
    }

    private struct Source {
        let name: String
        let read: () throws -> Tensor
    }

    private func tensorsOfFile() throws -> [Source] {
        let file = try HDF5File.open(path: path)
        if let unreadable = file.unreadablePaths.first {
            throw HDF5Error.unsupported(HDF5Location(file: path, object: unreadable), .newerFormat)
        }
        return file.datasets.compactMap { dataset in
            // Texts are no tensors: names of layers, versions of tools.
            if dataset.texts != nil { return nil }
            // A dataset that was made without room for a single element.
            if dataset.shape == nil {
                return Source(name: Self.name(dataset.path)) { Tensor([], shape: [0]) }
            }
            return Source(name: Self.name(dataset.path)) { try dataset.tensor() }
        }
    }

    private func tensorsOfFolder() throws -> [Source] {
        var seen: Set<String> = []
        return try Checkpoint.describe(path: path).tensors.map { entry in
            let name = Self.name(entry.name)
            guard seen.insert(name).inserted else {
                throw CommandError.corrupt("\(path): two of its files hold a tensor \(name); extract them one by one")
            }
            return Source(name: name) { try entry.read() }
        }
    }

    private static func name(_ path: String) -> String { path.hasPrefix("/") ? String(path.dropFirst()) : path }
}
