import ModelGraph
import Tensors

/// Which of a model's results are wanted, as a padded batch under the framework's names.
package struct OutputSelection: OptionSet, Sendable, Hashable {
    /// One bit a result.
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// `hidden_states` `[layers + 1, batch, tokens, width]` and `last_hidden_state` `[batch, tokens, width]`; of an
    /// encoder–decoder `encoder_hidden_states`, `decoder_hidden_states`, `encoder_last_hidden_state`.
    package static let hidden = OutputSelection(rawValue: 1)
    /// `attentions_<i>` `[batch, heads, tokens, tokens]` for each attention node in execution order; of an
    /// encoder–decoder of Hugging Face `encoder_attentions_<i>`, `decoder_attentions_<i>` and `cross_attentions_<i>`.
    package static let attentions = OutputSelection(rawValue: 2)
    /// `logits` and other outputs of heads.
    package static let logits = OutputSelection(rawValue: 4)
    /// `pooler_output` and other values with one row a sequence that are no logits.
    package static let pooled = OutputSelection(rawValue: 8)
    /// Everything that a model gives.
    package static let all: OutputSelection = [.hidden, .attentions, .logits, .pooled]
}

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
        let graph = model.graph
        let outputs = graph.outputs.filter { selection.contains($0.part) }
        let attentions = selection.contains(.attentions) ? graph.attentionNodes : []
        let stacks = selection.contains(.hidden) ? graph.stacks : []
        let observed = stacks.flatMap(\.values) + outputs.map(\.value)
        let observation = Observation(values: Set(observed), maps: Set(attentions.map(\.name)))
        let compiled = try CompiledModel(model, options: .init(resources: resources, observation: observation))
        let shapes = graph.shapes

        let batch = sequences.count
        // Rows of the longest sequence along an axis, masked ones included.
        let lengths = sequences.map { compiled.schedule.lengths(of: $0) }
        func longest(_ rows: RowSpace) -> Int { lengths.map { rows.length($0) ?? 0 }.max() ?? 0 }
        func rows(of value: String) -> RowSpace { shapes[value]?.rows ?? .tokens }
        var planes: [Plane] = []
        for stack in stacks {
            for (index, value) in stack.values.enumerated() {
                let extents = [batch, longest(rows(of: value)), shapes[value]?.width ?? 0]
                planes.append(
                    Plane(name: "\(stack.name)_\(index)", value: value, shape: Shape(extents), isPooled: false))
            }
        }
        for output in outputs {
            guard let shape = shapes[output.value] else { continue }
            let extents =
                (shape.rows == .sequences ? [batch] : [batch, longest(shape.rows)])
                + (output.isSqueezed ? [] : [shape.width])
            planes.append(
                Plane(name: output.name, value: output.value, shape: Shape(extents), isPooled: shape.rows == .sequences)
            )
        }
        let names = graph.mapNames
        let maps = attentions.map { node in
            let memory = node.attention?.isCross == true ? node.inputs.dropFirst().first : nil
            return MapPlane(
                name: names[node.name] ?? node.name, node: node.name, heads: node.attention?.heads.count ?? 0,
                batch: batch,
                queries: longest(rows(of: node.name)), keys: longest(rows(of: memory ?? node.name)))
        }
        do {
            try compiled.run(sequences) { (group: GroupResult) throws(Never) in
                for plane in planes { plane.fill(from: group) }
                for map in maps { map.fill(from: group) }
            }
        } catch {
            if case .runtime(let failure) = error { throw failure }
        }
        var arrays: [(name: String, tensor: Tensor)] = []
        var rest = planes[...]
        for stack in stacks {
            let states = rest.prefix(stack.values.count)
            rest = rest.dropFirst(states.count)
            // Hidden states of one shape form one array; of several widths, one array each.
            if let first = states.first, states.allSatisfy({ $0.shape == first.shape }) {
                let shape = Shape([states.count] + first.shape.extents)
                arrays.append((stack.name, Tensor(states.flatMap(\.buffer.elements), shape: shape)))
            } else {
                arrays += states.map { ($0.name, $0.tensor) }
            }
        }
        arrays += rest.map { ($0.name, $0.tensor) }
        arrays += maps.map { ($0.name, $0.tensor) }
        self.arrays = arrays
    }

    /// One value of the batch.
    private struct Plane {
        let name: String
        let value: String
        let shape: Shape
        let isPooled: Bool
        let buffer: FloatBuffer

        init(name: String, value: String, shape: Shape, isPooled: Bool) {
            self.name = name
            self.value = value
            self.shape = shape
            self.isPooled = isPooled
            buffer = FloatBuffer(count: shape.count)
        }

        var tensor: Tensor { Tensor(buffer.elements, shape: shape) }

        func fill(from group: GroupResult) {
            guard let rows = group.value(value) else { return }
            for sequence in group.sequences {
                if isPooled {
                    (buffer.base + sequence.index * rows.columns).update(
                        from: rows.base + sequence.number * rows.stride, count: rows.columns)
                    continue
                }
                let start = group.sequence(sequence, alongRowsOf: value).rows.lowerBound
                for (row, place) in group.places(of: sequence, alongRowsOf: value).enumerated() {
                    (buffer.base + (sequence.index * shape[1] + Int(place)) * rows.columns).update(
                        from: rows.base + (start + row) * rows.stride, count: rows.columns)
                }
            }
        }
    }

    /// All maps of one attention node.
    private struct MapPlane {
        let name: String
        let node: String
        let heads: Int
        let shape: Shape
        let buffer: FloatBuffer

        init(name: String, node: String, heads: Int, batch: Int, queries: Int, keys: Int) {
            self.name = name
            self.node = node
            self.heads = heads
            shape = [batch, heads, queries, keys]
            buffer = FloatBuffer(count: shape.count)
        }

        var tensor: Tensor { Tensor(buffer.elements, shape: shape) }

        func fill(from group: GroupResult) {
            for sequence in group.sequences {
                for head in 0..<heads {
                    let id = HeadID(node: node, head: head)
                    guard let map = group.map(id, of: sequence), let places = group.places(ofMap: id, sequence) else {
                        continue
                    }
                    let plane = buffer.base + (sequence.index * heads + head) * shape[2] * shape[3]
                    for (row, query) in places.queries.enumerated() {
                        let target = plane + Int(query) * shape[3]
                        for (place, value) in zip(places.keys, map.row(row)) { target[Int(place)] = value }
                    }
                }
            }
        }
    }
}

extension Graph {
    /// Hidden states by the framework's name.
    fileprivate var stacks: [(name: String, values: [String])] {
        guard !encoderHiddenStates.isEmpty else { return hiddenStates.isEmpty ? [] : [("hidden_states", hiddenStates)] }
        return [("encoder_hidden_states", encoderHiddenStates), ("decoder_hidden_states", hiddenStates)]
    }

    /// Whether the model is one of Keras's own, whose maps are counted through whatever they look at.
    private var isOfKeras: Bool { outputs.contains { $0.name == "output" || $0.name.hasPrefix("output.") } }

    /// The framework's name of each attention node's maps.
    fileprivate var mapNames: [String: String] {
        guard !encoderHiddenStates.isEmpty, !isOfKeras else {
            return Dictionary(
                attentionNodes.enumerated().map { ($1.name, "attentions_\($0)") },
                uniquingKeysWith: { first, _ in first })
        }
        // What cross-attention looks at comes from the encoder, and so does everything that it is made of.
        var encoder = Set(
            attentionNodes.filter { $0.attention?.isCross == true }.compactMap { $0.inputs.dropFirst().first })
        for node in nodes.reversed() where encoder.contains(node.name) { encoder.formUnion(node.inputs) }
        var counts: [String: Int] = [:]
        var names: [String: String] = [:]
        for node in attentionNodes {
            let kind = node.attention?.isCross == true ? "cross" : encoder.contains(node.name) ? "encoder" : "decoder"
            names[node.name] = "\(kind)_attentions_\(counts[kind, default: 0])"
            counts[kind, default: 0] += 1
        }
        return names
    }
}

extension Graph.Output {
    /// Which part of a selection the output belongs to, by the framework's name.
    fileprivate var part: OutputSelection {
        if name.hasSuffix("hidden_state") || name.hasSuffix("hidden_states") { return .hidden }
        return name.contains("logits") ? .logits : .pooled
    }
}

extension FloatBuffer {
    /// A copy of all elements.
    var elements: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }
}
