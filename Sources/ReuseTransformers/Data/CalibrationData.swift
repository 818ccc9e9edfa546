import Foundation
import Rewriting

/// Data like those that a model will meet: what analysis and conversion learn from.
///
/// A few thousand sentences are plenty. They stay in memory and in the process.
public struct CalibrationData: Sendable, Hashable {
    enum Source: Sendable, Hashable {
        case texts([String])
        case paths([String])
    }

    let source: Source
    /// Tokens to use at most; of more a part is drawn, always the same one.
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

    /// Tokens that are used unless said otherwise.
    public static let defaultTokens = 48_000
    /// Longest text in tokens unless said otherwise.
    public static let defaultMaximumTokens = 128

    /// Reads, draws and splits the data.
    func read(
        for model: TransformerModel, _ resources: ComputeResources, _ work: Work
    ) throws(TransformerError) -> (set: CalibrationSet, reader: DataReader) {
        let reader = try DataReader(
            for: model, limit: maximumTokens, pairing: .byTab, columns: columns, resources: resources,
            cancellation: work.cancellation)
        work.truncation.watch(reader)
        let sequences =
            switch source {
            case .texts(let texts): try reader.sequences(ofTexts: texts, drawing: tokens)
            case .paths(let paths): try reader.sequences(of: paths, drawing: tokens)
            }
        return (try TransformerError.mapping { try CalibrationSet(sequences) }, reader)
    }
}
