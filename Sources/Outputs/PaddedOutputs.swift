import ModelGraph
import Plans
import Runtime
import Tensors

/// Results of a batch laid out as the frameworks do: padded to the longest sequence, zeros where the mask hides.
package struct PaddedOutputs {
    /// Arrays by the framework's name, in a fixed order.
    package let arrays: [(name: String, tensor: Tensor)]

    /// Runs a batch and lays out what is selected.
    ///
    /// - Parameters:
    ///   - model: The model to compile and run.
    ///   - sequences: The batch; sequences may differ in length.
    ///   - resources: Threads, kernels and cancellation.
    package init(
        of model: Model, for sequences: [ModelInput], selecting selection: OutputSelection,
        resources: ExecutionResources = ExecutionResources()
    ) throws(RuntimeError) {
        let ofTokens: OutputSelection = [.hidden, .attentions]
        if let matching = model.graph.firstMatching, !selection.isDisjoint(with: ofTokens) {
            throw .mergedTokens(selection.contains(.hidden) ? "hidden states" : "attention maps", node: matching.name)
        }
        if selection.contains(.attentions), let reporting = model.reportingMaps {
            // Outputs first: they are what the model gives; then the maps as its framework reports them.
            let outputs = try PaddedOutputs(
                of: model, for: sequences, selecting: selection.subtracting(.attentions), resources: resources)
            let maps = try PaddedOutputs(
                of: reporting, for: sequences, selecting: .attentions, evensEmptyRows: true, resources: resources)
            self.init(outputs.arrays + maps.arrays)
            return
        }
        try self.init(of: model, for: sequences, selecting: selection, evensEmptyRows: false, resources: resources)
    }

    private init(_ arrays: [(name: String, tensor: Tensor)]) { self.arrays = arrays }

    /// - Parameter evensEmptyRows: Whether a query that sees nothing is given equal shares of all keys.
    private init(
        of model: Model, for sequences: [ModelInput], selecting selection: OutputSelection, evensEmptyRows: Bool,
        resources: ExecutionResources
    ) throws(RuntimeError) {
        let graph = model.graph
        let outputs = graph.outputs.filter { selection.contains($0.part) }
        let attentions = selection.contains(.attentions) ? graph.attentionNodes : []
        let stacks = selection.contains(.hidden) ? graph.stacks : []
        let observed = stacks.flatMap(\.values) + outputs.map(\.value)
        let observation = Observation(values: Set(observed), maps: Set(attentions.map(\.name)))
        let compiled = try CompiledModel(model, options: .init(resources: resources, observation: observation))
        let extents = PaddedExtents(
            shapes: graph.shapes, lengths: sequences.map { compiled.lengths(of: $0) })
        // Outputs and the arrays that are made of them stand in memory together.
        try RuntimeError.check(
            2 * extents.byteCount(of: observed, maps: attentions), of: "what is asked for",
            tokens: sequences.map(\.rowEstimate).max() ?? 0)
        let states = stacks.map { stack in
            stack.values.enumerated().map { extents.plane(named: "\(stack.name)_\($0)", of: $1) }
        }
        let planes = outputs.compactMap(extents.plane(of:))
        let chosen = Set(outputs.filter(\.isOfChoices).map(\.name))
        let choices = sequences.choices
        let names = graph.mapNames
        let maps = attentions.map { extents.plane(named: names[$0.name] ?? $0.name, ofMapsOf: $0) }
        do {
            try compiled.run(sequences) { (group: GroupResult) throws(Never) in
                for plane in states.joined() { plane.fill(from: group) }
                for plane in planes { plane.fill(from: group) }
                for map in maps { map.fill(from: group, evensEmptyRows: evensEmptyRows) }
            }
        } catch {
            if case .runtime(let failure) = error { throw failure }
        }
        arrays =
            zip(stacks, states).flatMap { Self.arrays(of: $1, named: $0.name) }
            + planes.map { plane in
                (plane.name, chosen.contains(plane.name) ? plane.tensor.divided(into: choices) : plane.tensor)
            } + maps.map { ($0.name, $0.tensor) }
    }

    /// Hidden states of one shape form one array; of several widths, one array each.
    private static func arrays(of states: [ValuePlane], named name: String) -> [(name: String, tensor: Tensor)] {
        guard let first = states.first, states.allSatisfy({ $0.shape == first.shape }) else {
            return states.map { ($0.name, $0.tensor) }
        }
        let shape = Shape([states.count] + first.shape.extents)
        return [(name, Tensor(states.flatMap(\.buffer.elements), shape: shape))]
    }
}

extension [ModelInput] {
    /// Choices of each item; 1 where sequences stand for themselves.
    fileprivate var choices: Int {
        guard let first = first?.choices, first > 1, allSatisfy({ $0.choices == first }), count.isMultiple(of: first)
        else { return 1 }
        return first
    }
}

extension Tensor {
    /// `[items, choices …]` of `[items · choices …]`.
    fileprivate func divided(into choices: Int) -> Tensor {
        guard choices > 1, let rows = shape.extents.first else { return self }
        return reshaped(Shape([rows / choices, choices] + shape.extents.dropFirst())) ?? self
    }
}

/// Extents of a batch's arrays.
private struct PaddedExtents {
    /// Shapes of the graph's values.
    let shapes: [String: ValueShape]
    /// Rows of each named axis, by sequence.
    let lengths: [[String: Int]]

    /// Rows of the longest sequence along an axis, masked ones included.
    private func longest(_ rows: RowSpace) -> Int { lengths.map { rows.length($0) ?? 0 }.max() ?? 0 }

    private func longestRows(of value: String) -> Int { longest(shapes[value]?.rows ?? .tokens) }

    /// Bytes of the arrays of some values, and of the maps of some nodes.
    func byteCount(of values: [String], maps: [Node]) -> Double {
        let batch = Double(lengths.count)
        let floats =
            values.reduce(0) { $0 + batch * Double(longestRows(of: $1)) * Double(shapes[$1]?.width ?? 0) }
            + maps.reduce(0) { total, node in
                let heads = Double(node.attention?.heads.count ?? 0)
                let pairs = Double(longestRows(of: node.name)) * Double(longestRows(of: memory(node)))
                return total + batch * heads * pairs
            }
        return floats * Double(MemoryLayout<Float>.stride)
    }

    /// The value whose rows are the keys of a node.
    private func memory(_ node: Node) -> String {
        (node.attention?.isCross == true ? node.inputs.dropFirst().first : nil) ?? node.name
    }

    /// `[batch, rows, width]` of a hidden state.
    func plane(named name: String, of value: String) -> ValuePlane {
        let extents = [lengths.count, longestRows(of: value), shapes[value]?.width ?? 0]
        return ValuePlane(name: name, value: value, shape: Shape(extents), isPooled: false)
    }

    /// `[batch, rows, width]`, or `[batch, width]` of a pooled value, without the width where the output is squeezed.
    func plane(of output: Graph.Output) -> ValuePlane? {
        guard let shape = shapes[output.value] else { return nil }
        let isPooled = shape.rows == .sequences
        let extents =
            (isPooled ? [lengths.count] : [lengths.count, longest(shape.rows)])
            + (output.isSqueezed ? [] : [shape.width])
        let framework = output.extents.map { axes in
            Shape([lengths.count] + axes.map { $0 ?? longest(shape.rows) })
        }
        return ValuePlane(
            name: output.name, value: output.value, shape: Shape(extents), framework: framework, isPooled: isPooled)
    }

    /// `[batch, heads, queries, keys]`; of a layer whose framework knows no heads `[batch, queries, keys]`.
    func plane(named name: String, ofMapsOf node: Node) -> MapPlane {
        MapPlane(
            name: name, node: node.name, heads: node.attention?.heads.count ?? 0,
            hasHeadAxis: node.attention?.hasHeadAxis ?? true, batch: lengths.count,
            queries: longestRows(of: node.name), keys: longestRows(of: memory(node)))
    }
}
