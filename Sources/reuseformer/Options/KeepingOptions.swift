import ArgumentParser
import Foundation

/// Where long work keeps what it has done.
struct KeepingOptions: ParsableArguments {
    @Option(
        name: .customLong("resume"),
        help: ArgumentHelp(
            "Keep what is done in this folder, and go on from what an interrupted run has left there.",
            discussion: "The result is the same, to the bit. What is kept of other inputs is refused.",
            valueName: "folder"),
        completion: .directory)
    var path: String?

    /// The folder.
    var folder: URL? { path.map { URL(fileURLWithPath: $0) } }

    func validate() throws {
        if path?.isEmpty == true { throw ValidationError("--resume needs the name of a folder.") }
    }
}

/// Whether it is only said what work would take.
struct DryRunOption: ParsableArguments {
    @Flag(help: "Read model and data, say what time, memory and disk the work will take here, and do nothing.")
    var dryRun = false
}
