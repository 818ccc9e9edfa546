import KerasFiles
import Platform
import Tensors
import WeightFiles

/// Weights as Keras 2 and legacy files of Keras 3 list them: one list a layer of the outermost model.
///
/// Inside a list the variables that are trained come first, then the others, each in the order of creation; a model
/// inside the model is one layer here, and its own layers' names say nothing about where their variables stand.
package struct ListedWeights: Sendable {
    /// Weights of one layer.
    package struct Layer: Sendable {
        /// The name under which the file lists it.
        package let name: String
        /// In the order of the file.
        package let tensors: [StoredTensor]

        package init(name: String, tensors: [StoredTensor]) {
            self.name = name
            self.tensors = tensors
        }
    }

    /// In the order of the file.
    let layers: [Layer]

    package init(layers: [Layer]) { self.layers = layers }

    /// Hands the tensors out to the layers of a model.
    ///
    /// - Returns: Who owns what, and every layer whose number of weights does not fit.
    package func assign(
        to model: KerasModel, _ registry: KerasLayerRegistry
    ) -> (variables: LayerVariables, problems: [Problem]) {
        var result = LayerVariables()
        var problems: [Problem] = []
        let wanted = model.layers.map { (layer: $0, slots: Slot.all(of: $0, [$0.name], registry)) }
            .filter { !$0.slots.all.isEmpty || registry.isFamily($0.layer) }
        let stored = layers.filter { !$0.tensors.isEmpty }
        let byName = Dictionary(stored.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        // Keras goes by the order: names that a program gives by itself differ from run to run, and `dense_1` of one
        // run is `dense_2` of the next. Where the numbers of layers differ, names tell which are meant.
        let names = wanted.map(\.layer.name), storedNames = stored.map(\.name)
        if names != storedNames, Set(names) == Set(storedNames) {
            problems.append(
                Problem(
                    .corrupt, "the file lists the configuration's layers in another order, and Keras goes by the order")
            )
        }
        let isNamed = wanted.count != stored.count && wanted.contains { byName[$0.layer.name] != nil }
        if !isNamed, wanted.count == stored.count {
            for (name, other) in zip(names, storedNames) where name != other {
                result.note(name, readsWeightsOf: other)
            }
        }
        if !isNamed, wanted.count != stored.count {
            problems.append(
                Problem(.corrupt, "\(stored.count) layers have weights, \(wanted.count) in the configuration"))
        }
        for (position, entry) in wanted.enumerated() {
            let path = entry.layer.name.printable
            let found = isNamed ? byName[entry.layer.name] : stored.indices.contains(position) ? stored[position] : nil
            guard let found else {
                problems.append(Problem(.corrupt, "\(path) (\(entry.layer.className.printable)): has no weights"))
                continue
            }
            if registry.isFamily(entry.layer) {
                result.assign(found.tensors, to: [entry.layer.name], object: "")
                continue
            }
            let slots = entry.slots.all
            guard slots.count == found.tensors.count else {
                let message = "has \(found.tensors.count) weights, \(slots.count) in the configuration"
                problems.append(Problem(.corrupt, "\(path) (\(entry.layer.className.printable)): \(message)"))
                continue
            }
            for (owner, members) in Slot.grouped(zip(slots, found.tensors)) {
                result.assign(members, to: owner.layer, object: owner.object)
            }
        }
        return (result, problems)
    }

    /// A variable that waits for its tensor.
    private struct Slot {
        struct Owner: Hashable {
            let layer: LayerPath
            let object: String
        }

        let owner: Owner
        /// Index among the owner's variables.
        let number: Int

        /// Variables of a layer as its list orders them.
        struct Lists {
            var trained: [Slot] = []
            var others: [Slot] = []

            var all: [Slot] { trained + others }
        }

        static func all(of layer: KerasLayer, _ path: LayerPath, _ registry: KerasLayerRegistry) -> Lists {
            var lists = Lists()
            if let inner = registry.inner(of: layer) {
                for child in inner.layers {
                    let part = all(of: child, path + [child.name], registry)
                    lists.trained += part.trained
                    lists.others += part.others
                }
                if !layer.isTrainable || !inner.isTrainable { lists = Lists(others: lists.all) }
                return lists
            }
            for group in registry.variables(of: layer) {
                for (number, variable) in group.variables.enumerated() {
                    let slot = Slot(owner: Owner(layer: path, object: group.object), number: number)
                    if variable.isTrainable { lists.trained.append(slot) } else { lists.others.append(slot) }
                }
            }
            return layer.isTrainable ? lists : Lists(others: lists.all)
        }

        static func grouped(_ pairs: Zip2Sequence<[Slot], [StoredTensor]>) -> [(owner: Owner, tensors: [StoredTensor])]
        {
            var members: [Owner: [(Int, StoredTensor)]] = [:]
            for (slot, tensor) in pairs { members[slot.owner, default: []].append((slot.number, tensor)) }
            return members.map { ($0.key, $0.value.sorted { $0.0 < $1.0 }.map(\.1)) }
        }
    }
}
