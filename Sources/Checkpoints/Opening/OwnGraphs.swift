import ArchitectureSpecs
import KerasFiles
import KerasModels
import ModelGraph
import Platform

/// What is said of classes whose code no file holds.
struct LayerClaims: Sendable {
    /// Documents of the caller's.
    var layers: [CustomLayer] = []
    /// By key, as `--assume` takes them.
    var assumptions: [String: String] = [:]
    /// Whether a statement beside the weights counts; not where a reference proves what is true.
    var readsStatement = true

    /// Name of the file beside the weights that states assumptions: `{"PositionTable": "usual"}`.
    static let statementName = "assumptions.json"
}

/// The graphs of a checkpoint that describes itself: several where its files name classes and do not say what they
/// compute.
struct OwnGraphs: Sendable {
    let readings: KerasReadings
    /// Tensors that are no part of any model of the dialect.
    let ignored: [ParameterSources.Ignored]
    /// Whether the model was trained with a loss of classes.
    var isTrainedOnClasses = false

    /// The graph of one reading.
    func graph(of reading: KerasReadings.Reading) throws(FileError) -> OwnGraph {
        made(try readings.graph(of: reading), reading)
    }

    /// The only graph.
    ///
    /// - Throws: `unsupported` with everything that is open.
    func graph() throws(FileError) -> OwnGraph { made(try readings.graph(), readings.settled) }

    private func made(_ graph: KerasGraph, _ reading: KerasReadings.Reading) -> OwnGraph {
        var sources = graph.parameterSources
        sources.ignored += ignored
        var own = graph.graph
        if own.use == .numbers, isTrainedOnClasses { own.use = .classifier }
        return OwnGraph(
            architecture: "keras-functional", graph: own, sources: sources, traits: .init(),
            assumptions: readings.assumptions(of: reading).map { .init(key: $0.key, value: $0.value) },
            isCoarse: readings.isCoarse, notes: graph.notes)
    }
}
