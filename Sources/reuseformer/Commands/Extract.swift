import ArgumentParser
import ReuseTransformers
import Checkpoints
import Inputs
import NumPy
import Platform
import Tensors

struct Extract: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write every tensor of a file or model to an .npz archive.",
        discussion: """
              reuseformer extract bert/tf_model.h5 -o tensors.npz
              python3 -c "import numpy; print(*numpy.load('tensors.npz'), sep='\\n')"

            Names, orientation and element types stay those of the file; bfloat16, which NumPy does not know, becomes \
            float32. Of a folder, all weight files are read.
            """)

    @Argument(
        help: ArgumentHelp(
            "An HDF5 or safetensors file, a .keras archive, or a folder with a checkpoint.", valueName: "file-or-folder"
        ),
        completion: .file())
    var path: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The .npz to write.", valueName: "file"), completion: .file())
    var output: String

    @Flag(help: "Leave out tensors whose element type is not read, and name them; without it they are an error.")
    var skipUnreadable = false

    @OptionGroup var force: ForceOption
    @OptionGroup var quiet: QuietOption

    func run() throws {
        quiet.apply()
        try OutputFile.check(output, as: .arrays, force: force.force)
        let listing = try Checkpoint.tensors(at: path, options: LoadingOptions(hdf5: try .ofEnvironment()))
        if !listing.omitted.isEmpty, !skipUnreadable {
            throw FileError(
                .corrupt, path: path, listing.omitted, remedy: "--skip-unreadable extracts the others")
        }
        var notes = listing.omitted + listing.notes
        try OutputFile.produce(output) { temporary in
            var archive = try NumPyArchiveWriter(path: temporary)
            for stored in listing.tensors {
                let tensor = try stored.read()
                if tensor.dtype.isFloatingPoint, tensor.withFloats({ $0.contains { !$0.isFinite } }) {
                    notes.append("\(path): \(stored.path): holds values that are not finite")
                }
                try archive.append(tensor, named: stored.name)
            }
            try archive.close()
        }
        for note in notes.prefix(20) { Terminal.note("reuseformer: note: " + Terminal.escaped(note)) }
        if notes.count > 20 { Terminal.note("reuseformer: note: and \(notes.count - 20) more") }
        Terminal.noteWritten(output, "\(listing.tensors.count) tensors")
    }
}
