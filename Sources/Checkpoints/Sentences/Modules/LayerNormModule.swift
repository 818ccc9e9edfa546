import ArchitectureSpecs
import ModelGraph
import Platform

/// `LayerNorm`: a layer norm over the embedding, with PyTorch's epsilon.
struct LayerNormModule: SentenceModule {
    static let className = "LayerNorm"
    /// What `torch.nn.LayerNorm` takes; the file cannot say another one.
    private static let epsilon: Float = 1e-5

    let width: Int
    private let scale: String
    private let offset: String

    init(_ files: inout ModuleFiles) throws(FileError) {
        var config = try files.config()
        guard let width = try config.count("dimension") else {
            throw FileError(.corrupt, path: config.path, "has no \"dimension\"")
        }
        try files.finish(config)
        try files.readTensors()
        self.width = width
        scale = files.tensorName("norm.weight")
        offset = files.tensorName("norm.bias")
    }

    func append(to graph: inout SentenceGraph) throws(FileError) {
        let input = try graph.value(.sentence, for: Self.className)
        let norm = graph.add(
            "norm", .norm(Norm(width: width, epsilon: Self.epsilon)), [input],
            tensors: ["scale": (scale, TensorLayout()), "offset": (offset, TensorLayout())])
        graph.set(.sentence, to: norm)
    }
}
