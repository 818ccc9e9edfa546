import Inputs
import ModelGraph
import Verification

/// What is right for some items: classes, or of a model that gives numbers the numbers.
package enum TaskLabels {
    case classes([Int])
    case numbers([NumberScores.Labels])

    /// Labels in memory.
    init(_ labels: [String], for model: TransformerModel) throws(TransformerError) {
        self =
            Self.givesNumbers(model)
            ? .numbers(try TransformerError.mapping { try NumberLabels(labels).items })
            : .classes(try ClassLabels(labels, names: model.labels).indices)
    }

    /// Labels of a file.
    init(of path: String, _ columns: TextColumns, for model: TransformerModel) throws(TransformerError) {
        try InputFile.check(path)
        self =
            Self.givesNumbers(model)
            ? .numbers(try TransformerError.mapping { try NumberLabels(path, columns.columns).items })
            : .classes(try ClassLabels(path, columns, names: model.labels).indices)
    }

    /// Texts of a file with their labels.
    package static func texts(
        of path: String, _ columns: TextColumns, for model: TransformerModel
    ) throws(TransformerError) -> (texts: [String], labels: TaskLabels) {
        if givesNumbers(model) {
            let all = try LabelledTexts.allNumbers(of: path, columns)
            return (all.map(\.text), .numbers(all.map { ["": $0.labels] }))
        }
        let all = try LabelledTexts.all(of: path, columns, names: model.labels)
        return (all.map(\.text), .classes(all.map(\.label)))
    }

    /// Items of an `.npz` with what is right: the model's own inputs as `in.<input>`, the numbers as `out` or
    /// `out.<output>`.
    package static func arrays(
        of path: String, for model: TransformerModel
    ) throws(TransformerError) -> (items: [ModelInput], labels: [NumberScores.Labels]) {
        try InputFile.check(path)
        return try TransformerError.mapping {
            let arrays = try ReferenceArrays(path: path)
            let items = try GraphArrays.sequences(from: arrays.inputs, for: model.model.graph)
            let labels = try LabelArrays.items(of: arrays.outputs, path: path)
            guard labels.count == items.count else {
                throw TransformerError(
                    .usage, path: path, "\(labels.count) labels for \(items.count) items; give one an item")
            }
            return (items, labels)
        }
    }

    /// Whether a file holds items and labels as arrays: of a model that gives numbers.
    package static func areArrays(_ path: String, for model: TransformerModel) -> Bool {
        givesNumbers(model) && path.hasSuffix(".npz")
    }

    private static func givesNumbers(_ model: TransformerModel) -> Bool { model.model.graph.use == .numbers }

    /// How far both models are from what is right.
    package func measure(_ study: TaskStudy, on sequences: [ModelInput]) throws(VerificationError) -> [Measurement] {
        switch self {
        case .classes(let indices): [try study.accuracy(of: sequences, labels: indices)]
        case .numbers(let labels): try study.numbers(of: sequences, labels: labels)
        }
    }
}
