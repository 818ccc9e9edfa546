import ArchitectureSpecs
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// The graph of a functional or sequential Keras model, made from its own configuration and its stored variables.
package struct KerasGraph: Sendable {
    /// How the variables are found.
    package enum Weights: Sendable {
        /// One list a layer: Keras 2, and legacy files of Keras 3.
        case listed(ListedWeights)
        /// By the objects that own them: Keras 3.
        case objects(ObjectWeights)
    }

    /// What the model computes.
    package let graph: Graph
    /// Where the graph's parameters are stored.
    package let parameterSources: ParameterSources
    /// What was decided that a user should know, a sentence each.
    package let notes: [String]

    /// - Parameters:
    ///   - document: `config.json`, or attribute `model_config`.
    ///   - registry: Layer classes that are understood.
    ///   - path: The file, for messages.
    /// - Throws: `unsupported` with every layer that is not understood, `corrupt` for what contradicts itself or its
    ///   weights.
    package init(
        _ document: JSONValue, generation: KerasGeneration, weights: Weights, registry: KerasLayerRegistry,
        path: String
    ) throws(FileError) {
        let model: KerasModel
        do throws(Problem) {
            model = try KerasModelReader.model(document, generation: generation)
        } catch {
            throw FileError([error], path: path)
        }
        try self.init(model, weights: weights, registry: registry, path: path)
    }

    /// The graph of a model whose configuration was read.
    init(
        _ model: KerasModel, weights: KerasGraph.Weights, registry: KerasLayerRegistry, path: String
    ) throws(FileError) {
        func located<R>(_ body: () throws(Problem) -> R) throws(FileError) -> R {
            do throws(Problem) { return try body() } catch { throw FileError([error], path: path) }
        }
        let unknown = registry.problems(in: model)
        guard unknown.isEmpty else {
            throw FileError(
                unknown, path: path,
                remedy: "docs/keras-models.md lists what is understood, and how a layer of your own is described")
        }
        let (variables, problems) =
            switch weights {
            case .listed(let listed): listed.assign(to: model, registry)
            case .objects(let objects): objects.assign(to: model, registry)
            }
        guard problems.isEmpty else { throw FileError(problems, path: path) }
        let own: [String]
        (graph, parameterSources, own) = try located { () throws(Problem) in
            try Self.graph(of: model, registry, variables)
        }
        notes = (variables.renamingNote.map { [$0] } ?? []) + own
    }

    /// The graph of a model; read again as long as inputs of numbers turn out to hold ids.
    private static func graph(
        of model: KerasModel, _ registry: KerasLayerRegistry, _ variables: LayerVariables
    ) throws(Problem) -> (graph: Graph, parameterSources: ParameterSources, notes: [String]) {
        var ids: Set<String> = []
        while true {
            var builder = KerasGraphBuilder(generation: model.generation, variables: variables)
            builder.idInputs = ids
            builder.attentionLeavesMasks = model.attentionLeavesMasks
            var interpreter = KerasInterpreter(registry, builder: builder)
            do throws(Problem) {
                let made = try interpreter.graph(of: model)
                return (made.graph, made.parameterSources, interpreter.builder.notes)
            } catch {
                guard interpreter.builder.idInputs.count > ids.count else { throw error }
                ids = interpreter.builder.idInputs
            }
        }
    }
}
