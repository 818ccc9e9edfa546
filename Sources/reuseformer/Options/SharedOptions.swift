import ArgumentParser
import Checkpoints
import Foundation
import Files
import Inputs
import ReuseTransformers
import Runtime

/// The model that a command is about.
struct ModelArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A folder with weights, configuration and tokenizer, a weights file, or a .reuse.h5 file.",
            valueName: "model"),
        completion: .file())
    var model: String
}

/// How a checkpoint is to be understood. A `.reuse.h5` tells everything itself: nothing of this applies to it.
struct CheckpointOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take the checkpoint for this architecture: a built-in name, or a JSON file that describes one.",
            discussion: "Without it, the configuration and the names of the tensors decide.",
            valueName: "name-or-file"),
        completion: .file(extensions: ["json"]))
    var architecture: String?

    @Option(
        help: ArgumentHelp(
            "The configuration, where it is not beside the weights: a JSON file, a .keras, or a full .h5.",
            valueName: "file"),
        completion: .file())
    var config: String?

    @Flag(
        help: ArgumentHelp(
            "Take 0 for biases and 1 for norm scales that the checkpoint lacks; each is named.",
            discussion: "Matrices and tables are never made up."))
    var allowMissing = false

    @Option(
        name: .customLong("ignore-config"),
        help: ArgumentHelp(
            "Read the model as if a key of its configuration were not there. May be repeated.",
            discussion: "A key that could change the outputs and is not handled is an error: this is your word that it "
                + "does not.",
            valueName: "key"))
    var ignoredSettings: [String] = []
    @OptionGroup var claims: ClaimOptions

    /// The same for the reader.
    ///
    /// - Throws: When the environment names limits that do not exist.
    func options() throws -> LoadingOptions {
        var options = LoadingOptions(
            architecture: architecture, config: config, allowsMissing: allowMissing,
            ignoredSettings: Set(ignoredSettings), hdf5: try .ofEnvironment())
        options.assumptions = try claims.assumptions()
        options.reference = claims.reference
        return options
    }

    /// Refuses models that are not there, or files of other programs, before the first of them is read.
    func checkPaths(_ paths: [String]) throws {
        // Reading it says what to do about it.
        for path in paths where PathKind(path) == .nothing || isForeign(path) { _ = try model(at: path) }
    }

    private func isForeign(_ path: String) -> Bool {
        guard PathKind(path) == .file, !PathKind.isSpecial(path), let file = try? MappedFile(path: path) else {
            return false
        }
        return FileContent(file).isForeign
    }

    /// Reads a model; what was assumed about it is noted on standard error.
    func model(at path: String) throws -> TransformerModel {
        let options = try options()
        let model = try TransformerModel(path: path, options: options)
        if options.reference != nil || !options.assumptions.isEmpty,
            try Checkpoint.isReuseFile(at: path, options: options)
        {
            Terminal.note(
                "reuseformer: note: \(Terminal.escaped(path)): says everything itself; --assume and --reference are "
                    + "for the checkpoint that it was made of")
        }
        for assumption in model.assumptions + model.notes {
            Terminal.note("reuseformer: note: \(Terminal.escaped(path)): \(assumption)")
        }
        return model
    }
}

/// What help says once for all commands.
enum SharedHelp {
    /// The options of `CheckpointOptions`, which only `inspect` lists.
    static let reading =
        "How a checkpoint is read (--architecture, --config, --allow-missing, --ignore-config, --assume, --reference): "
        + "see `reuseformer inspect --help`."
}

/// Where the result is drawn.
struct ReportOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("Where to write a report to open in a browser.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var report: String?
}

/// Whether progress is shown.
struct QuietOption: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Show no progress and not what was written; warnings and errors remain.")
    var quiet = false

    /// Makes it so. Called first in `run()`.
    func apply() { Terminal.isQuiet = quiet }
}

/// Whether existing files may go.
struct ForceOption: ParsableArguments {
    @Flag(help: "Overwrite output files that exist already.")
    var force = false
}

/// Whether the result is for a program.
struct JSONOption: ParsableArguments {
    @Flag(help: "Print one JSON document on standard output instead of text.")
    var json = false
}

/// How many threads work. The result never depends on it.
struct ThreadsOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("Threads to use (default: one a core). Results do not depend on it.", valueName: "count"))
    var threads: Int?

    /// The number to use.
    var count: Int { Self.count(threads) }

    static func count(_ threads: Int?) -> Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

    /// What all models of the command are run with.
    ///
    /// - Parameters:
    ///   - memory: Bytes that they may take.
    ///   - path: A file that is written: what has no room goes beside it.
    func resources(memory: MemoryOption? = nil, beside path: String? = nil) throws -> ComputeResources {
        // Threads meet at each step: hundreds on a few cores take minutes for what a few do in a second.
        let most = 4 * ProcessInfo.processInfo.activeProcessorCount
        return ComputeResources(
            threads: threads.map { min($0, most) }, instructions: InstructionSet(try Self.kernels()),
            memory: memory?.memory?.bytes, folder: path.map { URL(fileURLWithPath: $0).deletingLastPathComponent() })
    }

    /// The instruction set that `REUSEFORMER_ISA` names, else the best that this CPU has: the one place that reads it.
    static func kernels() throws -> KernelSet {
        let variable = "REUSEFORMER_ISA"
        guard let name = ProcessInfo.processInfo.environment[variable] else { return .best }
        do { return try KernelSet(named: name) } catch { throw CommandError.usage("\(variable): \(error)") }
    }

    func validate() throws {
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads must be between 1 and 256, not \(threads).")
        }
    }
}
