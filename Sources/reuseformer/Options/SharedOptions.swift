import ArgumentParser

/// The model that a command is about.
struct ModelArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A folder with tf_model.h5 (or its shards), config.json and tokenizer files, or a .reuse.h5 file.",
            valueName: "model"),
        completion: .file())
    var model: String
}

/// Where a result goes.
struct ForceOption: ParsableArguments {
    @Flag(help: "Overwrite files that exist already.")
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

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads must be between 1 and 1024, not \(threads).")
        }
    }
}
