import ArgumentParser
import ReuseTransformers

/// How a model writes.
struct GenerationArguments: ParsableArguments {
    @Flag(help: "Continue prompts with a language model, or answer them with an encoder–decoder.")
    var generate = false

    @Option(
        help: ArgumentHelp(
            "What is continued; may be repeated. Without --generate, what stands before each text: a name of the "
                + "model's own prompts, or the prompt itself.", valueName: "text"))
    var prompt: [String] = []

    @Option(
        help: ArgumentHelp(
            "Tokens to add to a text at most (default: what the model's files say, else 128).", valueName: "count"))
    var maxNewTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Draw the next token: below 1 likely ones become likelier, above 1 less so. Without any of these options "
                + "the likeliest token is taken.", valueName: "number"))
    var temperature: Double?

    @Option(help: ArgumentHelp("Draw among so many likeliest tokens.", valueName: "count"))
    var topK: Int?

    @Option(
        help: ArgumentHelp("Draw among the likeliest tokens that together have this probability.", valueName: "share"))
    var topP: Double?

    @Option(
        help: ArgumentHelp(
            "Start of the random numbers (default: 0): the same seed gives the same texts.", valueName: "number"))
    var seed: UInt64?

    func validate() throws {
        do { try options.check() } catch { throw ValidationError(error.description) }
    }

    /// Fails when an option is given that only `--generate` makes use of.
    func refuseAll() throws {
        let given =
            [maxNewTokens == nil, temperature == nil, topK == nil, topP == nil, seed == nil]
        if given.contains(false) {
            throw ValidationError(
                "--max-new-tokens, --temperature, --top-k, --top-p and --seed go with --generate.")
        }
    }

    /// How texts are gone on from.
    var options: TextGenerator.Options {
        TextGenerator.Options(
            maximumNewTokens: maxNewTokens, temperature: temperature, topK: topK, topP: topP, seed: seed)
    }
}
