import JSON
import KerasFiles
import Platform

/// A Keras model whose classes may be read in several ways: what no file says, and the graph of each way.
///
/// The layers of one class share their choices. A class that its file only names is never read without a word: either
/// the model's owner says what it is, or a reference proves one reading (DocC of `ReferenceProof`).
package struct KerasReadings: Sendable {
    /// One reading of each class that is not settled by the files.
    package struct Reading: Sendable, Hashable {
        /// Which of each class's readings.
        let numbers: [Int]
        /// 0 for what is most usual.
        package let rank: Int
    }

    /// Something that no file says and that a reading decides.
    package struct Assumption: Sendable, Hashable {
        /// `TransformerBlock`, or `TransformerBlock.activation`: what `--assume` calls it.
        package let key: String
        package let value: String
    }

    private let model: KerasModel
    private let weights: KerasGraph.Weights
    private let registry: KerasLayerRegistry
    private let path: String
    private var classes: [ClassReadings]

    /// - Parameters:
    ///   - owners: Documents that the model's owner gives; they come before everything else.
    ///   - stated: What stands beside the weights; what is about another model is not looked at.
    ///   - assumptions: By key, as `--assume` takes them; they go before what is stated.
    /// - Throws: `usage` for an assumption about nothing, and for documents of which the model has no layer;
    ///   everything that keeps the configuration from being read.
    package init(
        _ document: JSONValue, generation: KerasGeneration, weights: KerasGraph.Weights, owners: [CustomLayer] = [],
        stated: [String: String] = [:], assumptions: [String: String] = [:], path: String
    ) throws(FileError) {
        do throws(Problem) {
            model = try KerasModelReader.model(document, generation: generation)
        } catch {
            throw FileError([error], path: path)
        }
        self.weights = weights
        self.path = path
        let named = owners.filter { !$0.isByStructure } + (try CustomLayer.builtIn())
        registry = KerasLayerRegistry(custom: named)
        classes = try Self.classes(of: model, weights, registry, owners.filter(\.isByStructure))
        try Self.check(owners, in: model, registry, path: path)
        for (key, value) in stated.sorted(by: { $0.key < $1.key }) where index(of: key) != nil {
            let name = key.split(separator: ".").first
            if !assumptions.keys.contains(where: { $0.split(separator: ".").first == name }) { try assume(key, value) }
        }
        for (key, value) in assumptions.sorted(by: { $0.key < $1.key }) { try assume(key, value) }
    }

    /// Classes that the files do not say enough about, in the order of their first layers.
    private static func classes(
        of model: KerasModel, _ weights: KerasGraph.Weights, _ registry: KerasLayerRegistry, _ owners: [CustomLayer]
    ) throws(FileError) -> [ClassReadings] {
        func isOpen(_ layer: KerasLayer) -> Bool {
            guard layer.inner == nil else { return false }
            if let document = registry.customLayer(of: layer) { return !(document.choices ?? []).isEmpty }
            return registry.layerClass(of: layer) == nil && layer.mayBeOwners
        }
        let all = model.layersWithPaths
        guard all.contains(where: { isOpen($0.layer) }) else { return [] }
        let patterns = owners + (try CustomLayer.patterns())
        let stored = StoredLayers.of(model, weights, registry) { isOpen($0) && registry.customLayer(of: $0) == nil }
        let hasMasks = all.contains { path, layer in
            layer.flag("mask_zero", default: false) || layer.className == "Masking"
                // Tables of words inside may make one.
                || stored[path].map { $0.objects.contains { $0.kind == .matrix } } ?? false
        }
        var names: [String] = []
        var layers: [String: [(path: LayerPath, layer: KerasLayer, stored: StoredLayer)]] = [:]
        for (path, layer) in all where isOpen(layer) {
            if layers[layer.className] == nil { names.append(layer.className) }
            layers[layer.className, default: []].append((path, layer, stored[path] ?? .empty))
        }
        return names.map { name in
            let members = layers[name] ?? []
            let given = members.first.flatMap { registry.customLayer(of: $0.layer) }
            return ClassReadings(
                name, layers: members, documents: given.map { [$0] } ?? patterns, isSaid: given != nil,
                hasMasks: hasMasks)
        }.filter { !$0.readings.isEmpty }
    }

    /// A document that no layer asks for would change nothing, and its owner thinks that it does.
    private static func check(
        _ owners: [CustomLayer], in model: KerasModel, _ registry: KerasLayerRegistry, path: String
    ) throws(FileError) {
        let named = owners.filter { !$0.isByStructure }
        guard !named.isEmpty else { return }
        var asked: Set<String> = []
        for (_, layer) in model.layersWithPaths {
            if let document = registry.customLayer(of: layer) { asked.insert(document.name) }
        }
        guard !named.contains(where: { asked.contains($0.name) }) else { return }
        let classes = named.flatMap(\.classes).map(\.printable).joined(separator: ", ")
        throw FileError(
            .usage, path: path, "has no layer that is described: the document is about \(classes)",
            remedy: "\"classes\" lists class names as the configuration spells them; inspect shows the layers")
    }

    /// A class that is open, for who wants to look at it closely.
    package struct OpenClass: Sendable, Hashable {
        /// Something to be settled.
        package struct Choice: Sendable, Hashable {
            /// What `--assume` calls it behind the class.
            package let name: String
            package let title: String
            /// The usual first.
            package let values: [String]
        }

        /// Something that the class can be.
        package struct Document: Sendable, Hashable {
            package let name: String
            package let title: String
            package let choices: [Choice]
        }

        package let className: String
        /// Where its layers stand.
        package let layers: [String]
        /// The likelier first.
        package let documents: [Document]
    }

    /// Every class that is open.
    package var openClasses: [OpenClass] {
        classes.filter { !$0.isSettled }.map { open in
            OpenClass(
                className: open.className, layers: open.layers.map(\.text),
                documents: open.open.map { document, choices in
                    .init(
                        name: document, title: open.documentTitles[document] ?? "",
                        choices: choices.map { name, values in
                            .init(
                                name: name,
                                title: open.titles[name] ?? (name == "order" ? "which stored part is which" : ""),
                                values: values)
                        })
                })
        }
    }

    // MARK: What the owner says

    /// Which class an assumption is about.
    private func index(of key: String) -> Int? {
        let name = key.split(separator: ".", maxSplits: 1).first.map(String.init) ?? ""
        return classes.firstIndex { open in
            open.className == name || open.className.split(separator: ">").last.map(String.init) == name
        }
    }

    private mutating func assume(_ key: String, _ value: String) throws(FileError) {
        let choice = key.split(separator: ".", maxSplits: 1).dropFirst().first.map(String.init)
        guard let index = index(of: key) else {
            let known = classes.map(\.className.printable).joined(separator: ", ")
            throw FileError(
                .usage, path: path, "--assume \(key.printable): the model has no class of this name that is not known",
                remedy: known.isEmpty ? "nothing has to be assumed about this model" : "open are \(known)")
        }
        guard classes[index].assume(choice, value) else {
            throw FileError(
                .usage, path: path, "--assume \(key.printable)=\(value.printable): nothing goes with it",
                remedy: "\(classes[index].className.printable) can be \(classes[index].description)")
        }
    }

    // MARK: Readings

    /// Whether some class can be read in several ways, or nobody has said what it is.
    package var isOpen: Bool { classes.contains { !$0.isSettled } }

    /// Whether the framework computes some layer in 16 bits.
    package var isCoarse: Bool {
        model.layersWithPaths.contains { _, layer in
            let type = layer.config["dtype"] ?? .null
            let name =
                type.stringValue ?? type["config"]?["name"]?.stringValue ?? type["config"]?["source_name"]?.stringValue
                ?? ""
            return name.contains("float16")
        }
    }

    /// Every class with what it can be, and why nothing of it is taken without a word.
    package var problems: [Problem] {
        classes.filter { !$0.isSettled }.map { open in
            let place = open.layers[0].text + (open.layers.count > 1 ? " and \(open.layers.count - 1) more" : "")
            return Problem(
                .unsupported,
                "\(place) (\(open.className.printable)): its code is not in the file; by what is stored it can be "
                    + open.description)
        }
    }

    /// What to do about an open class.
    package static let remedy =
        "--reference FILE proves which it is by outputs of your own framework (inspect --reference-script prints the "
        + "script that writes the file); --assume CLASS=NAME and --assume CLASS.CHOICE=VALUE say it; "
        + "--architecture FILE describes a class (docs/keras-models.md)"

    /// Number of all readings.
    package var count: Int {
        classes.reduce(1) {
            $0.multipliedReportingOverflow(by: $1.readings.count).overflow ? .max : $0 * $1.readings.count
        }
    }

    /// The most usual readings, most usual first; choices of one name that differ between classes are less so.
    package func readings(atMost limit: Int) -> [Reading] {
        var partial: [(numbers: [Int], rank: Int, values: [String: String])] = [([], 0, [:])]
        for open in classes {
            var longer: [(numbers: [Int], rank: Int, values: [String: String])] = []
            let most = max(64, limit / max(1, partial.count) * 4)
            let words = open.readings.prefix(most).map { reading in
                reading.values.map { ($0.name, $0.value.word) }
            }
            for (numbers, rank, values) in partial.prefix(limit) {
                for (number, reading) in open.readings.prefix(most).enumerated() {
                    var sum = rank + reading.rank
                    var merged = values
                    for (name, word) in words[number] {
                        if let other = values[name] {
                            if other != word { sum += 3 }
                        } else {
                            merged[name] = word
                        }
                    }
                    longer.append((numbers + [number], sum, merged))
                }
            }
            partial = Array(
                longer.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(
                    \.element
                ).prefix(limit))
        }
        return partial.map { Reading(numbers: $0.numbers, rank: $0.rank) }
    }

    /// The readings that differ from one in a single choice, document or order.
    package func neighbours(of reading: Reading) -> [Reading] {
        var result: [Reading] = []
        for (index, open) in classes.enumerated() {
            let own = open.readings[reading.numbers[index]]
            for (number, other) in open.readings.enumerated() where number != reading.numbers[index] {
                let isSamePattern = other.document == own.document
                let differing =
                    isSamePattern
                    ? zip(own.codes, other.codes).count { $0 != $1 } + (own.order == other.order ? 0 : 1)
                    : 1
                guard differing == 1, isSamePattern || other.rank < own.rank + 4 else { continue }
                var numbers = reading.numbers
                numbers[index] = number
                result.append(Reading(numbers: numbers, rank: reading.rank - own.rank + other.rank))
            }
        }
        return result
    }

    /// What a reading takes for granted.
    package func assumptions(of reading: Reading) -> [Assumption] {
        zip(classes, reading.numbers).flatMap { open, number -> [Assumption] in
            let chosen = open.readings[number]
            var result = [Assumption(key: open.className, value: chosen.pattern)]
            if chosen.order > 0 {
                result.append(Assumption(key: "\(open.className).order", value: String(chosen.order)))
            }
            return result
                + chosen.values.map { Assumption(key: "\(open.className).\($0.name)", value: $0.value.word) }
        }
    }

    /// The graph of a reading.
    ///
    /// - Throws: What keeps the model from being read so.
    package func graph(of reading: Reading) throws(FileError) -> KerasGraph {
        var documents: [LayerPath: CustomLayer] = [:]
        for (open, number) in zip(classes, reading.numbers) {
            documents.merge(open.readings[number].documents) { $1 }
        }
        return try KerasGraph(
            model.describing(documents), weights: weights, registry: registry, path: path)
    }

    /// The graph of a model in which nothing is open.
    ///
    /// - Throws: What is open, with everything that it can be, together with whatever else is not known.
    package func graph() throws(FileError) -> KerasGraph {
        if isOpen {
            let known = Set(classes.flatMap(\.layers))
            let others = registry.problems(in: model).filter { problem in
                !known.contains { problem.message.hasPrefix($0.text + ",") }
            }
            throw FileError(problems + others, path: path, remedy: Self.remedy)
        }
        return try graph(of: Reading(numbers: classes.map { _ in 0 }, rank: 0))
    }

    /// The only reading of a model in which nothing is open.
    package var settled: Reading { Reading(numbers: classes.map { _ in 0 }, rank: 0) }
}

extension KerasModel {
    /// All layers of the model and of models inside it.
    var layersWithPaths: [(path: LayerPath, layer: KerasLayer)] { layersWithPaths(path: []) }

    private func layersWithPaths(path: LayerPath) -> [(path: LayerPath, layer: KerasLayer)] {
        layers.flatMap { layer -> [(path: LayerPath, layer: KerasLayer)] in
            let path = path + [layer.name]
            return [(path, layer)] + (layer.inner?.layersWithPaths(path: path) ?? [])
        }
    }

    /// The model with what some of its layers are made of.
    func describing(_ documents: [LayerPath: CustomLayer]) -> KerasModel {
        documents.isEmpty ? self : describing(documents, path: [])
    }

    private func describing(_ documents: [LayerPath: CustomLayer], path: LayerPath) -> KerasModel {
        let layers = layers.map { layer -> KerasLayer in
            let path = path + [layer.name]
            var changed = KerasLayer(
                className: layer.className, module: layer.module, name: layer.name, config: layer.config,
                calls: layer.calls, inner: layer.inner?.describing(documents, path: path), firstCall: layer.firstCall,
                isForeign: layer.isForeign)
            changed.document = documents[path]
            return changed
        }
        return KerasModel(
            name: name, layers: layers, inputs: inputs, outputs: outputs, isTrainable: isTrainable,
            generation: generation)
    }
}
