import Platform
import Tensors
import WeightFiles

/// Weights as `.weights.h5` holds them since Keras 2.13: a tree of the program's objects, each with numbered variables.
///
/// Layers of a model are named by their class in snake case, counted in the model's order; objects inside a layer by
/// the attribute that holds them.
package struct ObjectWeights: Sendable {
    /// Variables by the path of their owner, in the order of their numbers.
    private let variables: [String: [SourceTensor]]
    /// Paths of all owners and everything above them.
    private let paths: Set<String>
    /// Layers' own names by path, where the writer noted them.
    private let names: [String: String]

    /// Objects inside objects: more than models have, and few enough to note the path of each.
    private static let deepest = 64

    /// - Parameters:
    ///   - tensors: Named by path, `layers/dense/vars/0`.
    ///   - names: Layers' own names by path.
    package init(_ tensors: [SourceTensor], names: [String: String]) {
        var variables: [String: [(number: Int, tensor: SourceTensor)]] = [:]
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
        to model: KerasModel, _ classes: KerasLayerClasses
    ) -> (variables: LayerVariables, problems: [Problem]) {
        var walk = Walk(weights: self, classes: classes)
        walk.visit(model, path: [], at: "")
        walk.assignShared()
        return (walk.result, walk.problems)
    }

    /// Group names under which releases list the layers of a model.
    private static let listNames = ["layers", "_layer_checkpoint_dependencies"]

    /// The path of an object inside another one; names may have underscores in front.
    private func path(of object: String, in parent: String) -> String {
        guard !object.isEmpty else { return parent }
        let names = [object, "_" + object].map { parent.isEmpty ? $0 : "\(parent)/\($0)" }
        return names.first(where: paths.contains) ?? names[0]
    }

    private struct Walk {
        let weights: ObjectWeights
        let classes: KerasLayerClasses
        var result = LayerVariables()
        var problems: [Problem] = []
        private var waiting: [(layer: KerasLayer, path: LayerPath, place: String)] = []
        private var owners: [String: [(layer: KerasLayer, path: LayerPath)]] = [:]

        init(weights: ObjectWeights, classes: KerasLayerClasses) {
            self.weights = weights
            self.classes = classes
        }

        mutating func visit(_ model: KerasModel, path: LayerPath, at place: String) {
            let lists = ObjectWeights.listNames.map { weights.path(of: $0, in: place) }
            let list = lists.first(where: weights.paths.contains) ?? lists[0]
            // Keras 2.13 met every layer with weights twice, under two names.
            let step = list.hasSuffix(ObjectWeights.listNames[1]) ? 2 : 1
            var counts: [String: Int] = [:]
            var places: [(layer: KerasLayer, place: String)] = []
            for layer in model.layers {
                let name = layer.storedClassName.snakeCased
                let count = counts[name, default: 0]
                let isWeighty = classes.inner(of: layer) != nil || !classes.places(of: layer).isEmpty
                counts[name] = count + (isWeighty ? step : 1)
                if isWeighty { places.append((layer, "\(list)/\(name)\(count == 0 ? "" : "_\(count)")")) }
            }
            check(places, path)
            for (layer, place) in places { visit(layer, path: path + [layer.name], at: place) }
        }

        /// The numbers decide; names that say the same layers stand in another order contradict them.
        private mutating func check(_ places: [(layer: KerasLayer, place: String)], _ path: LayerPath) {
            let noted = places.compactMap { weights.names[$0.place] }
            guard noted.count == places.count, Set(noted) == Set(places.map(\.layer.name)) else { return }
            for (layer, place) in places where weights.names[place] != layer.name {
                let message = "is number \(place.printable) by the configuration, and the file says that this is"
                let other = (weights.names[place] ?? "").printable
                problems.append(Problem(.corrupt, "\((path + [layer.name]).text): \(message) \"\(other)\""))
            }
        }

        private mutating func visit(_ layer: KerasLayer, path: LayerPath, at place: String) {
            if let inner = layer.inner { return visit(inner, path: path, at: place) }
            if let inner = classes.inner(of: layer) {
                // A custom layer: its parts are attributes of it.
                for part in inner.layers {
                    let places = classes.objects(of: part).map { weights.path(of: $0, in: place) }
                    let found = places.first(where: weights.paths.contains) ?? places.first ?? place
                    visit(part, path: path + [part.name], at: found)
                }
                return
            }
            var isComplete = true
            for part in classes.places(of: layer) {
                var tensors = weights.variables[weights.path(of: part.object, in: place)] ?? []
                if let number = classes.number(of: layer) {
                    tensors = tensors.indices.contains(number) ? [tensors[number]] : []
                }
                result.assign(tensors, to: path, object: part.object)
                isComplete = isComplete && !tensors.isEmpty
            }
            if isComplete {
                owners[layer.name, default: []].append((layer, path))
            } else {
                waiting.append((layer, path, place))
            }
        }

        /// A layer that two models share is saved once, where the first of them stands.
        mutating func assignShared() {
            for (layer, path, place) in waiting {
                let first = owners[layer.name]?.first { $0.layer.className == layer.className && $0.path != path }
                for part in classes.places(of: layer) {
                    guard result.tensors(of: path, object: part.object).isEmpty else { continue }
                    if let first {
                        result.assign(
                            result.tensors(of: first.path, object: part.object), to: path, object: part.object)
                    } else {
                        let wanted = weights.path(of: part.object, in: place).printable
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
