import Foundation

/// What two models are compared on. Use none that the model was calibrated on.
public struct VerificationData: Sendable, Hashable {
    enum Items: Sendable, Hashable {
        case texts([String])
        case path(String)
        /// Texts with their class in one file.
        case labelled(String)
    }

    enum Labels: Sendable, Hashable {
        case names([String])
        case path(String)
        /// The label column of the file that the items come from.
        case column
    }

    enum Pairs: Sendable, Hashable {
        case texts([ScoredTexts])
        case path(String)
    }

    var items: Items?
    var labels: Labels?
    var pairs: Pairs?
    /// Whether the items' classes are known.
    var hasLabels: Bool { if case .labelled = items { true } else { labelSource != nil } }
    /// Longest text in tokens, special tokens included; longer ones are cut.
    public var maximumTokens: Int
    /// Which columns of CSV, TSV and JSON Lines files are read. A label column without a file of labels is one of the
    /// items' own file.
    public var columns = TextColumns()

    /// Where the labels of the items come from; `nil` where there are none.
    var labelSource: Labels? {
        if let labels { return labels }
        if columns.label != nil, case .path = items { return .column }
        return nil
    }

    /// Longest text in tokens unless said otherwise.
    public static let defaultMaximumTokens = 512

    /// Texts in memory.
    ///
    /// - Parameters:
    ///   - texts: Held-out texts.
    ///   - labels: The class of each text, by name or number: adds the metric `accuracy`. For a model that gives
    ///     numbers the right ones: adds `mae` and `r2`.
    ///   - pairs: Pairs of texts that people scored: adds the metric `spearman`.
    ///   - maximumTokens: Longest text in tokens.
    public init(
        texts: [String]? = nil, labels: [String]? = nil, pairs: [ScoredTexts]? = nil,
        maximumTokens: Int = defaultMaximumTokens
    ) {
        items = texts.map(Items.texts)
        self.labels = labels.map(Labels.names)
        self.pairs = pairs.map(Pairs.texts)
        self.maximumTokens = maximumTokens
    }

    /// Files.
    ///
    /// - Parameters:
    ///   - file: Texts, one a line; a folder of pictures; or an `.npz` with the model's own inputs.
    ///   - labels: The class of each text, one a line; for a model that gives numbers the right ones, or a `.npy`, or
    ///     an `.npz` with `out` or `out.<output>`.
    ///   - pairs: Score, text and text a line, separated by tabs.
    ///   - maximumTokens: Longest text in tokens.
    public init(
        file: URL?, labels: URL? = nil, pairs: URL? = nil, maximumTokens: Int = defaultMaximumTokens
    ) {
        self.init(path: file?.path, labels: labels?.path, pairs: pairs?.path, maximumTokens: maximumTokens)
    }

    /// Files by their paths.
    package init(
        path: String?, labels: String?, labelled: String? = nil, pairs: String?, maximumTokens: Int,
        columns: TextColumns = TextColumns()
    ) {
        self.columns = columns
        items = labelled.map(Items.labelled) ?? path.map(Items.path)
        self.labels = labels.map(Labels.path)
        self.pairs = pairs.map(Pairs.path)
        self.maximumTokens = maximumTokens
    }
}
