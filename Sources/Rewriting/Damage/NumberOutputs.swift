import ModelGraph
import Runtime
import Statistics

/// Numbers that a source model gives, output by output, and how far a rewrite's are from them.
struct NumberOutputs: Sendable {
    /// Rows that are compared at a time.
    private static let chunkRows = 512

    private let values: [String]
    /// By chunk of sequences, by value.
    private let chunks: [[RowBuffer]]

    /// - Parameter values: Observed values with the numbers.
    init(of model: BegunModel, values: [String], sequences: [ModelInput]) throws(AnalysisError) {
        self.values = values
        var chunks: [[RowBuffer]] = []
        for chunk in sequences.batches(rows: Self.chunkRows, by: .reaching) {
            let rows = try model.collect(chunk, values: values)
            chunks.append(values.compactMap { rows.values[$0] })
        }
        self.chunks = chunks
    }

    /// The difference of a rewrite's numbers from the source's.
    func difference(of rewrite: BegunModel, sequences: [ModelInput]) throws(AnalysisError) -> OutputDifference {
        var errors = values.map { _ in NumberErrors() }
        for (number, chunk) in sequences.batches(rows: Self.chunkRows, by: .reaching).enumerated()
        where number < chunks.count {
            let rows = try rewrite.collect(chunk, values: values)
            for (index, value) in values.enumerated() {
                guard chunks[number].indices.contains(index), let other = rows.values[value],
                    other.rows == chunks[number][index].rows, other.columns == chunks[number][index].columns
                else { throw .mismatch("the rewrite's outputs have another shape than the source's") }
                let source = chunks[number][index]
                for row in 0..<source.rows {
                    errors[index].add(source: .init(source.row(row)), other: .init(other.row(row)))
                }
            }
        }
        // Where a source's numbers do not vary, any change of them is all of them.
        let shares = errors.map { $0.unexplained.isNaN ? 1 : $0.unexplained }
        return OutputDifference(numbers: shares.reduce(0, +) / Double(max(shares.count, 1)))
    }
}
