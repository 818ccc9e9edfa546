import ArgumentParser
import ReuseTransformers

/// How many bits the converted model's matrices have.
struct PrecisionOptions: ParsableArguments {
    /// What products compute with.
    enum Precision: String, ExpressibleByArgument, CaseIterable {
        case f32, bf16, int8, auto
    }

    /// What weights alone are stored in.
    enum Weights: String, ExpressibleByArgument, CaseIterable {
        case int8, int4
    }

    @Option(
        help: ArgumentHelp(
            "Bits of matrices and of what they multiply: f32, bf16, int8, or auto (int8 but for what hurts).",
            discussion: "Alone it is a conversion too, without --budget."))
    var precision: Precision = .f32

    @Option(help: "Bits of the weights alone, for decoding: int8 or int4.")
    var weights: Weights?

    @Option(
        help: ArgumentHelp("With --weights: how many inputs share a scale, 32 or 64.", valueName: "count"))
    var group: Int?

    mutating func validate() throws {
        if weights != nil, precision != .f32 { throw ValidationError("Give either --precision or --weights.") }
        guard let group else { return }
        if weights == nil { throw ValidationError("--group goes with --weights.") }
        if group != 32, group != 64 { throw ValidationError("--group is 32 or 64, not \(group).") }
    }

    /// What the converter shall make of the matrices.
    var wanted: ConversionPrecision {
        switch (weights, precision) {
        case (.int8, _): .int8Weights(group: group)
        case (.int4, _): .int4Weights(group: group ?? 32)
        case (nil, .f32): .float32
        case (nil, .bf16): .bfloat16
        case (nil, .int8): .int8
        case (nil, .auto): .automatic
        }
    }

    /// Whether data are needed.
    var needsData: Bool { wanted == .automatic || weights == .int4 }
}
