import ModelGraph
import Rewriting
import Runtime

/// The rows that the matrices of a stream are given: by the model in 32 bits, and by what is quantised of it so far.
struct StreamRows {
    private let unit: QuantizationUnit
    private let reference: BegunModel
    private let current: BegunModel
    let chunks: [Range<Int>]
    private let workers: CancellableWorkers

    /// Rows that are held at a time.
    private static let chunkTokens = 4096
    /// Every n-th sequence chooses.
    private static let heldOutEvery = 8

    init(
        _ unit: QuantizationUnit, reference: Model, current: Model, _ activations: StreamActivations,
        resources: ExecutionResources
    ) throws(AnalysisError) {
        self.unit = unit
        workers = CancellableWorkers(resources)
        var observation = Observation(values: [])
        switch unit.input {
        case .context: observation.contexts = [unit.node]
        case .value(let name): observation.values = [name]
        case .none: break
        }
        self.reference = try activations.reference.begun(reference, observing: observation, resources: resources)
        self.current = try activations.current.begun(current, observing: observation, resources: resources)
        chunks = activations.reference.sequences.batches(rows: Self.chunkTokens, by: .reaching)
    }

    /// Rows of some sequences.
    struct Part {
        /// What the model in 32 bits gives the product.
        let wanted: RowBuffer
        /// What the quantised one gives it.
        let given: RowBuffer
        /// Rows of sequences that fit, and of those that choose.
        let fitting: [Range<Int>]
        let choosing: [Range<Int>]
    }

    /// The rows of a chunk; `nil` where the model gives none.
    func part(_ index: Int) throws(AnalysisError) -> Part? {
        let chunk = chunks[index]
        guard let (wanted, ranges) = try rows(of: reference, chunk), let (given, _) = try rows(of: current, chunk),
            wanted.rows == given.rows, wanted.columns == given.columns, wanted.rows > 0
        else { return nil }
        func chooses(_ index: Int) -> Bool {
            (chunk.lowerBound + index) % Self.heldOutEvery == Self.heldOutEvery - 1
        }
        return Part(
            wanted: wanted, given: given, fitting: ranges.indices.filter { !chooses($0) }.map { ranges[$0] },
            choosing: ranges.indices.filter(chooses).map { ranges[$0] })
    }

    private func rows(
        of model: BegunModel, _ part: Range<Int>
    ) throws(AnalysisError) -> (RowBuffer, [Range<Int>])? {
        switch unit.input {
        case .none: return nil
        case .context:
            let rows = try model.collect(part, contexts: [unit.node])
            return rows.contexts[unit.node].map { ($0, rows.ranges(of: unit.node)) }
        case .value(let name):
            let rows = try model.collect(part, values: [name])
            return rows.values[name].map { ($0, rows.ranges(of: name)) }
        }
    }
}
