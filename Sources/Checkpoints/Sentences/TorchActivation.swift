import ModelGraph

/// Activations by the names of PyTorch's classes, as sentence-transformers writes them:
/// `torch.nn.modules.activation.Tanh`. They are made without arguments.
enum TorchActivation {
    /// By the last part of the class's name.
    private static let functions: [String: Activation] = [
        "Identity": .identity, "Tanh": .tanh, "ReLU": .relu, "GELU": .gelu, "Sigmoid": .sigmoid, "SiLU": .silu,
        "ELU": .elu, "SELU": .selu, "Softplus": .softplus, "Softsign": .softsign, "Mish": .mish,
        "Hardsigmoid": .hardSigmoid, "Hardswish": .hardSilu, "ReLU6": .relu6,
    ]

    /// The function of a class; `nil` for one that is not handled.
    static func function(_ name: String) -> Activation? {
        guard name.hasPrefix("torch.nn.") else { return nil }
        return name.split(separator: ".").last.flatMap { functions[String($0)] }
    }

    /// What is handled, for messages.
    static var names: String { functions.keys.sorted().joined(separator: ", ") }
}
