import ModelGraph
import Tensors

/// Turns a graph into a schedule: drops what was not asked for, fuses bias, activation and residual into the products
/// before them, cuts the steps into segments and gives every value its memory.
struct Compiler {
    /// A step with what it reads and writes, before segments are cut.
    struct Draft {
        enum Work {
            case row(RowStep)
            case shape(ShapeStep)
            case mask(MaskStep)
            case attention(AttentionStep)
            case pool(PoolStep)
            case exit(ExitStep)
        }
        var work: Work
        var reads: [Register]
        var writes: [Register]
        /// The axis that its rows lie along.
        var axis = Schedule.tokenAxis
    }

    let model: Model
    let observation: Observation
    let resources: ExecutionResources
    var kernels: KernelSet { resources.kernels }
    let liveness: Liveness
    let shapes: [String: ValueShape]

    var schedule = Schedule()
    var drafts: [Draft] = []
    /// Registers of values computed so far.
    var registers: [String: Register] = [:]
    /// Nodes that were fused into an earlier step.
    var fused: Set<String> = []
    /// Registers of maps that later nodes or the caller read.
    var keptMaps: [HeadID: Register] = [:]
    /// Packed matrices by what they are made of: nodes that share parameters share them.
    var packed: [PackedKey: ProductMatrix] = [:]
    var packedHeads: [[PackedKey]: ProductMatrix] = [:]
    /// Values whose rows were quantised, by what they were multiplied with.
    var quantizedRows: [QuantizedRowsKey: Register] = [:]
    /// Where attention nodes leave their keys, by node.
    var keys: [String: KeyRows] = [:]
    let packing = PackingQueue()
    /// What masks add to scores, by what it is made of.
    var addedMasks: [MaskKey: Register] = [:]

    /// - Parameter resources: Threads that pack the weights, and kernels that compute what is known beforehand.
    static func compile(
        _ model: Model, observing observation: Observation, with resources: ExecutionResources
    ) throws(RuntimeError) -> Schedule {
        // Kernels trust the shapes of tensors.
        do { try model.validate() } catch { throw .invalidModel(error) }
        let nodes = Set(model.graph.nodes.map(\.name))
        let loaded = model.graph.inputs.filter { model.graph.inputLayouts[$0]?.isValue ?? false }
        let unknowns = observation.values.subtracting(loaded).union(observation.maps).union(observation.contexts)
            .subtracting(nodes)
        if let unknown = unknowns.min() { throw .unknownValue(unknown) }
        var compiler = Compiler(
            model: model, observation: observation, resources: resources,
            liveness: Liveness(model.graph.graph, observing: observation), shapes: model.graph.shapes)
        try compiler.addInputs()
        for node in compiler.liveness.nodes where !compiler.fused.contains(node.name) {
            try resources.checkCancellation()
            try compiler.add(node)
        }
        compiler.finish()
        // What goes on behind an exit has a schedule of its own.
        if let limit = resources.weightLimit, compiler.schedule.tallies.isEmpty {
            compiler.schedule.windows = compiler.packing.windows(
                of: compiler.schedule.segments.map(\.matrices), limit: limit)
        }
        try compiler.packing.run(with: resources)
        return compiler.schedule
    }

    // MARK: Registers

    mutating func register(_ region: Slot.Region, width: Int) -> Register {
        let isMap = if case .maps = region { true } else { false }
        let stride = isMap ? 1 : KernelSet.rowStride(width)
        schedule.slots.append(Slot(region: region, offset: 0, stride: stride, width: width))
        return Register(index: schedule.slots.count - 1)
    }

    /// The register of a node's value, made when first asked for.
    mutating func result(of name: String) throws(RuntimeError) -> Register {
        guard let shape = shapes[name] else { throw .unknownValue(name) }
        let made = register(.rows(axis: axis(of: shape.rows)), width: shape.width)
        registers[name] = made
        return made
    }

    func input(_ node: Node, _ index: Int) throws(RuntimeError) -> Register {
        guard node.inputs.indices.contains(index), let register = registers[node.inputs[index]] else {
            throw .unknownValue(node.inputs.indices.contains(index) ? node.inputs[index] : node.name)
        }
        return register
    }

    func inputs(_ node: Node) throws(RuntimeError) -> [Register] {
        var sources: [Register] = []
        for index in node.inputs.indices { sources.append(try input(node, index)) }
        return sources
    }

    func tensor(_ node: Node, _ name: String) throws(RuntimeError) -> Tensor {
        guard let tensor = model.tensor(of: node, name) else {
            throw .invalidModel(GraphError(.tensor, node.parameterID(name).description, "is missing"))
        }
        return tensor
    }

    func optionalTensor(_ node: Node, _ name: String, if present: Bool) throws(RuntimeError) -> Tensor? {
        present ? try tensor(node, name) : nil
    }

    // MARK: Nodes

    private mutating func add(_ node: Node) throws(RuntimeError) {
        switch node.operation {
        case .embedding(let embedding): try add(embedding, node)
        case .norm(let norm): try add(norm, node)
        case .linear(let linear): try add(linear, node)
        case .activation(let activation): try addRows(node) { .activate($0, activation, $1) }
        case .softmax: try addRows(node) { .softmax($0, $1) }
        case .round(let rounding): try addRows(node) { .round($0, rounding, $1) }
        case .tokenMask(let mask): try add(mask, node)
        case .mask(let hidden): try addRows(node) { .mask($0, hidden: hidden, $1) }
        case .affine(let affine): try add(affine, node)
        case .add: try add(Combination.sum, node)
        case .multiply: try add(Combination.product, node)
        case .minimum: try add(Combination.minimum, node)
        case .maximum: try add(Combination.maximum, node)
        case .maps: try addMaps(node)
        case .elementwise(let function):
            let sources = try inputs(node), out = try result(of: node.name)
            append(.elementwise(function, sources, out), reads: sources, writes: out)
        case .recurrent(let recurrent): try add(recurrent, node)
        case .matrixProduct(let product): try add(product, node)
        case .distribution(let distribution): try add(distribution, node)
        case .localPooling(let pooling):
            let source = try input(node, 0), out = try result(of: node.name)
            append(.localPooling(pooling, source, out), reads: [source], writes: out)
        case .respacing(let respacing):
            let source = try input(node, 0), out = try result(of: node.name)
            append(.respacing(respacing, source, out), reads: [source], writes: out)
        case .matching(let matching): try add(matching, node)
        case .merge(let merge): try add(merge, node)
        case .exit(let margin): try addExit(margin, node)
        case .gate(let activation):
            let gate = try input(node, 0), up = try input(node, 1), out = try result(of: node.name)
            append(.gate(gate, up, activation, out), reads: [gate, up], writes: out, of: node.name)
        case .attention(let attention): try add(attention, node)
        case .pooling(let pooling): try add(pooling, node)
        case .convolution(let convolution): try add(convolution, node)
        case .concatenate(let along): try add(along, node)
        case .slice(let slice): try add(slice, node)
        case .rearrange(let rearrangement):
            let source = try input(node, 0), out = try result(of: node.name)
            append(.rearrange(rearrangement, source, out), reads: [source], writes: out)
        case .table(let table):
            let out = try result(of: node.name)
            var rows = try tensor(node, "rows").float32()
            if let resampling = table.resampling {
                guard let resampled = resampling.resampled(rows) else { throw .unknownValue(node.name) }
                rows = resampled
            }
            append(.table(rows, offset: table.offset, sequences: table.sequences, out), reads: [], writes: out)
            if let sequences = table.sequences { schedule.batchSize = sequences }
        }
    }

    /// Drafts a step over the rows of one value.
    private mutating func addRows(
        _ node: Node, _ step: (_ source: Register, _ out: Register) -> RowStep
    ) throws(RuntimeError) {
        let source = try input(node, 0), out = try result(of: node.name)
        append(step(source, out), reads: [source], writes: out, of: node.name)
    }

    private mutating func add(_ embedding: Embedding, _ node: Node) throws(RuntimeError) {
        let source = embedSource(embedding, node)
        switch source {
        case .inputs: break
        case .text, .shiftedText:
            schedule.readsText = true
            if schedule.embedding?.positions == nil { schedule.embedding = embedding }
        }
        let step = EmbedStep(
            source: source, tokens: try table(node, "tokens"),
            positions: try table(node, "positions", if: embedding.positions != nil),
            types: try table(node, "types", if: embedding.types > 0),
            scale: embedding.scale, out: try result(of: node.name))
        append(.embed(step), reads: [], writes: step.out, of: node.name)
    }

    private mutating func add(_ norm: Norm, _ node: Node) throws(RuntimeError) {
        let source = try input(node, 0)
        let step = NormStep(
            norm: norm, scale: norm.kind == .unit ? Tensor([1], shape: [1]) : try tensor(node, "scale").float32(),
            offset: try optionalTensor(node, "offset", if: norm.hasOffset)?.float32(),
            input: source, out: try result(of: node.name))
        append(.norm(step), reads: [source], writes: step.out, of: node.name)
    }

    private mutating func add(_ pooling: Pooling, _ node: Node) throws(RuntimeError) {
        if pooling == .first, node.inputs.count == 1 { schedule.needsFirst = true }
        let source = try input(node, 0), out = try result(of: node.name)
        let mask = node.inputs.count > 1 ? try input(node, 1) : nil
        let step = PoolStep(pooling: pooling, input: source, mask: mask, out: out)
        drafts.append(Draft(work: .pool(step), reads: [source] + (mask.map { [$0] } ?? []), writes: [out]))
    }

    mutating func append(_ step: RowStep, reads: [Register], writes: Register, of name: String) {
        let axis = axis(of: shapes[name]?.rows ?? .tokens)
        drafts.append(Draft(work: .row(step), reads: reads, writes: [writes], axis: axis))
    }

    mutating func append(_ step: ShapeStep, reads: [Register], writes: Register) {
        drafts.append(Draft(work: .shape(step), reads: reads, writes: [writes]))
    }

    private mutating func add(_ linear: Linear, _ node: Node) throws(RuntimeError) {
        let key = PackedKey(node, ["weight"] + (linear.hasBias ? ["bias"] : []))
        if let made = packed[key] { return try appendProduct(made, input: try input(node, 0), node: node) }
        let bias = try optionalTensor(node, "bias", if: linear.hasBias)
        let made: ProductMatrix
        if let stored = model.quantized(node, "weight"), let matrix = storedProduct(stored, bias: bias) {
            made = matrix
        } else if let matrix = bfloatProduct(node, "weight", bias: bias) {
            made = matrix
        } else {
            let tie = node.ties["weight"]
            let weight: Tensor
            if let tie {
                guard let owner = model.numbers(of: tie.parameter) else {
                    throw .invalidModel(GraphError(.tensor, tie.parameter.description, "is missing"))
                }
                weight = owner
            } else {
                weight = try tensor(node, "weight")
            }
            made = .floats(
                PackedLinear(
                    weight: weight, isTransposed: tie?.isTransposed ?? false, bias: bias, packing: packing))
        }
        packed[key] = made
        try appendProduct(made, input: try input(node, 0), node: node)
    }

    /// Appends a product together with the activation and the residual that follow it.
    mutating func appendProduct(_ matrix: ProductMatrix, input: Register, node: Node) throws(RuntimeError) {
        let input = rows(of: input, for: matrix)
        var last = node.name
        var activation = Activation.identity
        if let next = onlyReader(of: last), case .activation(let function) = next.operation, function.isFused {
            activation = function
            fused.insert(next.name)
            last = next.name
        }
        var residual: Register?
        if let next = onlyReader(of: last), case .add = next.operation, next.inputs.count == 2, !spreads(next),
            let other = next.inputs.first(where: { $0 != last }), let register = registers[other]
        {
            residual = register
            fused.insert(next.name)
            last = next.name
        }
        let out = try result(of: last)
        let step = ProductStep(matrix: matrix, input: input, activation: activation, residual: residual, out: out)
        append(.product(step), reads: [input] + (residual.map { [$0] } ?? []), writes: out, of: last)
    }

    /// The node that alone reads a value that is not observed.
    private func onlyReader(of value: String) -> Node? {
        guard liveness.readers[value] == 1, !observation.values.contains(value) else { return nil }
        return liveness.nodes.first { $0.inputs.contains(value) }
    }
}

/// What a packed matrix is made of.
struct PackedKey: Hashable {
    private let parameters: [Node.Tie]
    private let scale: Float
    private let size: Int
    private let precisions: [Precision?]

    /// - Parameters:
    ///   - names: Parameters of the node, in the order in which they are packed.
    ///   - size: Size of the heads that are padded; 0 where none are.
    init(_ node: Node, _ names: [String], scale: Float = 1, size: Int = 0) {
        self.size = size
        parameters = names.map { node.ties[$0] ?? Node.Tie(parameter: node.parameterID($0)) }
        self.scale = scale
        precisions = names.map { node.precisions[$0] }
    }
}
