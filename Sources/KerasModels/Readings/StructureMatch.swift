import ArchitectureSpecs
import JSON
import KerasFiles
import ModelGraph

/// One way in which what is stored for a layer gives the parts and variables of a pattern.
struct StructureMatch: Sendable {
    /// The pattern with every part where it is stored, and every extent known.
    let document: CustomLayer
    /// Which part is what, where names and order might be told otherwise; empty for the first way.
    let label: String
    /// 0 for the likeliest way.
    let rank: Int
    /// Choices that this way brings: how many heads matrices are split into.
    let choices: [CustomLayer.Choice]

    /// All ways, the likeliest first.
    ///
    /// - Returns: None where kinds, numbers or shapes don't fit.
    static func all(_ pattern: CustomLayer, _ stored: StoredLayer) -> [StructureMatch] {
        guard pattern.isByStructure, stored.objects.count <= 512 else { return [] }
        return (try? Matcher(pattern, stored).matches()) ?? []
    }
}

/// Compares a pattern with what is stored.
private struct Matcher {
    private typealias Failure = Expression.Failure

    /// A part of the pattern by its name, repetitions written out.
    private struct Wanted {
        let part: CustomLayer.Part
        let name: String
        let index: Settings
    }

    private let pattern: CustomLayer
    private let stored: StoredLayer
    /// Ways that are followed up, per kind and in all.
    private static let mostOrders = 24
    private static let mostMatches = 48

    init(_ pattern: CustomLayer, _ stored: StoredLayer) {
        self.pattern = pattern
        self.stored = stored
    }

    func matches() throws(Expression.Failure) -> [StructureMatch] {
        var base = Settings()
        for (name, wanted) in pattern.counted ?? [:] {
            let count = stored.objects.count { PartObject($0).canBe(wanted.class) }
            guard count >= wanted.least, count > 0 else { return [] }
            base = base.setting(name, to: .integer(count))
        }
        var wanted: [Wanted] = []
        for step in pattern.parts {
            for (part, settings) in try step.expanded(in: base) {
                wanted.append(Wanted(part: part, name: try part.name.name(in: settings), index: settings))
            }
        }
        var result: [StructureMatch] = []
        for order in orders(of: wanted) {
            for variables in variableOrders() {
                guard let match = try match(order, variables, base) else { continue }
                // The first way is the usual one.
                let rank = order.rank + variables.rank + unusualAxes(of: variables) * 3
                result.append(
                    StructureMatch(
                        document: match.document, label: order.label + variables.label, rank: rank,
                        choices: match.choices))
                if result.count >= Self.mostMatches { return result.sorted { $0.rank < $1.rank } }
            }
        }
        return result.sorted { $0.rank < $1.rank }
    }

    // MARK: Which object is which part

    /// Every part with its object.
    private struct Order {
        var parts: [(wanted: Wanted, object: PartObject)] = []
        var rank = 0
        var label = ""
    }

    private func orders(of wanted: [Wanted]) -> [Order] {
        var orders = [Order()]
        var rest = stored.objects.map(PartObject.init)
        let classes = [
            ["MultiHeadAttention"], ["Conv2D"], ["LayerNormalization"], ["Embedding"], ["Dense"],
        ]
        if wanted.contains(where: { $0.part.class == "MultiHeadAttention" }),
            !rest.contains(where: { $0.kind == .attention })
        {
            return PartObject.ofMatrices(rest, wantedCount: wanted.count { $0.part.class == "MultiHeadAttention" })
                .flatMap { group -> [Order] in
                    let others = rest.filter { !group.members.contains($0.path) }
                    return Self.orders(
                        of: wanted, among: others + [group.object], classes,
                        [Order(rank: group.rank, label: group.label)])
                }
        }
        defer { rest = [] }
        orders = Self.orders(of: wanted, among: rest, classes, orders)
        return orders
    }

    private static func orders(
        of wanted: [Wanted], among objects: [PartObject], _ classes: [[String]], _ start: [Order]
    ) -> [Order] {
        var rest = objects
        var orders = start
        for names in classes {
            let parts = wanted.filter { names.contains($0.part.class) }
            guard !parts.isEmpty else { continue }
            let fitting = rest.filter { $0.canBe(names[0]) }
            // Matrices alone are tables where tables are wanted, else kernels without a bias.
            let chosen = Array(
                fitting.prefix(names[0] == "Dense" || names[0] == "Embedding" ? fitting.count : parts.count))
            guard chosen.count == parts.count || names[0] == "Embedding" && chosen.count >= parts.count else {
                return []
            }
            let taken = names[0] == "Embedding" ? Array(chosen.prefix(parts.count)) : chosen
            rest.removeAll { object in taken.contains { $0.path == object.path } }
            var next: [Order] = []
            for order in orders {
                for (rank, permutation) in permutations(of: taken, for: parts).enumerated() {
                    var longer = order
                    longer.parts += zip(parts, permutation).map { ($0, $1) }
                    longer.rank += rank == 0 ? 0 : 3 + rank
                    if rank > 0 {
                        longer.label += zip(parts, permutation).map { "\($0.name) is \($1.path)" }.joined(
                            separator: ", ")
                    }
                    next.append(longer)
                }
            }
            orders = Array(next.prefix(mostOrders * 2))
        }
        return rest.isEmpty ? orders : []
    }

    /// Orders of some objects of one kind, the likeliest first: names that say what they are count before the order.
    private static func permutations(of objects: [PartObject], for parts: [Wanted]) -> [[PartObject]] {
        guard objects.count > 1 else { return [objects] }
        guard objects.count <= 4 else { return [objects] }
        let all = permutations(Array(objects.indices))
        let hints = all.map { permutation in
            zip(parts, permutation).reduce(0) { $0 + $1.0.part.hint(for: objects[$1.1].path) }
        }
        let sorted = all.indices.sorted { (hints[$1], $0) < (hints[$0], $1) }
        return sorted.prefix(mostOrders).map { all[$0].map { objects[$0] } }
    }

    private static func permutations(_ numbers: [Int]) -> [[Int]] {
        guard numbers.count > 1 else { return [numbers] }
        return numbers.indices.flatMap { index -> [[Int]] in
            var rest = numbers
            let first = rest.remove(at: index)
            return permutations(rest).map { [first] + $0 }
        }
    }

    private struct VariableOrder {
        var variables: [(wanted: CustomLayer.Variable, stored: StoredLayer.Variable, number: Int)] = []
        var rank = 0
        var label = ""
    }

    private func variableOrders() -> [VariableOrder] {
        let wanted = pattern.variables ?? []
        guard wanted.count == stored.variables.count else { return [] }
        guard wanted.count > 1 else {
            return [VariableOrder(variables: zip(wanted, stored.variables).map { ($0, $1, 0) })]
        }
        guard wanted.count <= 4 else { return [] }
        return Self.permutations(Array(wanted.indices)).enumerated().map { rank, permutation in
            VariableOrder(
                variables: zip(wanted, permutation).map { ($0, stored.variables[$1], $1) },
                rank: rank == 0 ? 0 : 3 + rank,
                label: rank == 0
                    ? ""
                    : zip(wanted, permutation).map { "\($0.name) is variable \($1)" }.joined(separator: ", "))
        }
    }

    /// Vectors that are rows have axes in front of them, and those that are factors have none: how many are otherwise.
    private func unusualAxes(of order: VariableOrder) -> Int {
        order.variables.count { wanted, stored, _ in
            guard stored.shape.count == 1 else { return false }
            let isRow = pattern.calls.flatMap { $0.written() }.contains {
                $0.entry.part?.source == wanted.name && $0.entry.arguments.isEmpty
            }
            return isRow != (stored.rank > 1)
        }
    }

    // MARK: Extents

    private func match(
        _ order: Order, _ variables: VariableOrder, _ base: Settings
    ) throws(Expression.Failure) -> (document: CustomLayer, choices: [CustomLayer.Choice])? {
        var extents = base
        for (wanted, object) in order.parts {
            guard let shape = wanted.part.shape else { continue }
            guard let known = extents.unified(shape, with: object.extents(for: wanted.part.class)) else { return nil }
            extents = known
        }
        for (wanted, stored, _) in variables.variables {
            guard let shape = wanted.shape else { continue }
            guard let known = extents.unified(shape, with: stored.shape) else { return nil }
            extents = known
        }
        var document = pattern
        document.match = .structure
        document.counted = nil
        document.settings = extents.values.sorted { $0.key < $1.key }.map {
            CustomLayer.Setting(name: $0.key, default: $0.value.member)
        }
        var parts: [(position: Int, part: CustomLayer.Part)] = []
        var choices: [CustomLayer.Choice] = []
        for (wanted, object) in order.parts {
            guard let name = try? NameTemplate(parsing: wanted.name) else { return nil }
            var part = wanted.part
            part.name = name
            part.when = nil
            part.shape = nil
            guard let attribute = try? NameTemplate(parsing: object.path) else { return nil }
            part.alternatives = [attribute]
            let (className, config, more) = object.layer(for: wanted.part)
            part.class = className
            part.config = .object((part.config?.objectValue ?? [:]).merging(config) { $1 })
            if let more, !choices.contains(where: { $0.name == more.name }) { choices.append(more) }
            if more != nil {
                part.words = (part.words ?? [:]).merging(["num_heads": "heads", "score_scale": "score_scale"]) { $1 }
            }
            parts.append((object.position, part))
        }
        if !choices.isEmpty { choices.append(PartObject.scaleChoice) }
        document.parts = parts.sorted { $0.position < $1.position }.map { .one($0.part) }
        let firstPart = parts.map(\.position).min() ?? .max
        document.variables = variables.variables.sorted { $0.number < $1.number }.map { wanted, stored, number in
            var variable = wanted
            variable.shape = nil
            variable.number = number
            // What is not trained stands behind everything that is.
            if stored.position > firstPart { variable.isTrainable = false }
            return variable
        }
        document.choices = (pattern.choices ?? []) + choices
        return (document, choices)
    }
}

extension CustomLayer.Part {
    /// How much a stored name speaks for being this part.
    fileprivate func hint(for path: String) -> Int {
        let parts = path.lowercased().split(separator: "/")
        guard let last = parts.last else { return 0 }
        let words = [name.source] + (alternatives ?? []).map(\.source)
        if words.contains(where: { $0 == last }) { return 3 }
        return words.contains { word in word.count > 1 ? last.contains(word) : last.hasSuffix(word) } ? 2 : 0
    }
}

extension Settings {
    /// The settings with the extents of a shape; `nil` where the shape is another one.
    fileprivate func unified(_ shape: [Expression], with extents: [Int]) -> Settings? {
        guard shape.count == extents.count else { return nil }
        var result = self
        for (expression, extent) in zip(shape, extents) {
            if let name = expression.singleName, result[name] == nil {
                result = result.setting(name, to: .integer(extent))
            } else {
                guard let value = try? expression.integer(in: result), value == extent else { return nil }
            }
        }
        return result
    }
}
