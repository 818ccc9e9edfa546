import ArchitectureSpecs
import KerasFiles
import KerasModels
import ModelGraph
import Platform
import WeightFiles

/// A checkpoint whose files leave open what some classes compute: every way of reading it, and the model of each.
///
/// Nothing here runs a model. Whoever can compares outputs with those of the model's own framework, and takes the
/// reading that agrees.
package struct CheckpointReadings: Sendable {
    /// One way of reading the checkpoint.
    package struct Reading: Sendable, Hashable {
        fileprivate let own: KerasReadings.Reading
        /// 0 for what is most usual.
        package var rank: Int { own.rank }
    }

    /// A class that is open.
    package typealias OpenClass = KerasReadings.OpenClass

    private let source: RecognizedCheckpoint
    private let graphs: OwnGraphs
    private let options: LoadingOptions

    /// - Returns: `nil` for checkpoints that say all of themselves.
    package init?(path: String, options: LoadingOptions) throws(FileError) {
        let folder = try CheckpointFolder(path: path, config: options.config, reading: options.hdf5)
        guard try folder.reuseFile() == nil else { return nil }
        let files = try OpenFiles(folder, options)
        let recognized = try files.recognized(try files.rankedDialects())
        guard let ownGraphs = recognized.ownGraphs else { return nil }
        var claims = LayerClaims(assumptions: options.assumptions, readsStatement: options.reference == nil)
        if let name = options.architecture {
            guard let described = try CustomLayer.layers(named: name) else { return nil }
            claims.layers = described
        }
        let graphs = try ownGraphs(claims)
        guard graphs.readings.isOpen else { return nil }
        self.graphs = graphs
        source = recognized
        self.options = options
    }

    /// Number of all readings.
    package var count: Int { graphs.readings.count }

    /// What is open, for who wants to look at it closely.
    package var openClasses: [OpenClass] { graphs.readings.openClasses }

    /// What is open, a class each.
    package var problems: [String] { graphs.readings.problems.map(\.message) }

    /// The most usual readings, most usual first.
    package func readings(atMost limit: Int) -> [Reading] {
        graphs.readings.readings(atMost: limit).map(Reading.init)
    }

    /// The readings that differ from one in a single point.
    package func neighbours(of reading: Reading) -> [Reading] {
        graphs.readings.neighbours(of: reading.own).map(Reading.init)
    }

    /// What a reading takes for granted.
    package func assumptions(of reading: Reading) -> [Model.Provenance.Assumption] {
        graphs.readings.assumptions(of: reading.own).map { .init(key: $0.key, value: $0.value) }
    }

    /// The model of a reading.
    ///
    /// - Throws: What keeps the checkpoint from being read so.
    package func model(of reading: Reading) throws(FileError) -> Model {
        try BoundCheckpoint(source, try graphs.graph(of: reading.own)).complete(options)
    }
}

extension Checkpoint {
    /// Whether a path leads to a `.reuse.h5`, which tells everything itself.
    package static func isReuseFile(at path: String, options: LoadingOptions) throws(FileError) -> Bool {
        try CheckpointFolder(path: path, config: options.config, reading: options.hdf5).reuseFile() != nil
    }
}

extension BoundCheckpoint {
    /// The whole model, with what it takes for granted.
    func complete(_ options: LoadingOptions) throws(FileError) -> Model {
        var result = try model(options)
        if !assumptions.isEmpty { result.provenance.assumptions = assumptions }
        result.isCoarse = isCoarse
        return result
    }
}
