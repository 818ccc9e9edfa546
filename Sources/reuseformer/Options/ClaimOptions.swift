import ArgumentParser

/// What the user knows of a model and its files do not say.
struct ClaimOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Say what a class is whose code no file holds: CLASS=NAME, or CLASS.CHOICE=VALUE. May be repeated.",
            discussion: "inspect --explain lists what is open. NAME may be usual: what such a class mostly is.",
            valueName: "key=value"))
    var assume: [String] = []

    @Option(
        help: ArgumentHelp(
            "Inputs and outputs of the model's own framework, .npz: the model has to agree with them.",
            discussion: "Of everything that is open, what agrees is taken. inspect --reference-script prints a script "
                + "that writes the file.",
            valueName: "file"),
        completion: .file(extensions: ["npz"]))
    var reference: String?

    /// By key.
    func assumptions() throws -> [String: String] {
        var result: [String: String] = [:]
        for entry in assume {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw CommandError.usage("--assume takes KEY=VALUE, not \(Terminal.escaped(entry))")
            }
            guard result.updateValue(parts[1], forKey: parts[0]) == nil else {
                throw CommandError.usage("--assume says \(Terminal.escaped(parts[0])) twice")
            }
        }
        return result
    }
}
