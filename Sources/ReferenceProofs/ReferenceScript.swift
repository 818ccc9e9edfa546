import Checkpoints
import ModelGraph
import Platform

/// A Python script for a model's own framework that writes inputs and outputs for `--reference`.
package struct ReferenceScript {
    /// The script.
    package let text: String

    /// - Throws: `unsupported` where nothing tells what the model reads.
    package init(path: String, options: LoadingOptions) throws(FileError) {
        var options = options
        options.reference = nil
        let summary = try Checkpoint.describe(path: path, options: options)
        let graph = try Self.graph(path, options, summary)
        let isKeras = summary.dialect.hasPrefix("keras") && summary.dialect != "kerashub"
        let open = try CheckpointReadings(path: path, options: options)
        let classes =
            open?.openClasses.map(\.className)
            ?? Self.unique(summary.assumptions.map { String($0.key.split(separator: ".")[0]) })
        text =
            isKeras
            ? Self.keras(path, graph, classes: classes)
            : Self.transformers(path, graph, isTensorFlow: summary.dialect == "hf-tf")
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    /// The graph; of a model that can be read in several ways that of one.
    private static func graph(
        _ path: String, _ options: LoadingOptions, _ summary: CheckpointSummary
    ) throws(FileError) -> CheckedGraph {
        if let graph = summary.graph { return graph }
        if let readings = try CheckpointReadings(path: path, options: options) {
            for reading in readings.readings(atMost: 256) {
                if let model = try? readings.model(of: reading) { return model.graph }
            }
        }
        throw FileError(.unsupported, path: path, summary.problems.isEmpty ? ["is no model"] : summary.problems)
    }

    // MARK: Keras

    private static func keras(_ path: String, _ graph: CheckedGraph, classes: [String]) -> String {
        var lines = [
            "# Writes ref.npz, inputs and outputs of Keras itself: reuseformer run MODEL --reference ref.npz …",
            "import numpy as np",
            "import keras  # a model of Keras 2: import tf_keras as keras",
        ]
        let names = classes.map { $0.split(separator: ">").last.map(String.init) ?? $0 }.map(\.pythonText)
        if !classes.isEmpty {
            lines.append("# The classes of the model, as your program has them: \(names.joined(separator: ", "))")
        }
        lines += [
            "model = keras.models.load_model(\(path.pythonText), compile=False)"
                + (classes.isEmpty ? "" : "  # custom_objects={\"NAME\": CLASS, …}"),
            "random = np.random.default_rng(0)",
            "# Made up; rows of your own data are better still.", "inputs = {",
        ]
        lines += graph.inputs.map { "    \($0.pythonText): \(array($0, graph))," }
        lines += [
            "}", "values = list(inputs.values())",
            "outputs = model(values if len(values) > 1 else values[0], training=False)",
            "if not isinstance(outputs, dict):",
            "    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]",
            "    outputs = dict(zip(model.output_names, outputs))",
            "named = {\"out\" if len(outputs) == 1 else \"out.\" + k: np.asarray(v) for k, v in outputs.items()}",
            "np.savez(\"ref.npz\", **{\"in.\" + k: v for k, v in inputs.items()}, **named)",
        ]
        return lines.joined(separator: "\n")
    }

    /// Made-up numbers of an input's shape; ids that stand for padding at the end of some.
    private static func array(_ name: String, _ graph: CheckedGraph) -> String {
        guard let layout = graph.inputLayouts[name] else {
            return name.contains("mask") ? "np.ones((4, 12), \"int32\")" : ids("(4, 12)", name, graph)
        }
        let rows = layout.rows.length(layout.rows.axisNames.reduce(into: [:]) { $0[$1] = 12 }) ?? 12
        if layout.content == .ids { return ids(layout.rows == .sequences ? "(4,)" : "(4, \(rows))", name, graph) }
        let extents: [Int] =
            !layout.grid.isEmpty
            ? (layout.isChannelsFirst ? [layout.width] + layout.grid : layout.grid + [layout.width])
            : layout.rows == .sequences ? [layout.width] : layout.isPairs ? [rows, rows] : [rows, layout.width]
        let shape = "(" + ([4] + extents).map(String.init).joined(separator: ", ") + ")"
        if name.contains("mask") { return "np.ones(\(shape), \"float32\")" }
        return "random.standard_normal(\(shape)).astype(\"float32\")"
    }

    private static func ids(_ shape: String, _ name: String, _ graph: CheckedGraph) -> String {
        let vocabularies = graph.nodes.compactMap { node -> Int? in
            guard case .embedding(let embedding) = node.operation, node.inputs.first == name else { return nil }
            return embedding.vocabulary
        }
        return "random.integers(0, \(vocabularies.min() ?? 2), \(shape)).astype(\"int32\")"
    }

    // MARK: transformers

    private static func transformers(_ path: String, _ graph: CheckedGraph, isTensorFlow: Bool) -> String {
        let prefix = isTensorFlow ? "TF" : ""
        let outputs = graph.outputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
        var lines = [
            "# Writes ref.npz, inputs and outputs of transformers itself: reuseformer run MODEL --reference ref.npz …",
            "import numpy as np", "import transformers",
        ]
        if !isTensorFlow { lines.append("import torch") }
        lines += [
            "folder = \(path.pythonText)",
            "config = transformers.AutoConfig.from_pretrained(folder)",
            "name = (config.architectures or [\"AutoModel\"])[0]",
            isTensorFlow
                ? "model = getattr(transformers, name if name.startswith(\"TF\") else \"\(prefix)\" + name)"
                    + ".from_pretrained(folder)"
                : "model = getattr(transformers, name).from_pretrained(folder).eval()",
            "random = np.random.default_rng(0)", "inputs = {",
        ]
        lines += graph.inputs.map { "    \($0.pythonText): \(array($0, graph))," }
        lines += ["}"]
        lines +=
            isTensorFlow
            ? ["outputs = model({k: v for k, v in inputs.items()}, training=False)"]
            : ["with torch.no_grad():", "    outputs = model(**{k: torch.tensor(v) for k, v in inputs.items()})"]
        lines += [
            "named = {\"out.\" + k: np.asarray(outputs[k]) for k in (\(outputs),) if k in outputs}",
            "np.savez(\"ref.npz\", **{\"in.\" + k: v for k, v in inputs.items()}, **named)",
        ]
        return lines.joined(separator: "\n")
    }
}

extension String {
    /// As a literal of Python.
    fileprivate var pythonText: String {
        let escaped = unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\\": return "\\\\"
            case "\"": return "\\\""
            case "\n": return "\\n"
            default:
                return scalar.value < 32 || scalar.value == 127
                    ? "\\x\(String(scalar.value, radix: 16).padded)" : String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }

    private var padded: String { count < 2 ? "0" + self : self }
}

extension RowSpace {
    /// Names of the axes that the number of rows depends on.
    fileprivate var axisNames: [String] {
        switch self {
        case .tokens: ["tokens"]
        case .sequences, .count: []
        case .axis(let axis):
            [axis.name] + axis.steps.compactMap { if case .joined(let name) = $0 { name } else { nil } }
        }
    }
}
