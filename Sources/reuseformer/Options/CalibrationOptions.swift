import Analysis
import ArgumentParser
import Inputs
import ModelGraph

/// The texts that stand for the data a model will meet.
struct CalibrationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Texts like those that the model will meet: UTF-8, one a line. May be repeated.",
            discussion: "A few thousand sentences are plenty. They never leave this machine.", valueName: "file"),
        completion: .file())
    var calibration: [String] = []

    @Option(
        help: ArgumentHelp(
            "Tokens to use at most; of larger files a part is drawn, always the same one.", valueName: "count"))
    var calibrationTokens = 48_000

    @Option(help: ArgumentHelp("Longest text in tokens; longer ones are cut.", valueName: "count"))
    var maxLength = 128

    func validate() throws {
        if calibrationTokens < 1 { throw ValidationError("--calibration-tokens must be positive.") }
        if maxLength < 4 { throw ValidationError("--max-length must be at least 4 tokens.") }
    }

    /// Reads, draws and splits the texts, pictures or whatever the model reads.
    ///
    /// Memory holds what was drawn: files that have more are read twice, once for the lengths of what is in them.
    func texts(for loaded: LoadedModel) throws -> (set: CalibrationSet, reader: TextReader) {
        let reader = try TextReader(for: loaded, limit: maxLength)
        var lengths: [Int32] = []
        var all: [TokenSequence] = []
        var tokens = 0
        for path in calibration {
            try reader.forEachBatch(of: path, size: Self.batchSize) { batch in
                lengths += batch.map { Int32(clamping: $0.visibleCount) }
                tokens += batch.reduce(0) { $0 + $1.visibleCount }
                if tokens <= calibrationTokens { all += batch } else { all = [] }
            }
        }
        guard tokens > calibrationTokens else { return (try CalibrationSet(all), reader) }
        let chosen = Set(TextSampling.drawn(lengths, tokens: calibrationTokens))
        var number = 0
        for path in calibration {
            try reader.forEachBatch(of: path, size: Self.batchSize) { batch in
                for sequence in batch {
                    if chosen.contains(number) { all.append(sequence) }
                    number += 1
                }
            }
        }
        return (try CalibrationSet(all), reader)
    }

    /// Items that are read at a time.
    private static let batchSize = 64
}

/// What a plan may do.
struct PlanningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What may stand in for a head's own map, comma-separated: reuse, blend, static, drop.",
            discussion: """
                reuse: one earlier map as it is; blend: a weighted sum of earlier maps; static: fixed patterns such as \
                “the previous token”; drop: nothing.
                """, valueName: "moves"))
    var allow = "reuse,blend,static"

    @Option(help: ArgumentHelp("What is replaced at a time: head or layer.", valueName: "unit"))
    var granularity: Planner.Granularity = .head

    func validate() throws { _ = try moves() }

    func moves() throws -> Moves {
        var moves: Moves = []
        for name in allow.split(separator: ",", omittingEmptySubsequences: false) {
            switch name {
            case "reuse": moves.insert(.reuse)
            case "blend": moves.insert(.blend)
            case "static": moves.insert(.pattern)
            case "drop": moves.insert(.drop)
            default: throw ValidationError("--allow knows reuse, blend, static and drop, not \"\(name)\".")
            }
        }
        return moves
    }
}

extension Planner.Granularity: ExpressibleByArgument {}
