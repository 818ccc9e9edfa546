import ArchitectureSpecs
import JSON
import ModelGraph
import Platform
import Tensors

/// The graph of a functional or sequential Keras model, made from its own configuration and its stored variables.
package struct KerasGraph: Sendable {
    /// How the variables are found.
    package enum Weights: Sendable {
        case listed(ListedWeights)
        case objects(ObjectWeights)
    }

    package let graph: Graph
    package let places: TensorPlaces

    /// - Parameters:
    ///   - document: `config.json`, or attribute `model_config`.
    ///   - classes: Layer classes that are understood.
    ///   - path: The file, for messages.
    package init(
        _ document: JSONValue, generation: KerasGeneration, weights: Weights, classes: KerasLayerClasses, path: String
    ) throws(FileError) {
        func alone<R>(_ body: () throws(Problem) -> R) throws(FileError) -> R {
            do throws(Problem) { return try body() } catch { throw FileError([error], path: path) }
        }
        let model = try alone { () throws(Problem) in try KerasModelReader.model(document, generation: generation) }
        let unknowns = classes.unknowns(in: model)
        guard unknowns.isEmpty else {
            throw FileError(
                unknowns, path: path,
                remedy: "docs/keras-models.md lists what is understood, and how a layer of your own is described")
        }
        let (variables, problems) =
            switch weights {
            case .listed(let listed): listed.assign(to: model, classes)
            case .objects(let objects): objects.assign(to: model, classes)
            }
        guard problems.isEmpty else { throw FileError(problems, path: path) }
        (graph, places) = try alone { () throws(Problem) in
            let builder = KerasGraphBuilder(generation: generation, variables: variables)
            var interpreter = KerasInterpreter(classes, builder: builder)
            return try interpreter.graph(of: model)
        }
    }
}
