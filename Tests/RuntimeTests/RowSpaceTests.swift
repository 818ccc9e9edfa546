import ModelGraph
import Outputs
import Runtime
import Tensors
import Testing
import TestSupport
import Verification

/// Frames of any number go through a strided convolution, get a row of the model's own before them and positions,
/// attend to themselves under a mask and to a second input under a mask of pairs, and are pooled.
private func sensorModel() -> Model {
    let width = 16
    func attention(_ memory: Int?, _ masking: Attention.Masking) -> ModelGraph.Operation {
        .attention(
            Attention(
                sizes: .init(inputWidth: width, memoryWidth: memory, outputWidth: width, headSize: 4),
                scores: .init(scale: 0.5, masking: masking),
                heads: [.computed, .computed]))
    }
    let nodes = [
        Node(
            name: "frames_conv",
            operation: .convolution(
                Convolution(windows: [Window(size: 3, stride: 2, padding: nil)], inputWidth: 5, outputWidth: width)),
            inputs: ["frames"]),
        Node(name: "class", operation: .table(Table(count: 1, width: width, isAlongInput: false)), inputs: []),
        Node(name: "joined", operation: .concatenate(.rows), inputs: ["class", "frames_conv"]),
        Node(
            name: "positions", operation: .table(Table(count: 40, width: width, isAlongInput: true)),
            inputs: ["joined"]),
        Node(name: "placed", operation: .add, inputs: ["joined", "positions"]),
        Node(
            name: "self", operation: attention(nil, .init(keys: true, hiding: .penalized)), inputs: ["placed", "shown"]
        ),
        Node(name: "shown", operation: .mask(hidden: 0), inputs: ["gate"]),
        Node(name: "gate", operation: .activation(.relu), inputs: ["score"]),
        Node(
            name: "score", operation: .linear(Linear(inputWidth: width, outputWidth: 1)), inputs: ["placed"]),
        Node(name: "cross", operation: attention(3, .init(pairs: true)), inputs: ["memory", "self", "pairs"]),
        Node(name: "mean", operation: .pooling(.mean), inputs: ["self", "shown"]),
        Node(name: "scaled", operation: .multiply, inputs: ["self", "mean"]),
        Node(
            name: "flat", operation: .rearrange(Rearrangement(extents: [2, 16], order: [1, 0], rows: nil)),
            inputs: ["cross"]),
        Node(name: "scores", operation: .softmax, inputs: ["flat"]),
    ]
    // In execution order; "cross" asks from the memory's two rows.
    let order = [0, 1, 2, 3, 4, 8, 7, 6, 5, 9, 10, 11, 12, 13]
    var ordered = order.map { nodes[$0] }
    ordered[9] = Node(
        name: "cross",
        operation: .attention(
            Attention(
                sizes: .init(inputWidth: 3, memoryWidth: width, outputWidth: width, headSize: 4),
                scores: .init(scale: 0.5, masking: .init(pairs: true)),
                heads: [.computed, .computed])),
        inputs: ["memory", "frames_conv", "pairs"])
    let graph = Graph(
        inputs: ["frames", "memory", "pairs"],
        inputLayouts: [
            "frames": InputLayout(rows: .axis(.init("frames")), width: 5),
            "memory": InputLayout(rows: .count(2), width: 3),
            "pairs": InputLayout(
                rows: .count(2), isPairs: true),
        ], nodes: ordered,
        outputs: [.init(name: "scaled", value: "scaled"), .init(name: "scores", value: "scores")],
        hiddenStates: ["self"])
    var generator = SeededGenerator(seed: 11)
    var tensors: [ParameterID: Tensor] = [:]
    for node in ordered {
        for parameter in node.ownParameters {
            tensors[node.parameterID(parameter.name)] = Tensor(shape: parameter.shape) { target in
                for index in target.indices { target[index] = Float.random(in: -0.5...0.5, using: &generator) }
            }
        }
    }
    return Model(
        graph: graph.sound, tensors: tensors,
        provenance: .init(files: [], dialect: "test", architecture: "test"))
}

private func sensorInput(_ frames: Int, seed: UInt64) -> ModelInput {
    var generator = SeededGenerator(seed: seed)
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &generator) } }
    let keys = (frames + 1) / 2
    return ModelInput(arrays: [
        "frames": InputArray(rows: frames, columns: 5, numbers: numbers(frames * 5)),
        "memory": InputArray(rows: 2, columns: 3, numbers: numbers(6)),
        "pairs": InputArray(rows: 2, columns: keys, numbers: numbers(2 * keys).map { $0 > 0 ? 1 : 0 }),
    ])
}

@Suite("Rows of other kinds than tokens")
struct RowSpaceTests {
    @Test(
        "threads, group sizes and batch mates change no bit of rows of other kinds than tokens", arguments: [1, 2, 3],
        [1, 40, 512])
    func bits(_ threads: Int, _ groupTokens: Int) throws {
        let model = sensorModel()
        try model.validate()
        let sequences = [3, 60, 7, 1, 33].enumerated().map { sensorInput($1, seed: UInt64($0)) }
        let alone = try CompiledModel(model, options: .init(resources: .init(threads: 1)))
        let together = try CompiledModel(
            model, options: .init(resources: .init(threads: threads), groupTokens: groupTokens))
        for value in ["scores", "scaled"] {
            let all = try together.vectors(of: value, for: sequences)
            for (index, sequence) in sequences.enumerated() {
                let one = try alone.vectors(of: value, for: [sequence]).floats
                let width = all.shape[1]
                #expect(one == Array(all.floats[index * width..<(index + 1) * width]), "\(value) of sequence \(index)")
                #expect(one.allSatisfy { $0.isFinite })
            }
        }
    }

    @Test("a model's inputs that do not fit are refused with their names")
    func refusals() throws {
        let compiled = try CompiledModel(sensorModel(), options: .init(resources: .init(threads: 1)))
        func failure(_ change: (inout ModelInput) -> Void) -> String {
            var sequence = sensorInput(5, seed: 1)
            change(&sequence)
            do {
                _ = try compiled.vectors(of: "scores", for: [sequence])
                return ""
            } catch { return "\(error)" }
        }
        let failures = [
            failure { $0.arrays["frames"] = nil }, failure { $0.arrays["memory"]?.rows = 3 },
            failure { $0.arrays["pairs"]?.columns = 4 }, failure { $0.arrays["frames"]?.numbers = [] },
            failure { $0 = sensorInput(100, seed: 2) },
        ]
        let messages = [
            "frames is missing", "memory has shape [3, 3], expected [2, 3]", "pairs has shape", "does not hold numbers",
            "at most 40",
        ]
        for (failure, message) in zip(failures, messages) { #expect(failure.contains(message)) }
    }

    @Test("a query without a visible key gives zeros, or sees all keys alike", arguments: [false, true])
    func hidden(_ isPenalized: Bool) throws {
        let attention = Attention(
            sizes: .init(inputWidth: 2, outputWidth: 2, headSize: 2),
            scores: .init(scale: 1, masking: .init(keys: true, hiding: isPenalized ? .penalized : .excluded)),
            heads: [.computed])
        let graph = Graph(
            inputs: ["x", "mask"],
            inputLayouts: [
                "x": InputLayout(rows: .tokens, width: 2), "mask": InputLayout(rows: .tokens),
            ],
            nodes: [Node(name: "attention", operation: .attention(attention), inputs: ["x", "mask"])],
            outputs: [.init(name: "y", value: "attention")], hiddenStates: ["attention"])
        let identity = Tensor([1, 0, 0, 1], shape: [2, 2]), zero = Tensor([0, 0], shape: [2])
        var tensors: [ParameterID: Tensor] = [:]
        for name in ["query", "key", "value", "output"] {
            tensors["attention/\(name)_weight"] = identity
            tensors["attention/\(name)_bias"] = zero
        }
        let model = Model(
            graph: try graph.checked(), tensors: tensors,
            provenance: .init(files: [], dialect: "test", architecture: "test"))
        func run(_ mask: [Float]) throws -> [Float] {
            let sequence = ModelInput(arrays: [
                "x": InputArray(rows: 3, columns: 2, numbers: [0.25, 0.5, 0.75, 1, 1.25, 2.25]),
                "mask": InputArray(rows: 3, columns: 1, numbers: mask),
            ])
            return try PaddedOutputs(of: model, for: [sequence], selecting: .pooled).arrays[0].tensor.floats
        }
        let unseen = try run([0, 0, 0])
        let want: [Float] = isPenalized ? [0.75, 1.25, 0.75, 1.25, 0.75, 1.25] : [0, 0, 0, 0, 0, 0]
        // A third is not exact. (Scores beyond 32 would survive beside 10⁹ in 32 bits, as in the frameworks.)
        for (one, other) in zip(unseen, want) { #expect(abs(one - other) < 1e-5) }
        #expect(try run([0, 1, 0]) == [0.75, 1, 0.75, 1, 0.75, 1])
    }
}
