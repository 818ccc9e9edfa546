import KerasFiles
import KerasLayers
import Platform
import Tensors
import WeightFiles

/// Weights as `.weights.h5` holds them since Keras 2.13: a tree of the program's objects, each with numbered variables.
///
/// Layers of a model are named by their class in snake case, counted in the model's order; objects inside a layer by
/// the attribute that holds them.
package struct ObjectWeights: Sendable {
    /// Variables by the path of their owner, in the order of their numbers.
    let variables: [String: [StoredTensor]]
    /// Paths of all owners and everything above them.
    let paths: Set<String>
    /// Layers' own names by path, where the writer noted them.
    private let names: [String: String]

    /// Objects inside objects: more than models have, and few enough to note the path of each.
    private static let deepest = 64

    /// - Parameters:
    ///   - tensors: Named by path, `layers/dense/vars/0`.
    ///   - names: Layers' own names by path.
    package init(_ tensors: [StoredTensor], names: [String: String]) {
        var variables: [String: [(number: Int, tensor: StoredTensor)]] = [:]
        var paths: Set<String> = []
        for tensor in tensors {
            let parts = tensor.name.split(separator: "/")
            guard (2...Self.deepest).contains(parts.count), parts[parts.count - 2] == "vars",
                let number = Int(parts[parts.count - 1])
            else { continue }
            variables[parts.dropLast(2).joined(separator: "/"), default: []].append((number, tensor))
            var path = ""
            for part in parts.dropLast(2) {
                path = path.isEmpty ? String(part) : "\(path)/\(part)"
                paths.insert(path)
            }
        }
        self.variables = variables.mapValues { $0.sorted { $0.number < $1.number }.map(\.tensor) }
        self.names = names
        self.paths = paths
    }

    /// Hands the tensors out to the layers of a model.
    ///
    /// - Returns: Who owns what, and every layer without its variables.
    package func assign(
        to model: KerasModel, _ registry: KerasLayerRegistry
    ) -> (variables: LayerVariables, problems: [Problem]) {
        var walk = Walk(weights: self, registry: registry)
        walk.visit(model, path: [], at: "")
        walk.assignShared()
        return (walk.result, walk.problems)
    }

    /// Group names under which releases list the layers of a model.
    static let listNames = ["layers", "_layer_checkpoint_dependencies"]

    /// The path of an object inside another one; names may have underscores in front.
    func path(of object: String, in parent: String) -> String {
        guard !object.isEmpty else { return parent }
        let names = [object, "_" + object].map { parent.isEmpty ? $0 : "\(parent)/\($0)" }
        return names.first(where: paths.contains) ?? names[0]
    }

    /// A walk through a model and the file's tree side by side.
    private struct Walk {
        let weights: ObjectWeights
        let registry: KerasLayerRegistry
        var result = LayerVariables()
        var problems: [Problem] = []
        /// Layers without variables of their own, each with the path where they should be.
        private var waiting: [(layer: KerasLayer, path: LayerPath, group: String)] = []
        /// Layers with variables, by name.
        private var owners: [String: [(layer: KerasLayer, path: LayerPath)]] = [:]

        init(weights: ObjectWeights, registry: KerasLayerRegistry) {
            self.weights = weights
            self.registry = registry
        }

        mutating func visit(_ model: KerasModel, path: LayerPath, at group: String) {
            let lists = ObjectWeights.listNames.map { weights.path(of: $0, in: group) }
            let list = lists.first(where: weights.paths.contains) ?? lists[0]
            // Keras 2.13 met every layer with weights twice, under two names.
            let step = list.hasSuffix(ObjectWeights.listNames[1]) ? 2 : 1
            var counts: [String: Int] = [:]
            var groups: [(layer: KerasLayer, group: String)] = []
            for layer in model.layers {
                let name = layer.storedClassName.snakeCased
                let count = counts[name, default: 0]
                let isWeighty = registry.inner(of: layer) != nil || !registry.variables(of: layer).isEmpty
                counts[name] = count + (isWeighty ? step : 1)
                if isWeighty { groups.append((layer, "\(list)/\(name)\(count == 0 ? "" : "_\(count)")")) }
            }
            check(groups, path)
            for (layer, group) in groups { visit(layer, path: path + [layer.name], at: group) }
        }

        /// The numbers decide; names that say the same layers stand in another order contradict them.
        private mutating func check(_ groups: [(layer: KerasLayer, group: String)], _ path: LayerPath) {
            let noted = groups.compactMap { weights.names[$0.group] }
            guard noted.count == groups.count, Set(noted) == Set(groups.map(\.layer.name)) else {
                for (layer, group) in groups {
                    guard let name = weights.names[group], name != layer.name else { continue }
                    result.note((path + [layer.name]).text, readsWeightsOf: name)
                }
                return
            }
            for (layer, group) in groups where weights.names[group] != layer.name {
                let message = "is number \(group.printable) by the configuration, and the file says that this is"
                let other = (weights.names[group] ?? "").printable
                problems.append(Problem(.corrupt, "\((path + [layer.name]).text): \(message) \"\(other)\""))
            }
        }

        private mutating func visit(_ layer: KerasLayer, path: LayerPath, at group: String) {
            if let inner = layer.inner { return visit(inner, path: path, at: group) }
            if let inner = registry.inner(of: layer) {
                // A custom layer: its parts are attributes of it.
                for part in inner.layers {
                    let groups = registry.objects(of: part).map { weights.path(of: $0, in: group) }
                    let found = groups.first(where: weights.paths.contains) ?? groups.first ?? group
                    visit(part, path: path + [part.name], at: found)
                }
                return
            }
            var isComplete = true
            for part in registry.variables(of: layer) {
                let object = MatrixAttentionLayer.place(of: part.object, in: layer) ?? part.object
                var tensors = weights.variables[weights.path(of: object, in: group)] ?? []
                if let number = registry.variableNumber(of: layer) {
                    tensors = tensors.indices.contains(number) ? [tensors[number]] : []
                }
                result.assign(tensors, to: path, object: part.object)
                isComplete = isComplete && !tensors.isEmpty
            }
            if isComplete {
                owners[layer.name, default: []].append((layer, path))
            } else {
                waiting.append((layer, path, group))
            }
        }

        /// A layer that two models share is saved once, where the first of them is.
        mutating func assignShared() {
            for (layer, path, group) in waiting {
                let first = owners[layer.name]?.first { $0.layer.className == layer.className && $0.path != path }
                for part in registry.variables(of: layer) {
                    guard result.tensors(of: path, object: part.object).isEmpty else { continue }
                    if let first {
                        result.assign(
                            result.tensors(of: first.path, object: part.object), to: path, object: part.object)
                    } else {
                        let wanted = weights.path(of: part.object, in: group).printable
                        let what = part.variables.map(\.name).joined(separator: ", ")
                        problems.append(
                            Problem(
                                .corrupt,
                                "\(path.text) (\(layer.className.printable)): \(what) at \(wanted)/vars is missing"))
                    }
                }
            }
        }
    }
}

extension String {
    /// A class's name as Keras spells it in paths: `MultiHeadAttention` → `multi_head_attention`, `ViT` → `vi_t`.
    package var snakeCased: String {
        let letters = filter { $0.isLetter || $0.isNumber || $0 == "_" }.map(\.self)
        var result = ""
        for (index, letter) in letters.enumerated() {
            let previous = index > 0 ? letters[index - 1] : nil
            let next = index + 1 < letters.count ? letters[index + 1] : nil
            if let previous, letter.isUppercase {
                // Before a capital that starts a word, and after a small letter.
                let startsWord = next?.isLowercase ?? false
                if startsWord || previous.isLowercase { result.append("_") }
            }
            result += letter.lowercased()
        }
        return result
    }
}
