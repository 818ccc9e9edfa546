import Analysis
import ArgumentParser
import ModelGraph
import ReuseTransformers

/// The texts that stand for the data a model will meet.
struct CalibrationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Data like those that the model will meet. May be repeated.",
            discussion: """
                Texts: UTF-8, one a line, or a table with --column; for encoder–decoders source<TAB>target, where a \
                missing target is answered by the model itself; a folder of PNG or JPEG files; an .npz with the \
                model's own inputs. A few thousand sentences are plenty. They never leave this machine.
                """, valueName: "path"),
        completion: .file())
    var calibration: [String] = []

    @Option(
        help: ArgumentHelp(
            "Tokens to learn from and choose with at most; of larger files a part is drawn, always the same one.",
            valueName: "count"))
    var calibrationTokens = 48_000

    @Option(
        help: ArgumentHelp(
            "Data that judge the result and are used for nothing else. Without it a tenth of the calibration data is "
                + "kept back.", valueName: "path"),
        completion: .file())
    var judge: String?

    @Option(help: ArgumentHelp("Longest text in tokens; longer ones are cut.", valueName: "count"))
    var maxLength = 128

    @OptionGroup var tables: TableOptions
    @OptionGroup var pooling: PoolingOption

    func validate() throws {
        if calibrationTokens < 1 { throw ValidationError("--calibration-tokens must be positive.") }
        if judge != nil, calibration.isEmpty {
            throw ValidationError("--judge is about what was learned from --calibration: give both.")
        }
        if pooling.pooling != nil, calibration.isEmpty {
            throw ValidationError("--pool is about what is measured on --calibration: give both.")
        }
        if maxLength < 4 { throw ValidationError("--max-length must be at least 4 tokens.") }
    }

    /// The data, to be read when the model is known.
    var data: CalibrationData {
        let data = CalibrationData.paths(
            calibration, tokens: calibrationTokens, maximumTokens: maxLength, columns: tables.columns())
        return judge.map { data.judged(onPath: $0) } ?? data
    }
}

/// What a plan may do.
struct PlanningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What may be given up, comma-separated: reuse, blend, static, drop, linear, neurons, ranks, hard, tokens.",
            discussion: """
                What stands in for a head's own map: reuse: one earlier map as it is; blend: a weighted sum of earlier \
                maps; static: fixed patterns such as “the previous token”; drop: nothing; linear: one matrix, for all \
                heads of a layer. neurons: those of feed-forward parts, the rest refitted; they save no maps. ranks: \
                narrower queries and keys, fitted to what they compare. hard: heads that look at one key only; analyze \
                measures them where they are named. tokens: the most alike ones of each picture are merged; alone or \
                with neurons. Without this option reuse,blend,static, and for budgets on arithmetic and bytes neurons \
                and ranks as well.
                """, valueName: "moves"))
    var allow: String?

    @Option(help: ArgumentHelp("How many heads are replaced at a time: head or layer.", valueName: "unit"))
    var granularity: ReuseGranularity = .head

    @OptionGroup var layers: LayerOptions

    func validate() throws { _ = try moves() }

    func moves() throws -> ReuseMoves? {
        guard let allow else { return nil }
        var moves: ReuseMoves = []
        for name in allow.split(separator: ",", omittingEmptySubsequences: false) {
            switch name {
            case "reuse": moves.insert(.reuse)
            case "blend": moves.insert(.blend)
            case "static": moves.insert(.pattern)
            case "drop": moves.insert(.drop)
            case "linear": moves.insert(.linear)
            case "neurons": moves.insert(.neurons)
            case "ranks": moves.insert(.ranks)
            case "hard": moves.insert(.hard)
            case "tokens": moves.insert(.tokens)
            default:
                throw ValidationError(
                    "--allow knows reuse, blend, static, drop, linear, neurons, ranks, hard and tokens, not "
                        + "\"\(name)\".")
            }
        }
        return moves
    }
}

extension PlanningOptions {
    /// Savings against damage, of the plans that a budget's kind makes and of each kind of move alone.
    func curve(of analysis: ModelAnalysis, budget: Budget? = nil, graph: CheckedGraph? = nil) throws -> PlanCurve {
        var curve = try PlanCurve(
            analysis.planner(moves(), granularity, layers.selection, budget: budget, graph: graph))
        let work = try Budget("macs:0%@\(curve.tokens)")
        curve.comparison = try MoveComparison(
            analysis.planner(moves(), granularity, layers.selection, budget: work, graph: graph))
        return curve
    }
}

extension ReuseGranularity: ExpressibleByArgument {}
