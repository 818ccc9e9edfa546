import ArgumentParser
import ReuseTransformers

/// What memory work may take.
struct MemoryOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What memory to take at most beside mapped files, for models that are larger than it: 6G, 800M.",
            discussion: "Weights are then packed part by part, each time anew: the same results, later.",
            valueName: "size"))
    var memory: ByteCount?

    func validate() throws {
        guard let memory, memory.bytes < ComputeResources.leastMemory else { return }
        throw ValidationError("--memory of less than 256M is too little for anything.")
    }
}

/// Bytes as people write them: `6G`, `1.5G`, `800M`, `4000000`; units are powers of 1024.
struct ByteCount: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let units: [Character: Double] = ["K": 1024, "M": 1_048_576, "G": 1_073_741_824, "T": 1_099_511_627_776]
        var digits = argument.uppercased()[...]
        for ending in ["IB", "B"] where digits.hasSuffix(ending) {
            digits = digits.dropLast(ending.count)
            break
        }
        var factor = 1.0
        if let unit = digits.last.flatMap({ units[$0] }) {
            factor = unit
            digits = digits.dropLast()
        }
        guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let number = Double(digits),
            number > 0, number * factor < 1e18
        else { return nil }
        bytes = Int(number * factor)
    }
}
