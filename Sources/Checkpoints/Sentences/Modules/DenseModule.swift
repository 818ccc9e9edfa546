import ArchitectureSpecs
import JSON
import ModelGraph
import Platform

/// `Dense`: a linear layer and an activation, over the embedding or over each token's row.
struct DenseModule: SentenceModule {
    static let className = "Dense"

    let linear: Linear
    let activation: Activation
    private let input: SentenceGraph.Value
    private let output: SentenceGraph.Value
    private let weight: String
    private let bias: String

    init(_ files: inout ModuleFiles) throws(FileError) {
        var config = try files.config()
        func value(_ key: String, _ default: SentenceGraph.Value) throws(FileError) -> SentenceGraph.Value {
            guard let name = try config.text(key) else { return `default` }
            guard let value = SentenceGraph.Value(rawValue: name) else {
                throw config.unsupported(key, .string(name))
            }
            return value
        }
        guard let inputWidth = try config.count("in_features"), let outputWidth = try config.count("out_features")
        else { throw FileError(.corrupt, path: config.path, "has no \"in_features\" and \"out_features\"") }
        linear = Linear(inputWidth: inputWidth, outputWidth: outputWidth, hasBias: try config.flag("bias") ?? true)
        // The class's own default.
        let function = try config.text("activation_function") ?? "torch.nn.modules.activation.Tanh"
        guard let activation = TorchActivation.function(function) else {
            throw FileError(
                .unsupported, path: config.path,
                "\"activation_function\" is \"\(function.printable)\", known are \(TorchActivation.names)")
        }
        self.activation = activation
        input = try value("module_input_name", .sentence)
        output = try value("module_output_name", input)
        try files.finish(config)
        try files.readTensors()
        weight = files.tensorName("linear.weight")
        bias = files.tensorName("linear.bias")
    }

    func append(to graph: inout SentenceGraph) throws(FileError) {
        var tensors: [String: (name: String, layout: TensorLayout)] = ["weight": (weight, TensorLayout(.transpose))]
        if linear.hasBias { tensors["bias"] = (bias, TensorLayout()) }
        var node = graph.add(
            "linear", .linear(linear), [try graph.value(input, for: Self.className)], tensors: tensors)
        if activation != .identity { node = graph.add("activation", .activation(activation), [node]) }
        graph.set(output, to: node)
    }
}
