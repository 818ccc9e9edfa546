import ArgumentParser
import Foundation

/// The model that a command is about.
struct ModelArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A folder with tf_model.h5 (or its shards), config.json and tokenizer files, or a .reuse.h5 file.",
            valueName: "model"),
        completion: .file())
    var model: String
}

/// How the checkpoint is to be understood.
struct ArchitectureOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take the checkpoint for this architecture: a built-in name, or a JSON file that describes one.",
            discussion: "Without it, the configuration and the names of the tensors decide.",
            valueName: "name-or-file"),
        completion: .file(extensions: ["json"]))
    var architecture: String?
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

    func validate() throws {
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads must be between 1 and 256, not \(threads).")
        }
    }
}
