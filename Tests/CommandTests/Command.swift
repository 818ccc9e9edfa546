import Foundation
import TestSupport
import Testing

/// The built command, run as a process the way a shell does.
struct Command {
    /// How it ended and what it printed.
    struct Outcome: Sendable {
        let status: Int32
        /// Ended by a signal instead of an exit.
        let wasKilled: Bool
        let output: String
        let errors: String

        /// The one line that explains a failure.
        var message: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
    }

    static let root = Repository.root

    static let fixture = root.appending(path: "fixtures/encoder").path

    /// The command beside the tests: built with them, in the same configuration.
    static let executable: URL = {
        let started = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
        let folders = [started] + Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
        let configurations = ["debug", "release"].map { root.appending(path: ".build/\($0)") }
        let places = (folders + configurations).map { $0.appending(path: "reuseformer") }
        return places.first { FileManager.default.isExecutableFile(atPath: $0.path) } ?? places[0]
    }()

    /// A run that has been started and not waited for.
    final class Running {
        let process = Process()
        private let folder = Scratch()

        init(
            _ arguments: [String], environment: [String: String] = [:], executable: URL = Command.executable,
            currentFolder: String? = nil
        ) throws {
            process.executableURL = executable
            process.arguments = arguments
            var all = ProcessInfo.processInfo.environment
            // Help is wrapped to the width of the terminal.
            all["COLUMNS"] = "80"
            all.merge(environment) { $1 }
            process.environment = all
            if let currentFolder { process.currentDirectoryURL = URL(fileURLWithPath: currentFolder) }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = try FileHandle(forWritingTo: folder.file("stdout", contents: ""))
            process.standardError = try FileHandle(forWritingTo: folder.file("stderr", contents: ""))
            try process.run()
        }

        /// What it has said so far.
        func errors() throws -> String { try String(contentsOf: folder.url("stderr"), encoding: .utf8) }

        func wait() throws -> Outcome {
            process.waitUntilExit()
            return Outcome(
                status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
                output: try String(contentsOf: folder.url("stdout"), encoding: .utf8),
                errors: try String(contentsOf: folder.url("stderr"), encoding: .utf8))
        }
    }

    /// Runs the command to its end.
    static func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Outcome {
        try Running(arguments, environment: environment).wait()
    }
}
