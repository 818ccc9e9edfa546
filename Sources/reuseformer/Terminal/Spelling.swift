/// Spellings that a command line may have besides those that help shows: words of earlier versions, and words that
/// other commands use for the same thing.
enum Spelling {
    /// Options of each command under other names; a name that is empty stands for a positional argument.
    private static let options: [String: [String: String]] = [
        "inspect": model, "analyze": calibration.merging(model) { $1 }, "extract": model,
        "plan": calibration.merging(["--checkpoint": "--model", "--analysis": ""]) { $1 },
        "validate": ["--checkpoint": "--model", "--plan": ""],
        "convert": calibration.merging(model) { $1 },
        "verify": ["--texts": "--data"],
        "eval": ["--data": "--texts", "--labels": "--labelled", "--model": "", "--checkpoint": ""],
        "run": ["--data": "--texts", "--model": "", "--checkpoint": ""],
        "bench": model,
    ]

    /// Where the model is the first argument.
    private static let model = ["--model": "", "--checkpoint": ""]
    /// Where data are what is learned from.
    private static let calibration = ["--data": "--calibration", "--texts": "--calibration"]

    /// A command line in the words of today.
    static func current(_ arguments: [String]) -> [String] {
        guard let command = arguments.first else { return arguments }
        if command == "-V" { return ["--version"] + arguments.dropFirst() }
        guard let options = options[command] else { return arguments }
        var result = [command]
        var isOpen = true
        for argument in arguments.dropFirst() {
            if argument == "--" { isOpen = false }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard isOpen, let name = parts.first, let word = options[name] else {
                result.append(argument)
                continue
            }
            if word.isEmpty {
                result += parts.dropFirst()
            } else {
                result.append(([word] + parts.dropFirst()).joined(separator: "="))
            }
        }
        return result
    }
}
