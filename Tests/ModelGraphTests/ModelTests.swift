import ModelGraph
import Tensors
import TestSupport
import Testing

@Suite("Models")
struct ModelTests {
    private func model(_ graph: Graph = .encoder()) -> Model {
        var tensors: [ParameterID: Tensor] = [:]
        for node in graph.nodes {
            for parameter in node.ownParameters {
                tensors[node.parameterID(parameter.name)] = Tensor(shape: parameter.shape) { _ in }
            }
        }
        return Model(
            graph: graph.sound, tensors: tensors, provenance: .init(files: [], dialect: "test", architecture: "test"))
    }

    @Test("a model with a tensor for every parameter is sound")
    func sound() throws {
        try model().validate()
    }

    @Test("a missing tensor, a wrong shape and a wrong type are all named")
    func unsound() {
        var model = model()
        model.tensors["pooler/weight"] = nil
        model.tensors["pooler/bias"] = Tensor(shape: [11]) { _ in }
        let storage = TensorStorage(byteCount: 12 * 4) { _ in }
        model.tensors["layers/0/norm/scale"] = Tensor(dtype: .int32, shape: [12], storage: storage)
        let found = problems { () throws(GraphError) in try model.validate() }
        #expect(
            found.map(\.description) == [
                "layers/0/norm/scale: holds int32, expected floating point",
                "pooler/weight: is missing, expected [12, 12]",
                "pooler/bias: has shape [11], expected [12]",
            ])
        #expect(found.allSatisfy { $0.kind == .tensor })
    }

    @Test("a tied parameter is its owner's tensor, transposed where the tie says so")
    func ties() throws {
        var model = model()
        model.tensors["pooler/weight"] = Tensor((0..<144).map(Float.init), shape: [12, 12])
        var node = Node(
            name: "twin", operation: .linear(Linear(inputWidth: 12, outputWidth: 12)), inputs: ["first"],
            ties: ["weight": .init(parameter: "pooler/weight", isTransposed: true)])
        #expect(try #require(model.tensor(of: node, "weight")).floats[1] == 12)
        node.ties["weight"]?.isTransposed = false
        #expect(try #require(model.tensor(of: node, "weight")).floats[1] == 1)
        #expect(model.tensor(of: node, "bias") == nil)
    }
}
