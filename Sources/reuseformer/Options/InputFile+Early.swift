import Foundation
import Inputs
import ReuseTransformers

/// What can be known of a command's data before a model is read.
extension InputFile {
    /// What a file holds that texts, labels or scores are read from.
    enum Use: Sendable {
        /// Texts, or whatever the model reads instead: pictures, arrays.
        case items
        /// Arrays only.
        case arrays
        case texts, labels, labelledTexts, scoredPairs

        fileprivate var contents: TableColumns.Contents {
            switch self {
            // Whether a model reads two texts it says itself, later.
            case .items, .arrays, .texts: .texts(atMost: 2)
            case .labels: .labels
            case .labelledTexts: .labelledTexts
            case .scoredPairs: .scoredPairs
            }
        }
    }

    /// Refuses what cannot be read whatever the model is: a path that leads nowhere, a table whose column is not named
    /// or not there, a file of another program.
    ///
    /// Standard input and pipes are left alone: what is read of them is gone.
    static func checkEarly(_ path: String, as use: Use, _ columns: TextColumns) throws(TransformerError) {
        if path == TextBytes.standardInput { return }
        if PathKind(path) != .folder || use != .items { try check(path) }
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let type = try? FileManager.default.attributesOfItem(atPath: file)[.type] as? FileAttributeType
        guard type == .typeRegular, use != .arrays, !path.hasSuffix(".npz") else { return }
        try TransformerError.mapping {
            _ = try TextRecords(path: path, columns: columns.columns, contents: use.contents)
        }
    }
}
