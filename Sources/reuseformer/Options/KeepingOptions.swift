import ArgumentParser
import Foundation
import ReuseTransformers

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

/// The part of a process in a conversion that several make together.
struct RoundsOptions: ParsableArguments {
    @Option(
        name: .customLong("rounds"),
        help: ArgumentHelp(
            "Convert together with other processes, by what is kept in this folder.",
            discussion: "All of them see it, on one machine or many. The result is the same, to the bit.",
            valueName: "folder"),
        completion: .directory)
    var path: String?

    @Option(
        help: ArgumentHelp("Which of the processes this one is: 1/2, 2/2.", valueName: "i/n"))
    var worker: AnalysisShard?

    /// The folder, and the place; `nil`: the process is alone.
    var rounds: ConversionRounds? {
        guard let path, let worker else { return nil }
        return ConversionRounds(in: URL(fileURLWithPath: path), worker: worker)
    }

    func validate() throws {
        if path?.isEmpty == true { throw ValidationError("--rounds needs the name of a folder.") }
        if (path == nil) != (worker == nil) { throw ValidationError("--rounds and --worker belong together.") }
    }
}

/// Whether it is only said what work would take.
struct DryRunOption: ParsableArguments {
    @Flag(help: "Read model and data, say what time, memory and disk the work will take here, and do nothing.")
    var dryRun = false
}
