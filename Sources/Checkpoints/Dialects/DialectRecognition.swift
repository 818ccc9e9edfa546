import ArchitectureSpecs
import Platform

/// All dialects. Their order means nothing: the remarks decide.
private let dialects: [any Dialect.Type] = [
    HuggingFaceTF.self, HuggingFaceTFObjects.self, KerasHub.self, KerasListed.self, KerasObjects.self, Safetensors.self,
]

/// How well a dialect fits the files, and why.
package struct DialectMatch: Sendable, Hashable {
    /// Key of the specs' tensor tables: `hf-tf` …
    package let dialect: String
    /// Sum of the remarks' points.
    package let score: Int
    /// What was seen, `+50 the root has layer_names`.
    package let reasons: [String]

    /// Least score that counts as recognised.
    static let threshold = 50
    /// Two dialects that are closer than this are not told apart.
    static let margin = 20
}

extension OpenFiles {
    /// All dialects, best first; equal scores in the order of their names.
    func rankedDialects() throws(FileError) -> [DialectMatch] {
        var matches: [DialectMatch] = []
        for dialect in dialects {
            let remarks = try dialect.remarks(on: self)
            matches.append(DialectMatch(dialect: dialect.name, score: remarks.score, reasons: remarks.reasons))
        }
        return matches.sorted { ($1.score, $0.dialect) < ($0.score, $1.dialect) }
    }

    /// The checkpoint in the dialect that its contents speak for.
    ///
    /// - Throws: With the candidates and their reasons when none fits or two fit alike: never a silent guess.
    func recognized(_ ranking: [DialectMatch]) throws(FileError) -> RecognizedCheckpoint {
        guard let best = ranking.first, best.score >= DialectMatch.threshold,
            let dialect = dialects.first(where: { $0.name == best.dialect })
        else {
            let near = ranking.filter { $0.score > 0 }.prefix(3)
            throw FileError(
                .unsupported, path: folder.path,
                ["the layout of this file is not known"]
                    + near.map { "\($0.dialect) (\($0.score)): \($0.reasons.joined(separator: "; "))" },
                remedy: "known are \(dialects.map { $0.name }.sorted().joined(separator: ", ")) and .reuse.h5 files")
        }
        if let second = ranking.dropFirst().first, second.score > best.score - DialectMatch.margin {
            throw FileError(
                .unsupported, path: folder.path,
                ["the layout could be \(best.dialect) (\(best.score)) or \(second.dialect) (\(second.score))"]
                    + best.reasons + second.reasons,
                remedy: "take files of other tools out of the folder, or name the configuration with --config")
        }
        return try dialect.open(self)
    }
}
