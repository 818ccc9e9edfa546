import Foundation
import TestSupport
import Testing

/// The fixture's encoder analysed, planned and converted once: what the other tests look at.
struct Converted: Sendable {
    private let folder = Scratch()
    let outcome: Command.Outcome

    var analysis: String { folder("analysis.json") }
    var plan: String { folder("plan.json") }
    var model: String { folder("small.reuse.h5") }
    var report: String { folder("report.html") }

    /// Little calibration: these tests are about the command, not about quality, and run in debug builds too.
    let calibration: [String]
    /// A few texts that nothing was fitted on.
    let heldOut: String

    static let shared = Result { try Converted() }

    private init() throws {
        let calibration = try folder.lines(40, of: Command.fixture + "/calibration.txt", as: "calibration.txt")
        heldOut = try folder.lines(8, of: Command.fixture + "/heldout.txt", as: "heldout.txt")
        self.calibration = ["--calibration", calibration, "--max-length", "24"]
        let analyzed = try Command.Running(
            ["analyze", Command.fixture, "-o", folder("analysis.json")] + self.calibration
        ).wait()
        try #require(analyzed.status == 0, "\(analyzed.errors)")
        let planned = try Command.run("plan", folder("analysis.json"), "--budget", "1/3", "-o", folder("plan.json"))
        try #require(planned.status == 0, "\(planned.errors)")
        outcome = try Command.Running(
            [
                "convert", Command.fixture, "--budget", "1/3", "--analysis", folder("analysis.json"), "--report",
                folder("report.html"), "-o", folder("small.reuse.h5"),
            ] + self.calibration
        ).wait()
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    /// Keeps a document where scripts/check-schemas looks for those that tests made.
    static func keep(_ contents: String, as name: String) throws {
        let folder = Command.root.appending(path: ".build/documents")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try contents.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
}
