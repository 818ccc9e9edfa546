/// Options in messages.
///
/// The modules below name them as the command spells them, and the command prints them so. Programs have properties
/// instead: `TransformerError` tells them these.
package enum OptionNames {
    /// The command's spelling, and what a program has for it.
    package static let properties: [(option: String, property: String)] = [
        ("inspect --reference-script", "`reuseformer inspect --reference-script`"),
        ("--reference", "`TransformerModel.Options.reference`"),
        ("--architecture", "`TransformerModel.Options.architecture`"),
        ("--config", "`TransformerModel.Options.configuration`"),
        ("--allow-missing", "`TransformerModel.Options.allowsMissing`"),
        ("--assume", "`TransformerModel.Options.assumptions`"),
        ("--ignore-config", "`TransformerModel.Options.ignoredSettings`"),
        ("--pool", "`TextEmbedder.Options.pooling`"),
        ("--allow", "`ModelConverter.Options.moves`"),
        ("--heal", "`ModelConverter.Options.healing`"),
        ("--unshare", "`ModelConverter.Options.unsharesLayers`"),
        ("--granularity", "`ModelConverter.Options.granularity`"),
        ("--precision", "`ModelConverter.Options.precision`"),
        ("--calibration", "`CalibrationData`"),
        ("--calibration-tokens", "`CalibrationData.tokens`"),
        ("--judge", "`CalibrationData.judged(on:)`"),
        ("--column", "`TextColumns.texts`"),
        ("--label-column", "`TextColumns.label`"),
        ("--score-column", "`TextColumns.score`"),
        ("--format", "`TextColumns.format`"),
        ("--data", "`VerificationData`"),
        ("--labels", "labels of `VerificationData`"),
        ("--labelled", "labels of `VerificationData`"),
        ("--pairs", "pairs of `VerificationData`"),
        ("--timing", "`ModelVerifier.verify(on:gates:timing:)`"),
        ("--fail-on", "a `QualityGate`"),
        ("`analyze --shard`", "`ModelAnalyzer.analyze(calibration:shard:)`"),
        ("--shard", "`AnalysisShard`"),
        ("shards of `--stage maps`", "shards of `ModelAnalyzer.compareMaps(calibration:shard:)`"),
        ("--stage", "`ModelAnalyzer.compareMaps(calibration:shard:)`"),
        ("--answers", "answers"),
        ("--inputs", "arrays"),
    ]

    /// A message in the words of a program.
    package static func inSwift(_ message: String) -> String {
        guard message.contains("--") else { return message }
        var result = ""
        var rest = message[...]
        while !rest.isEmpty {
            guard let (option, property) = properties.first(where: { isNamed($0.option, at: rest) }) else {
                result.append(rest.removeFirst())
                continue
            }
            result += property
            rest = rest.dropFirst(option.count)
        }
        return result
    }

    /// Whether a text starts with an option, not with a longer word.
    private static func isNamed(_ option: String, at text: Substring) -> Bool {
        guard text.hasPrefix(option) else { return false }
        guard let next = text.dropFirst(option.count).first else { return true }
        return !(next.isLetter || next.isNumber || next == "-")
    }
}
