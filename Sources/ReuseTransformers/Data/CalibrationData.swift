import Foundation
import Inputs
import ModelGraph
import Rewriting

/// Data like those that a model will meet: what analysis and conversion learn from.
///
/// A few thousand sentences are plenty. They stay in memory and in the process.
public struct CalibrationData: Sendable, Hashable {
    enum Source: Sendable, Hashable {
        case texts([String])
        case paths([String])
    }

    /// What the result of a conversion is judged on.
    enum Judging: Sendable, Hashable {
        /// A tenth of the data, which nothing else uses.
        case keptBack
        /// Data of their own.
        case given(Source)
    }

    let source: Source
    /// What judges the result.
    var judging = Judging.keptBack
    /// Tokens to learn from and to choose with, at most; of more a part is drawn, always the same one. A ninth more is
    /// drawn to judge by, unless other data do.
    public var tokens: Int
    /// Longest text in tokens, special tokens included; longer ones are cut.
    public var maximumTokens: Int
    /// Which columns of CSV, TSV and JSON Lines files are read.
    public var columns = TextColumns()

    /// Texts. For an encoder–decoder each is `source<TAB>target`; a missing target is answered by the model itself.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - tokens: Tokens to use at most.
    ///   - maximumTokens: Longest text in tokens.
    public static func texts(
        _ texts: [String], tokens: Int = defaultTokens, maximumTokens: Int = defaultMaximumTokens
    ) -> CalibrationData {
        CalibrationData(source: .texts(texts), tokens: tokens, maximumTokens: maximumTokens)
    }

    /// Files: texts in UTF-8, one a line, or in the columns of tables that `columns` names; folders of PNG or JPEG
    /// files; `.npz` archives with the model's own inputs.
    ///
    /// - Parameters:
    ///   - files: Files and folders.
    ///   - tokens: Tokens to use at most.
    ///   - maximumTokens: Longest text in tokens.
    public static func files(
        _ files: [URL], tokens: Int = defaultTokens, maximumTokens: Int = defaultMaximumTokens
    ) -> CalibrationData {
        .paths(files.map(\.path), tokens: tokens, maximumTokens: maximumTokens)
    }

    /// Files and folders by their paths.
    package static func paths(
        _ paths: [String], tokens: Int, maximumTokens: Int, columns: TextColumns = TextColumns()
    ) -> CalibrationData {
        CalibrationData(source: .paths(paths), tokens: tokens, maximumTokens: maximumTokens, columns: columns)
    }

    /// The same data, judged on texts of their own: nothing of these is kept back for it.
    ///
    /// - Parameter texts: Texts of the same kind, none of them among these.
    public func judged(on texts: [String]) -> CalibrationData { judged(.given(.texts(texts))) }

    /// The same data, judged on a file of texts, a folder of pictures, or an `.npz`.
    public func judged(on file: URL) -> CalibrationData { judged(onPath: file.path) }

    /// The same data, judged on a file or folder.
    package func judged(onPath path: String) -> CalibrationData { judged(.given(.paths([path]))) }

    private func judged(_ judging: Judging) -> CalibrationData {
        var result = self
        result.judging = judging
        return result
    }

    /// Tokens that are used unless said otherwise.
    public static let defaultTokens = 48_000
    /// Longest text in tokens unless said otherwise.
    public static let defaultMaximumTokens = 128

    /// Reads, draws and splits the data.
    ///
    /// - Parameter readsJudging: Whether data of their own that judge are read; an analysis only has to know that there
    ///   are some.
    package func read(
        for model: TransformerModel, _ resources: ComputeResources, _ work: Work, readsJudging: Bool = true
    ) throws(TransformerError) -> (set: CalibrationSet, reader: DataReader) {
        let reader = try DataReader(
            for: model, limit: maximumTokens, pairing: .byTab, columns: columns, resources: resources,
            cancellation: work.cancellation)
        work.truncation.watch(reader)
        func sequences(_ source: Source, _ limit: Int) throws(TransformerError) -> [ModelInput] {
            switch source {
            case .texts(let texts): try reader.sequences(ofTexts: texts, drawing: limit, least: CalibrationSet.least)
            case .paths(let paths): try reader.sequences(of: paths, drawing: limit, least: CalibrationSet.least)
            }
        }
        let judges: CalibrationSet.Judging
        switch judging {
        case .keptBack: judges = .keptBack
        case .given(let source):
            // Read first: a name that leads nowhere is told before anything else is.
            if case .paths(let paths) = source {
                for path in paths where PathKind(path) == .nothing { try InputFile.check(path) }
            }
            let given = try readsJudging ? sequences(source, .max) : []
            if readsJudging, !given.contains(where: { $0.visibleCount > 0 }) {
                throw TransformerError(.usage, "the data that should judge hold no text")
            }
            judges = .given(given)
        }
        let wanted = CalibrationSet.drawing(tokens, keepingBack: judges.isKeptBack)
        let drawn = try sequences(source, wanted)
        return (try TransformerError.mapping { try CalibrationSet(drawn, judging: judges) }, reader)
    }
}
