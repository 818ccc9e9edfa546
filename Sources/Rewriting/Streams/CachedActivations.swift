import ModelGraph
import Plans
import Runtime
import Tensors

/// Values that a model computes of some sequences, kept for runs of models that differ from it only behind them.
///
/// What such a run gives is, bit for bit, what a run of the whole model gives: rows do not depend on what stands beside
/// them. Where values cannot be kept (masks told by values, merged tokens, exits), and for sequences beyond the limit
/// on memory, whole models run.
package struct CachedActivations: Sendable {
    /// Rows that are computed at a time.
    private static let chunkTokens = 4096

    package let sequences: [ModelInput]
    private let model: Model
    /// Values that are kept.
    private let names: Set<String>
    /// The first sequences with the values as inputs, as many as the limit allows.
    private var kept: [ModelInput] = []

    /// - Parameters:
    ///   - names: Values of the model.
    ///   - limit: Bytes that the values may take.
    ///   - earlier: Activations of the same sequences, of this model or of one that it was made of: what still holds is
    ///     taken over, and the rest computed from there.
    /// - Throws: When the model cannot be run; `AnalysisError.cancelled`.
    package init(
        of model: Model, _ names: Set<String>, sequences: [ModelInput], keeping limit: Int,
        from earlier: CachedActivations? = nil, resources: ExecutionResources
    ) throws(AnalysisError) {
        self.sequences = sequences
        self.model = model
        let shapes = model.graph.shapes
        let canBegin = model.graph.canBegin && sequences.allSatisfy(\.isWhole)
        let names = canBegin ? names.intersection(shapes.keys) : []
        self.names = names
        guard !names.isEmpty else { return }
        let held = earlier?.holding(for: model).intersection(names) ?? []
        let missing = names.subtracting(held).sorted()
        let beginning = earlier ?? CachedActivations(nothingOf: model, sequences)
        let runs =
            missing.isEmpty
            ? nil : try beginning.begun(model, observing: Observation(values: Set(missing)), resources: resources)
        var bytes = 0
        for chunk in sequences.batches(rows: Self.chunkTokens, by: .reaching) {
            guard held.isEmpty || chunk.upperBound <= beginning.kept.count else { return }
            let rows = try runs?.collect(chunk, values: missing)
            for (number, index) in chunk.enumerated() {
                var sequence = sequences[index]
                for name in held { sequence.arrays[name] = beginning.kept[index].arrays[name] }
                for name in missing { sequence.arrays[name] = rows?.array(of: name, sequence: number) }
                bytes += names.reduce(0) { $0 + (sequence.arrays[$1]?.numbers.count ?? 0) * MemoryLayout<Float>.stride }
                guard bytes <= limit else { return }
                kept.append(sequence)
            }
        }
    }

    /// Nothing is kept: whole models run.
    package init(nothingOf model: Model, _ sequences: [ModelInput]) {
        self.model = model
        self.sequences = sequences
        names = []
    }

    /// Whether a value is kept of all sequences.
    func keepsAll(of name: String) -> Bool { names.contains(name) && kept.count == sequences.count }

    /// Rows of a value that is kept, of some of the sequences; a copy.
    func rows(of name: String, _ range: Range<Int>) -> RowBuffer? {
        let arrays = kept[range].compactMap { $0.arrays[name] }
        guard arrays.count == range.count, let columns = arrays.first?.columns else { return nil }
        let result = RowBuffer(rows: arrays.reduce(0) { $0 + $1.rows }, columns: columns)
        var start = 0
        for array in arrays {
            result.copy(array.numbers, to: start)
            start += array.rows
        }
        return result
    }

    /// Those of the kept values that another model computes as well.
    private func holding(for other: Model) -> Set<String> {
        guard !kept.isEmpty, other.graph.canBegin, other.graph.inputs == model.graph.inputs,
            other.graph.inputLayouts == model.graph.inputLayouts
        else { return [] }
        return names.intersection(other.graph.shapes.keys)
            .subtracting(other.graph.dependents(of: other.nodesChanged(since: model)))
    }

    /// A model made ready to run on the sequences, from the kept values on as far as they go.
    ///
    /// - Throws: When the model cannot be run.
    package func begun(
        _ other: Model, observing observation: Observation, resources: ExecutionResources
    ) throws(AnalysisError) -> BegunModel {
        let targets = observation.values.union(observation.contexts).union(observation.maps)
        let known = holding(for: other)
        var part: CompiledModel?
        if !known.isEmpty, let model = other.part(making: targets, from: known) {
            // Where a part cannot be compiled the whole model says why.
            part = try? model.compiled(resources: resources, observing: observation)
            try CancellableWorkers(resources).check()
        }
        let whole =
            part != nil && kept.count == sequences.count
            ? nil : try other.compiled(resources: resources, observing: observation)
        return BegunModel(sequences: sequences, kept: part == nil ? [] : kept, part: part, whole: whole)
    }
}

/// A model that runs from kept values on where there are some, and from its inputs on elsewhere.
package struct BegunModel: Sendable {
    private let sequences: [ModelInput]
    private let kept: [ModelInput]
    /// What stands behind the kept values, and the model as it is: at least one is there.
    private let part, whole: CompiledModel?

    /// Whether all sequences run from kept values on.
    package var isPart: Bool { whole == nil }

    fileprivate init(sequences: [ModelInput], kept: [ModelInput], part: CompiledModel?, whole: CompiledModel?) {
        self.sequences = sequences
        self.kept = kept
        self.part = part
        self.whole = whole
    }

    /// Rows of observed values and contexts of some of the sequences (`CompiledModel.collect`).
    package func collect(
        _ range: Range<Int>, values: [String] = [], contexts: [String] = []
    ) throws(AnalysisError) -> CollectedRows {
        if let part, range.upperBound <= kept.count {
            return try part.collect(Array(kept[range]), values: values, contexts: contexts)
        }
        guard let whole else { throw .runtime(.unknownValue(values.first ?? contexts.first ?? "")) }
        return try whole.collect(Array(sequences[range]), values: values, contexts: contexts)
    }

    /// One vector a sequence, of all sequences, divided by its length (`CompiledModel.vectors`).
    func vectors(of value: String) throws(AnalysisError) -> [Tensor] {
        var result: [Tensor] = []
        do {
            if let part {
                result.append(try part.vectors(of: value, for: kept, pooling: .mean, normalize: true))
            }
            if let whole {
                let others = Array(sequences.dropFirst(kept.count))
                result.append(try whole.vectors(of: value, for: others, pooling: .mean, normalize: true))
            }
        } catch { throw AnalysisError(error) }
        return result
    }
}

extension CheckedGraph {
    /// Whether runs may begin at a value: every row there is a row of the whole, and nothing looks at more than a
    /// sequence.
    fileprivate var canBegin: Bool {
        rowMasks.isEmpty && graph.exits.isEmpty && graph.firstMatching == nil
            && !graph.nodes.contains(where: \.isOfBatches)
    }
}

extension ModelInput {
    /// Whether no mask hides anything.
    fileprivate var isWhole: Bool { mask.allSatisfy(\.self) && arrays.values.allSatisfy { $0.mask.allSatisfy(\.self) } }
}

extension CollectedRows {
    /// One sequence's rows of a value.
    fileprivate func array(of name: String, sequence: Int) -> InputArray? {
        guard let buffer = values[name] else { return nil }
        let rows = ranges(of: name)[sequence]
        let numbers = UnsafeBufferPointer(
            start: buffer.base + rows.lowerBound * buffer.columns, count: rows.count * buffer.columns)
        return InputArray(rows: rows.count, columns: buffer.columns, numbers: Array(numbers))
    }
}

extension Model {
    /// The part of the model that makes some values, contexts and maps of values that are known, which become inputs;
    /// `nil` where it does not stand alone.
    fileprivate func part(making targets: Set<String>, from known: Set<String>) -> Model? {
        let part = Subgraph(of: graph.graph, making: targets, from: known, reducesOwners: true)
        let outputs = targets.sorted().map { Graph.Output(name: $0, value: $0) }
        guard !part.known.isEmpty, let checked = try? part.graph(in: graph, outputs: outputs) else { return nil }
        var result = self
        result.graph = checked
        for name in part.reduced {
            guard let node = checked.node(named: name), let before = graph.node(named: name)?.attention,
                let after = node.attention, (try? result.cut(node, of: self, from: before, to: after)) != nil
            else { return nil }
        }
        return result
    }

    /// Names of nodes that compute something else than in another model, or with other parameters.
    fileprivate func nodesChanged(since other: Model) -> Set<String> {
        let before = Dictionary(other.graph.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return Set(
            graph.nodes.filter { node in
                guard before[node.name] == node else { return true }
                return parameters(of: node).contains { !isSame(tensors[$0], other.tensors[$0]) }
            }.map(\.name))
    }

    /// Everything that a node is made of, as it is stored.
    private func parameters(of node: Node) -> [ParameterID] {
        let owners = node.ties.values.compactMap { graph.node(named: $0.parameter.node) }
        return ([node] + owners).flatMap { node in node.storedParameters.map { node.parameterID($0.name) } }
    }

    /// Whether two tensors are one in memory.
    private func isSame(_ left: Tensor?, _ right: Tensor?) -> Bool {
        guard let left, let right else { return left == nil && right == nil }
        return left.storage === right.storage && left.byteOffset == right.byteOffset && left.dtype == right.dtype
            && left.shape == right.shape
    }
}
