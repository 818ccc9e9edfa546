import ArgumentParser
import Reporting
import ReuseTransformers

/// Whether a README.md for a model hub is written beside the model.
struct ModelCardOptions: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Write README.md beside the model: metadata for hubs, what was measured, and the commands that give it."))
    var modelCard = false

    @Option(
        help: ArgumentHelp("With --model-card: OWNER/NAME of the source on a hub.", valueName: "name"))
    var baseModel: String?

    /// - Parameter isMeasured: Whether there are data to measure on: a card without figures says nothing.
    func check(isMeasured: Bool, output: String) throws {
        if baseModel != nil, !modelCard { throw ValidationError("--base-model is for --model-card: give both.") }
        if modelCard, !isMeasured {
            throw ValidationError("--model-card says what was measured: give --calibration.")
        }
        guard let baseModel else { return }
        let parts = baseModel.split(separator: "/", omittingEmptySubsequences: false)
        let isName =
            parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".")
                    && part.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                            UInt8(ascii: "."):
                            true
                        default: false
                        }
                    }
            }
        if !isName { throw ValidationError("--base-model is OWNER/NAME as on a hub, not \"\(baseModel)\".") }
    }

    /// Where the card goes; `nil` where none was asked for.
    func path(beside output: String) -> String? {
        guard modelCard else { return nil }
        let name = output.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        return output.dropLast(name.count) + "README.md"
    }

    /// Writes it, where it was asked for.
    func write(_ page: ReportPage, beside output: String) throws {
        guard let path = path(beside: output), let card = ModelCard(page, baseModel: baseModel) else { return }
        try OutputFile.write(Array(card.markdown(version: Version.text).utf8), to: path)
        Terminal.noteWritten(path)
        if baseModel == nil {
            Terminal.note("reuseformer: note: the card names no base model: give --base-model OWNER/NAME")
        }
    }
}
