import ModelGraph
import Platform
import Tensors

extension Manifest {
    /// Bytes of a manifest at most. One of a hundred layers has less than a megabyte.
    static let byteLimit = 64 << 20

    /// What a manifest says against itself or against its graph, each with its place: a digest shows damage, not lies.
    ///
    /// Reads no tensor, so that whoever only describes a file learns it too.
    func problems(for graph: CheckedGraph) -> [String] {
        var problems: [String] = []
        var shapes: [ParameterID: (dtype: DType, shape: Shape)] = [:]
        for (index, entry) in tensors.enumerated()
        where shapes.updateValue((entry.dtype, entry.shape), forKey: entry.name) != nil {
            problems.append("tensors[\(index)]: \(entry.name.description.printable) is there twice")
        }
        problems += graph.problems { shapes[$0] }.map(\.description)
        var names: Set<String> = []
        for (index, asset) in assets.enumerated() {
            // They may be unpacked: a name must not lead out of a folder.
            if asset.name.contains("/") || [".", "..", ""].contains(asset.name) {
                problems.append("assets[\(index)]: the asset name \"\(asset.name.printable)\" is not a file name")
            } else if !names.insert(asset.name).inserted {
                problems.append("assets[\(index)]: \(asset.name.printable) is there twice")
            }
            if asset.byteCount < 0 {
                problems.append("assets[\(index)]: \(asset.name.printable) has \(asset.byteCount) bytes")
            }
        }
        for (name, limit) in [("", traits.maximumTokens), ("sentences.", traits.sentences?.maximumTokens)] {
            guard let limit, limit < 1 else { continue }
            problems.append("traits.\(name)maximumTokens: a model of \(limit) tokens reads nothing")
        }
        return problems
    }
}
