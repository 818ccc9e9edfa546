import KerasFiles
import Tensors
import WeightFiles

/// What a file stores for the layers of a model that nothing describes, by where they stand.
///
/// Layers whose variables cannot be told from their neighbours' have none here.
enum StoredLayers {
    /// - Parameter isWanted: Whether a layer is asked for.
    static func of(
        _ model: KerasModel, _ weights: KerasGraph.Weights, _ registry: KerasLayerRegistry,
        isWanted: (KerasLayer) -> Bool
    ) -> [LayerPath: StoredLayer] {
        switch weights {
        case .listed(let listed): listed.storedLayers(of: model, registry, isWanted)
        case .objects(let objects): objects.storedLayers(of: model, registry, isWanted, path: [], group: "")
        }
    }
}

extension ObjectWeights {
    fileprivate func storedLayers(
        of model: KerasModel, _ registry: KerasLayerRegistry, _ isWanted: (KerasLayer) -> Bool, path: LayerPath,
        group: String
    ) -> [LayerPath: StoredLayer] {
        var result: [LayerPath: StoredLayer] = [:]
        let lists = Self.listNames.map { self.path(of: $0, in: group) }
        let list = lists.first(where: paths.contains) ?? lists[0]
        let step = list.hasSuffix(Self.listNames[1]) ? 2 : 1
        var counts: [String: Int] = [:]
        for layer in model.layers {
            let name = layer.storedClassName.snakeCased
            let count = counts[name, default: 0]
            let group = "\(list)/\(name)\(count == 0 ? "" : "_\(count)")"
            let layerPath = path + [layer.name]
            if isWanted(layer) {
                let entries = self.entries(under: group)
                result[layerPath] = StoredLayer(entries, isOrdered: false)
                counts[name] = count + (entries.isEmpty ? 1 : step)
                continue
            }
            let inner = registry.inner(of: layer)
            counts[name] = count + (inner != nil || !registry.variables(of: layer).isEmpty ? step : 1)
            if let inner {
                result.merge(storedLayers(of: inner, registry, isWanted, path: layerPath, group: group)) { $1 }
            }
        }
        return result
    }

    private func entries(under group: String) -> [StoredLayer.Entry] {
        var entries: [StoredLayer.Entry] = []
        for owner in variables.keys.sorted() where owner == group || owner.hasPrefix(group + "/") {
            let inside = String(owner.dropFirst(group.count + 1))
            // The state of random generators is nobody's weight.
            guard !inside.split(separator: "/").contains(where: { $0.hasSuffix("seed_generator") }) else { continue }
            for tensor in variables[owner] ?? [] {
                entries.append(.init(owner: inside, name: "", shape: tensor.shape.extents))
            }
        }
        return entries
    }
}

extension ListedWeights {
    fileprivate func storedLayers(
        of model: KerasModel, _ registry: KerasLayerRegistry, _ isWanted: (KerasLayer) -> Bool
    ) -> [LayerPath: StoredLayer] {
        var result: [LayerPath: StoredLayer] = [:]
        for (position, layer) in model.layers.enumerated() {
            guard let found = found(for: layer, at: position, in: model, registry, isWanted) else {
                for path in Self.wanted(layer, [layer.name], registry, isWanted) { result[path] = .empty }
                continue
            }
            let entries = found.tensors.map { Self.entry($0, in: found.name) }
            if isWanted(layer) {
                result[[layer.name]] = StoredLayer(
                    entries.map { $0.inside(layer.name, layer.plainClassName) }, isOrdered: true)
                continue
            }
            let paths = Self.wanted(layer, [layer.name], registry, isWanted)
            for path in paths {
                let name = path.last ?? ""
                let own = entries.filter { $0.owner == name || $0.owner.hasPrefix(name + "/") }
                result[path] = StoredLayer(own.map { $0.inside(name, name) }, isOrdered: true)
            }
        }
        return result
    }

    /// The list of a layer: by its name, or where no name fits by the order of layers with weights.
    private func found(
        for layer: KerasLayer, at position: Int, in model: KerasModel, _ registry: KerasLayerRegistry,
        _ isWanted: (KerasLayer) -> Bool
    ) -> Layer? {
        let named = layers.first { $0.name == layer.name }
        if named != nil || model.layers.contains(where: { layer in layers.contains { $0.name == layer.name } }) {
            return named.flatMap { $0.tensors.isEmpty ? nil : $0 }
        }
        let stored = layers.filter { !$0.tensors.isEmpty }
        let weighty = model.layers.enumerated().filter { _, layer in
            isWanted(layer) || registry.inner(of: layer) != nil || !registry.variables(of: layer).isEmpty
        }
        guard weighty.count == stored.count, let number = weighty.firstIndex(where: { $0.offset == position }) else {
            return nil
        }
        return stored[number]
    }

    private static func wanted(
        _ layer: KerasLayer, _ path: LayerPath, _ registry: KerasLayerRegistry, _ isWanted: (KerasLayer) -> Bool
    ) -> [LayerPath] {
        if isWanted(layer) { return [path] }
        guard let inner = registry.inner(of: layer) else { return [] }
        return inner.layers.flatMap { wanted($0, path + [$0.name], registry, isWanted) }
    }

    /// `layer/scope/dense_1/kernel:0`, read below the layer's own list.
    private static func entry(_ tensor: StoredTensor, in list: String) -> StoredLayer.Entry {
        var parts = tensor.name.dropFirst(list.count + 1).split(separator: "/").map(String.init)
        let name = parts.popLast() ?? ""
        return .init(
            owner: parts.joined(separator: "/"), name: name.split(separator: ":").first.map(String.init) ?? name,
            shape: tensor.shape.extents)
    }
}

extension StoredLayer.Entry {
    /// The entry as a layer of a name owns it: a scope of that name in front is the layer's own, as is one that is
    /// named after its class.
    fileprivate func inside(_ layer: String, _ className: String) -> Self {
        let parts = owner.split(separator: "/").map(String.init)
        guard let first = parts.first else { return self }
        let word = first.split(separator: "_").filter { Int($0) == nil }.joined(separator: "_")
        let isOwn = first == layer || word == className.snakeCased
        return .init(owner: (isOwn ? parts.dropFirst() : parts[...]).joined(separator: "/"), name: name, shape: shape)
    }
}
