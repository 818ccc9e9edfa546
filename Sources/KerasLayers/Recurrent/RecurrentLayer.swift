import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// A cell that goes through the rows: LSTM, GRU, the plain one, and `RNN` around one of their cells.
enum RecurrentLayer: KerasLayerClass {
    static let names = ["LSTM", "GRU", "SimpleRNN", "RNN"]
    static let options: Set<String>? = [
        "units", "activation", "recurrent_activation", "use_bias", "reset_after", "return_sequences", "return_state",
        "go_backwards", "stateful", "time_major", "zero_output_for_mask", "num_constants", "cell",
    ]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        let hasBias = RecurrentCell.config(of: layer)["use_bias"]?.boolValue ?? true
        return [VariableGroup("cell", ["kernel", "recurrent_kernel"] + (hasBias ? ["bias"] : []))]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let cell = try RecurrentCell(call, in: builder)
        let isBackwards = call.flag("go_backwards", default: false)
        let reading = RecurrentReading(
            isBackwards: isBackwards, isFlipped: isBackwards,
            hiddenGivesZero: call.flag("zero_output_for_mask", default: false))
        let result = try cell.results(reading, in: &builder)
        return ([result.output] + result.states).map(KerasValue.tensor)
    }
}

/// In which order rows are read, and where their results stand.
struct RecurrentReading {
    /// Whether the last row is read first.
    let isBackwards: Bool
    /// Whether results stand in the opposite order of their rows.
    let isFlipped: Bool
    /// Whether hidden rows give zeros.
    let hiddenGivesZero: Bool
}

/// The cell of one call with its weights.
struct RecurrentCell {
    private let call: LayerCall
    private let input: LayerValue
    private let states: [LayerValue]
    private let mask: String?
    private let recurrent: Recurrent
    private let parameters: [String: ParameterSource]
    let returnsRows: Bool
    let returnsStates: Bool

    /// The cell's configuration: the layer's own, or that of the cell that it is built around.
    static func config(of layer: KerasLayer) -> JSONValue { layer.config["cell"]?["config"] ?? layer.config }

    private static let kinds: [String: Recurrent.Cell] = [
        "LSTM": .lstm, "LSTMCell": .lstm, "GRU": .gru, "GRUCell": .gru, "SimpleRNN": .simple, "SimpleRNNCell": .simple,
    ]

    /// - Throws: `unsupported` for what would give other results than are computed here.
    init(_ call: LayerCall, in builder: KerasGraphBuilder) throws(Problem) {
        let config = Self.config(of: call.layer)
        let className = call.config["cell"]?["class_name"]?.stringValue ?? call.layer.plainClassName
        guard var kind = Self.kinds[className] else {
            throw call.unsupported("a cell of the class \(className.printable)")
        }
        guard call.leadingAxes == 0 else { throw call.unsupported("a recurrent layer inside TimeDistributed") }
        // Keras 3 stores the states that the last batch left, and goes on from there.
        if call.flag("stateful", default: false), call.generation == .keras3 {
            throw call.unsupported(
                "\"stateful\" is true: what it gives depends on the batches before. Build the model with "
                    + "stateful=False and give it the same weights")
        }
        try call.refuse(["time_major", "num_constants"])
        if call.has("cell"), let options = RecurrentLayer.options { try call.refuseKeys(beside: options, in: config) }
        self.call = call
        let given = try Given(call)
        guard given.input.axes.count == 2, given.input.axes.last == .width else {
            throw call.unsupported("goes through a tensor \(given.input.shapeText)")
        }
        input = given.input
        states = given.states
        mask = given.mask ?? given.input.mask
        returnsRows = call.flag("return_sequences", default: false)
        returnsStates = call.flag("return_state", default: false)

        guard let units = config["units"]?.intValue, (1...1 << 24).contains(units) else {
            throw call.corrupt("\"units\" is \(config["units"]?.shortDescription ?? "missing")")
        }
        let hasBias = config["use_bias"]?.boolValue ?? true
        let tensors = builder.variables.tensors(of: call.path, object: "cell")
        let stored = hasBias && tensors.count > 2 ? tensors[2].shape.count : nil
        if kind == .gru {
            // Files older than the key have the first kind, and a bias that tells.
            let resetsAfter = config["reset_after"]?.boolValue ?? stored.map { $0 == 6 * units }
            guard let resetsAfter else { throw call.unsupported("\"reset_after\" is not in the configuration") }
            if !resetsAfter { kind = .gruResettingFirst }
        }
        func function(_ key: String, _ standard: String) throws(Problem) -> Activation {
            let (activation, options) = try KerasActivation.read(config[key] ?? .string(standard), for: call)
            guard !options.isLayer, let function = activation.elementary(call.generation) else {
                throw call.unsupported("\"\(key)\" is \((config[key] ?? .null).shortDescription)")
            }
            return function
        }
        recurrent = Recurrent(
            cell: kind, inputWidth: input.width, units: units, hasBias: hasBias,
            activation: try function("activation", "tanh"),
            gateActivation: kind == .simple ? .sigmoid : try function("recurrent_activation", "sigmoid"),
            hasMask: mask != nil, hasStates: !states.isEmpty)
        guard states.isEmpty || states.count == kind.stateCount,
            states.allSatisfy({ $0.rows == .sequences && $0.width == units })
        else { throw call.unsupported("starts from states \(states.map(\.shapeText).joined(separator: ", "))") }
        parameters = try Self.parameters(recurrent, of: call, in: builder)
    }

    private static func parameters(
        _ recurrent: Recurrent, of call: LayerCall, in builder: KerasGraphBuilder
    ) throws(Problem) -> [String: ParameterSource] {
        let width = recurrent.gateWidth
        func stored(_ number: Int, _ count: Int) throws(Problem) -> ParameterSource {
            .stored(try builder.stored(of: call, object: "cell", number: number, count: count))
        }
        var result = [
            "weight": try stored(0, recurrent.inputWidth * width),
            "recurrent_weight": try stored(1, recurrent.units * width),
        ]
        guard recurrent.hasBias else { return result }
        guard recurrent.cell == .gru else {
            result["bias"] = try stored(2, width)
            return result
        }
        // One row for the input, one for the state.
        let both = try builder.stored(of: call, object: "cell", number: 2, count: 2 * width)
        for (row, name) in ["bias", "recurrent_bias"].enumerated() {
            result[name] = .computed(
                .init(names: [both.name], shape: [width]) { tensors in
                    Tensor(Array(tensors[0].floats[row * width..<(row + 1) * width]), shape: [width])
                })
        }
        return result
    }

    // MARK: Results

    /// Adds the cell to the graph.
    ///
    /// - Returns: What the layer gives: all rows or the last, and the states where they are asked for.
    func results(
        _ reading: RecurrentReading, in builder: inout KerasGraphBuilder
    ) throws(Problem) -> (output: LayerValue, states: [LayerValue]) {
        if call.flag("stateful", default: false) {
            builder.notes.append(
                "\(call.label): \"stateful\" is true; each item is read as of a first batch, from states of zeros")
        }
        var recurrent = recurrent
        recurrent.isBackwards = reading.isBackwards
        recurrent.isFlipped = returnsRows && reading.isFlipped
        recurrent.hiddenGivesZero = reading.hiddenGivesZero
        // The states hold the last output too, unless a mask makes the two differ.
        let isInStates = returnsStates && !returnsRows && mask == nil
        recurrent.output = returnsRows ? .rows : isInStates ? .states : .last
        let inputs = [input.name] + (mask.map { [$0] } ?? []) + states.map(\.name)
        let first = builder.add(.recurrent(recurrent), inputs, to: call, parameters)

        var output = input
        output.isInteger = false
        output.width = recurrent.units
        output.name = first
        if returnsRows {
            // Its own mask goes on, in the order of the rows that were read.
            output.mask = mask
        } else {
            output.mask = nil
            output.rows = .sequences
            output.axes = [.width]
        }
        guard returnsStates else { return (output, []) }
        var all = first
        if !isInStates {
            let owner = builder.owner(of: call.path, kind: Operation.recurrent(recurrent).kind) ?? first
            recurrent.output = .states
            let names = Operation.recurrent(recurrent).parameterNames
            all = builder.add(
                .recurrent(recurrent), inputs, to: call,
                ties: Dictionary(
                    uniqueKeysWithValues: names.map {
                        ($0, Node.Tie(parameter: ParameterID(node: owner, name: $0)))
                    }))
            builder.leaveOutUnread(all)
        }
        let last = (0..<recurrent.cell.stateCount).map { number -> LayerValue in
            var state = output
            state.mask = nil
            state.rows = .sequences
            state.axes = [.width]
            state.name =
                recurrent.cell.stateCount == 1
                ? all
                : builder.add(
                    .slice(Slice(axis: .width, start: number * recurrent.units, count: recurrent.units)), [all],
                    to: call, part: number == 0 ? "output_state" : "memory_state")
            if recurrent.cell.stateCount > 1 { builder.leaveOutUnread(state.name) }
            return state
        }
        if isInStates { output = last[0] }
        return (output, last)
    }

    /// What one call is given.
    private struct Given {
        let input: LayerValue
        let states: [LayerValue]
        let mask: String?

        /// First states stand behind the rows in one list (Keras 2), or in an argument of their own.
        init(_ call: LayerCall) throws(Problem) {
            let elements = call.first.elements
            var states: [LayerValue] = []
            let rest = Array(elements.dropFirst()) + call[1, "initial_state"].elements
            for element in rest where !element.isNone {
                guard let tensor = element.tensor else {
                    throw call.unsupported("starts from a state that is no tensor that is followed")
                }
                states.append(tensor)
            }
            guard let input = elements.first?.tensor else {
                throw call.unsupported("its input is no tensor that is followed")
            }
            if let constants = call.keywords["constants"], !constants.isNone {
                throw call.unsupported("is called with \"constants\"")
            }
            self.input = input
            self.states = states
            let given = call[2, "mask"]
            let mask = given.elements.first ?? .none
            if mask.isNone {
                self.mask = nil
            } else {
                guard let tensor = mask.tensor, tensor.isColumn else {
                    throw call.unsupported("its mask is no tensor that is followed")
                }
                self.mask = tensor.name
            }
        }
    }
}

extension Operation {
    /// Names of all parameters.
    fileprivate var parameterNames: [String] { parameters.map(\.name) }
}
