import ArchitectureSpecs
import ModelGraph
import Platform
import Tensors

/// A transformer's graph on its way to that of a whole sentence-transformers folder: what modules read, what they give,
/// and the nodes between.
struct SentenceGraph {
    /// A value by the name that modules know it by.
    enum Value: String {
        /// One row a token.
        case tokens = "token_embeddings"
        /// One row a text.
        case sentence = "sentence_embedding"
    }

    private(set) var graph: Graph
    private(set) var sources: ParameterSources
    private(set) var values: [Value: String] = [:]
    /// Path of `modules.json`, for messages.
    let path: String
    /// Number of the module that is being added.
    var index = 0

    init(_ graph: Graph, _ sources: ParameterSources, path: String) {
        self.graph = graph
        self.sources = sources
        self.path = path
    }

    /// The value that a module reads.
    ///
    /// - Throws: When no module before it gives one.
    func value(_ value: Value, for module: String) throws(FileError) -> String {
        if let name = values[value] { return name }
        throw FileError(
            .unsupported, path: path,
            "module \(index), \(module), reads \(value.rawValue), which no module before it gives")
    }

    /// Width of a value's rows.
    func width(of value: String) throws(FileError) -> Int {
        do throws(GraphError) {
            return try graph.inferShapes()[value]?.width ?? 0
        } catch {
            throw FileError(.corrupt, path: path, error.problems.map(\.description))
        }
    }

    /// Says which node holds a value from here on.
    mutating func set(_ value: Value, to node: String) { values[value] = node }

    /// Adds a node, whose parameters stand where `tensors` says.
    ///
    /// - Parameter name: A part of the node's name, after the module's.
    /// - Returns: The node's name.
    mutating func add(
        _ name: String, _ operation: Operation, _ inputs: [String],
        tensors: [String: (name: String, layout: TensorLayout)] = [:]
    ) -> String {
        let node = Node(name: "sentence_\(index)/\(name)", operation: operation, inputs: inputs)
        graph.nodes.append(node)
        for (parameter, tensor) in tensors {
            sources.sources[node.parameterID(parameter)] = .init(names: [tensor.name], layout: tensor.layout)
        }
        return node.name
    }

    /// The input that leaves a prompt's tokens out of the pooling, made when it is first asked for.
    mutating func poolingMask() -> String {
        if !graph.inputs.contains(Graph.poolingMask) {
            graph.inputs.append(Graph.poolingMask)
            graph.inputLayouts[Graph.poolingMask] = InputLayout(rows: .tokens, absent: 1)
        }
        return Graph.poolingMask
    }
}
