import JSON
import KerasFiles

/// One way of reading all layers of a class: what they are made of, and what was chosen where no file says it.
struct ClassReading: Sendable {
    /// Name of the document.
    let pattern: String
    /// Which of the ways in which the stored variables give its parts; 0 for the likeliest.
    let order: Int
    /// The same in words; empty for the likeliest.
    let orderLabel: String
    /// By the choices' names, in the document's order.
    let values: [(name: String, value: JSONValue)]
    /// The same as numbers of the values, and the number of the document: quick to compare.
    let codes: [Int]
    let document: Int
    /// 0 for what is most usual.
    let rank: Int
    /// The document of each layer, nothing chosen.
    fileprivate let open: [LayerPath: CustomLayer]

    /// The document of each layer, everything chosen.
    var documents: [LayerPath: CustomLayer] { open.mapValues { $0.chosen(values) } }
}

/// A class that no file holds the code of, with everything that it can be.
struct ClassReadings: Sendable {
    /// As configurations spell it.
    let className: String
    /// Its layers, in the model's order.
    let layers: [LayerPath]
    /// Ways of reading it, the most usual first; none where nothing fits.
    private(set) var readings: [ClassReading]
    /// Titles of choices, and of documents, by name.
    let titles: [String: String]
    let documentTitles: [String: String]
    /// Whether the model's owner has said what the class is.
    private(set) var isSaid: Bool

    /// More than these are not looked at.
    private static let mostReadings = 1 << 15

    /// Whether nothing is left open.
    var isSettled: Bool { isSaid && readings.count == 1 }

    /// - Parameters:
    ///   - documents: What a layer may be, the likeliest first.
    ///   - isSaid: Whether the owner gave the documents.
    ///   - hasMasks: Whether anything in the model makes masks.
    init(
        _ className: String, layers: [(path: LayerPath, layer: KerasLayer, stored: StoredLayer)],
        documents: [CustomLayer], isSaid: Bool, hasMasks: Bool
    ) {
        self.className = className
        self.layers = layers.map(\.path)
        self.isSaid = isSaid
        var readings: [ClassReading] = []
        var titles: [String: String] = [:]
        var fitting = 0
        for document in documents {
            let ways = Self.ways(document, layers)
            guard !ways.isEmpty, let first = layers.first else { continue }
            let start = readings.count
            for (order, way) in ways.enumerated() {
                let choices = way.choices.map { ChosenValues($0, first.layer, hasMasks: hasMasks) }
                for choice in way.choices { titles[choice.name] = choice.title }
                for (values, codes, rank) in ChosenValues.combinations(choices) {
                    readings.append(
                        ClassReading(
                            pattern: document.name, order: order, orderLabel: way.label, values: values,
                            codes: codes, document: fitting,
                            rank: fitting * 2 + way.rank + rank,
                            open: way.documents))
                    if readings.count - start >= Self.mostReadings { break }
                }
                if readings.count - start >= Self.mostReadings { break }
            }
            fitting += 1
        }
        let sorted = readings.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
        self.readings = sorted.prefix(Self.mostReadings).map(\.element)
        self.titles = titles
        documentTitles = Dictionary(documents.map { ($0.name, $0.title) }, uniquingKeysWith: { first, _ in first })
    }

    private struct Way {
        let documents: [LayerPath: CustomLayer]
        let choices: [CustomLayer.Choice]
        let label: String
        let rank: Int
    }

    /// The ways that all layers of the class have in common.
    private static func ways(
        _ document: CustomLayer, _ layers: [(path: LayerPath, layer: KerasLayer, stored: StoredLayer)]
    ) -> [Way] {
        guard document.isByStructure else {
            return [
                Way(
                    documents: Dictionary(layers.map { ($0.path, document) }, uniquingKeysWith: { first, _ in first }),
                    choices: document.choices ?? [], label: "", rank: 0)
            ]
        }
        var ways: [Way]?
        for (path, _, stored) in layers {
            let matches = StructureMatch.all(document, stored)
            guard let known = ways else {
                ways = matches.map {
                    Way(
                        documents: [path: $0.document], choices: $0.document.choices ?? [], label: $0.label,
                        rank: $0.rank)
                }
                continue
            }
            // Layers of a class are alike: the n-th way of one is the n-th way of all.
            guard matches.count == known.count else { return [] }
            ways = zip(known, matches).map { way, match in
                Way(
                    documents: way.documents.merging([path: match.document]) { $1 }, choices: way.choices,
                    label: way.label, rank: way.rank)
            }
        }
        return ways ?? []
    }

    // MARK: What the owner says

    /// Takes an assumption into account.
    ///
    /// - Parameter choice: Name of what is settled; `nil`: the document, or `usual` for what is most usual.
    /// - Returns: Whether anything goes with it.
    mutating func assume(_ choice: String?, _ value: String) -> Bool {
        var kept: [ClassReading]
        if let choice {
            kept =
                choice == "order"
                ? readings.filter { String($0.order) == value }
                : readings.filter { reading in reading.values.contains { $0.name == choice && $0.value.matches(value) }
                }
        } else if value == "usual" {
            kept = Array(readings.prefix(1))
        } else {
            kept = readings.filter { $0.pattern == value }
        }
        guard !kept.isEmpty else { return false }
        readings = kept
        isSaid = true
        return true
    }

    /// Leaves what gives no graph out.
    mutating func keep(where isKept: (ClassReading) -> Bool) { readings = readings.filter(isKept) }

    // MARK: In words

    /// What the class can be: documents with the choices that are still open, each with its values.
    var open: [(document: String, choices: [(name: String, values: [String])])] {
        readings.map(\.pattern).uniqued.map { pattern in
            let open = readings.filter { $0.pattern == pattern }
            var choices: [(name: String, values: [String])] = []
            for name in open[0].values.map(\.name) {
                let values = open.compactMap { reading in reading.values.first { $0.name == name }?.value.word }.uniqued
                if values.count > 1 { choices.append((name, values)) }
            }
            let orders = open.map(\.order).uniqued
            if orders.count > 1 { choices.append(("order", orders.sorted().map(String.init))) }
            return (pattern, choices)
        }
    }

    /// The same in one line: `block (activation = relu | gelu; norm = after | before), or blocks`.
    var description: String {
        open.map { document, choices in
            let words = choices.map { choice in
                let isOrder = choice.name == "order" && choice.values.count > 2
                let values = isOrder ? ["0 … \(choice.values.count - 1)"] : choice.values
                return "\(choice.name) = \(values.joined(separator: " | "))"
            }
            return words.isEmpty ? document : "\(document) (\(words.joined(separator: "; ")))"
        }.joined(separator: ", or ")
    }
}

/// What a choice can be for a layer.
private struct ChosenValues {
    let name: String
    let values: [JSONValue]

    init(_ choice: CustomLayer.Choice, _ layer: KerasLayer, hasMasks: Bool) {
        name = choice.name
        if choice.isNumberOfConfiguration == true {
            let numbers = layer.config.wholeNumbers(hints: choice.keys ?? ["head"])
            values = (numbers + (choice.values ?? [])).uniqued
            return
        }
        if let said = choice.keys?.lazy.compactMap({ layer.config[$0]?.said }).first {
            values = [said]
            return
        }
        let all = choice.values ?? []
        values = choice.needsMask == true && !hasMasks ? Array(all.prefix(1)) : all
    }

    /// Values with their numbers, and how far from the usual they are.
    typealias Combination = (values: [(name: String, value: JSONValue)], codes: [Int], rank: Int)

    private static let most = 1 << 15

    static func combinations(_ choices: [ChosenValues]) -> [Combination] {
        var result: [Combination] = [([], [], 0)]
        for choice in choices {
            var longer: [Combination] = []
            for (values, codes, rank) in result {
                for (index, value) in choice.values.enumerated() {
                    longer.append((values + [(choice.name, value)], codes + [index], rank + index))
                }
            }
            // Of too many the most usual ones; every one has a value of each choice.
            let isLong = longer.count > most
            result = isLong ? Array(longer.sorted { $0.rank < $1.rank }.prefix(most)) : longer
        }
        return result.sorted { $0.rank < $1.rank }
    }
}

extension CustomLayer {
    /// The document with everything chosen.
    fileprivate func chosen(_ values: [(name: String, value: JSONValue)]) -> CustomLayer {
        var result = self
        result.settings = values.map { Setting(name: $0.name, default: $0.value) } + settings
        result.choices = nil
        return result
    }
}

extension JSONValue {
    /// A single value of a configuration as a choice takes it: an activation by its name; `nil` for everything else.
    fileprivate var said: JSONValue? {
        if isNull { return nil }
        if let name = self["config"]?.stringValue ?? self["class_name"]?.stringValue { return .string(name) }
        return arrayValue == nil && objectValue == nil ? self : nil
    }

    /// As it is written after `=`.
    var word: String { stringValue ?? doubleValue.map { intValue.map(String.init) ?? "\($0)" } ?? shortDescription }

    fileprivate func matches(_ text: String) -> Bool {
        if let number = doubleValue, let other = Double(text) { return number == other }
        return word == text
    }

    /// Whole numbers of a configuration, those of keys that hold a hint first.
    fileprivate func wholeNumbers(hints: [String]) -> [JSONValue] {
        var found: [(isHinted: Bool, number: Int)] = []
        for (key, value) in (objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            let single = value.arrayValue.flatMap { Set($0).count == 1 ? $0.first : nil } ?? value
            guard single.boolValue == nil, let number = single.intValue, number > 0 else { continue }
            found.append((hints.contains { key.lowercased().contains($0) }, number))
        }
        return (found.filter(\.isHinted) + found.filter { !$0.isHinted }).map { .integer($0.number) }.uniqued
    }
}

extension Sequence where Element: Hashable {
    /// Every element once, where it first stands.
    var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
