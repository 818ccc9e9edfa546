import ArchitectureSpecs
import Archives
import Checkpoints
import JSON
import KerasFiles
import KerasModels
import ModelGraph
import Platform
import Tensors
import WeightFiles

extension FuzzTarget {
    /// The variables of a Keras model, one a line (`name`, tab, extents with commas), a zero byte, its configuration.
    static let kerasModel = FuzzTarget("keras-model") { bytes in
        var intake = Intake(bytes)
        let tensors = variables(intake.upToZero())
        guard let config = try? Document.decode(JSONValue.self, from: intake.all()) else { return }
        assemble(config, tensors)
    }

    /// Variables as above, a zero byte, and what a layer class of a user's own is made of.
    static let kerasLayer = FuzzTarget("keras-layer") { bytes in
        var intake = Intake(bytes)
        let tensors = variables(intake.upToZero())
        guard var layer = try? CustomLayer(intake.all(), path: "layer.json") else { return }
        layer.classes = ["Own"]
        for input in ["[null, null, 8]", "[null, null]"] {
            let text = modelOfOneLayer.replacing("SHAPE", with: input)
            guard let config = try? Document.decode(JSONValue.self, from: Array(text.utf8)) else { return }
            assemble(config, tensors, custom: [layer])
        }
    }

    /// A zip archive, its members, and the configuration of a `.keras`.
    static let archive = FuzzTarget("zip") { bytes in
        if let directory = try? ZipDirectory(bytes) {
            for member in directory.members.prefix(8) {
                precondition(member.data.lowerBound >= 0 && member.data.upperBound <= bytes.count)
                guard member.byteCount <= 4 << 20, let contents = try? member.contents(of: bytes) else { continue }
                precondition(contents.count == member.byteCount, "a member of another size than announced")
            }
        }
        guard bytes.starts(with: [0x50, 0x4B, 3, 4]) else { return }
        withFile(Array(bytes), named: "model.keras") { path in _ = try? KerasDocument.read(path: path) }
    }

    /// The index of a sharded checkpoint.
    static let shards = FuzzTarget("shards") { bytes in
        withFile(Array(bytes), named: "model.index.json") { path in
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            for file in (try? Checkpoint.weightFiles(at: path)) ?? [] {
                let parent = file.split(separator: "/").dropLast().joined(separator: "/")
                precondition(parent == folder && !file.hasSuffix("/.."), "a shard outside the checkpoint's folder")
            }
        }
    }

    private static let modelOfOneLayer = #"""
        {"class_name": "Functional", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
         "config": {"name": "x", "batch_shape": SHAPE, "dtype": "float32"}},
        {"class_name": "Own", "name": "own", "module": "own",
         "config": {"name": "own", "num_heads": 2, "embed_dim": 8, "ff_dim": 16, "maxlen": 6, "vocab_size": 12},
         "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__",
           "config": {"shape": SHAPE, "keras_history": ["x", 0, 0]}}], "kwargs": {}}]}],
        "input_layers": [["x", 0, 0]], "output_layers": [["own", 0, 0]]}}
        """#

    /// As many variables as make sense here, filled with zeros.
    private static func variables(_ text: [UInt8]) -> [StoredTensor] {
        let lines = text.split(separator: UInt8(ascii: "\n")).prefix(64)
        return lines.compactMap { line -> StoredTensor? in
            let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            guard fields.count == 2 else { return nil }
            let extents = fields[1].split(separator: UInt8(ascii: ",")).compactMap {
                Int(String(decoding: $0, as: UTF8.self))
            }
            guard extents.count <= 6, extents.allSatisfy({ (0...4096).contains($0) }),
                let shape = Shape(checking: extents), shape.count <= 1 << 16
            else { return nil }
            let name = String(decoding: fields[0], as: UTF8.self)
            return StoredTensor(
                name: name, file: "model.h5", path: "/" + name, dtype: .float32, shape: shape,
                storedByteCount: shape.count * 4
            ) { () throws(FileError) in Tensor([Float](repeating: 0, count: shape.count), shape: shape) }
        }
    }

    /// Makes the graph by both ways of finding variables, and its parameters.
    private static func assemble(_ config: JSONValue, _ tensors: [StoredTensor], custom: [CustomLayer] = []) {
        let isNumbered = tensors.contains { $0.name.contains("/vars/") }
        let weights: KerasGraph.Weights =
            isNumbered ? .objects(ObjectWeights(tensors, names: [:])) : .listed(listed(tensors))
        guard
            let readings = try? KerasReadings(
                config, generation: KerasDocument.generation(of: config), weights: weights, owners: custom,
                path: "model.h5")
        else { return }
        for reading in readings.readings(atMost: 3) {
            if let made = try? readings.graph(of: reading) { bind(made, tensors) }
        }
    }

    private static func bind(_ made: KerasGraph, _ tensors: [StoredTensor]) {
        guard judge(made.graph), made.graph.nodes.count < 400 else { return }
        let binding = TensorBinder(made.parameterSources, catalog: TensorCatalog(tensors)).bind(made.graph)
        guard binding.problems.isEmpty else { return }
        for parameter in binding.parameters { _ = try? parameter.read() }
    }

    /// One list for each first part of a name.
    private static func listed(_ tensors: [StoredTensor]) -> ListedWeights {
        var order: [String] = []
        var members: [String: [StoredTensor]] = [:]
        for tensor in tensors {
            let layer = tensor.name.split(separator: "/").first.map(String.init) ?? ""
            if members[layer] == nil { order.append(layer) }
            members[layer, default: []].append(tensor)
        }
        return ListedWeights(layers: order.map { .init(name: $0, tensors: members[$0] ?? []) })
    }
}
