/// What a file stores for one layer whose code it does not hold: variables of its own, and objects with theirs.
struct StoredLayer: Sendable, Hashable {
    /// What an object can be, by the number and the shapes of its variables.
    enum Kind: Sendable, Hashable {
        /// Four kernels of queries, keys, values and output.
        case attention
        /// A kernel `[in, out]` and a bias.
        case linear
        /// `[a, b]` alone: a table of rows, or a kernel without a bias.
        case matrix
        /// A kernel of windows `[…, in, out]`, with or without a bias.
        case convolution
        /// Vectors of one length.
        case norm
        case other
    }

    /// An object inside the layer.
    struct Object: Sendable, Hashable {
        /// From the layer on: `ffn/layers/dense`; what lists call it where they have no attributes.
        let path: String
        let kind: Kind
        /// In the order of creation; of attention those of the query's, key's, value's and output's variables.
        let shapes: [[Int]]
        /// Place of the first variable among the layer's.
        let position: Int
    }

    /// A variable of the layer's own.
    struct Variable: Sendable, Hashable {
        /// Empty where nothing tells it.
        let name: String
        /// Without axes of extent 1 in front.
        let shape: [Int]
        /// Number of axes as it is stored.
        let rank: Int
        let position: Int
    }

    /// In the order of creation where the file keeps it, else in the natural order of their names.
    let objects: [Object]
    let variables: [Variable]

    /// The layer of which nothing is stored.
    static let empty = StoredLayer(objects: [], variables: [])

    private init(objects: [Object], variables: [Variable]) {
        self.objects = objects
        self.variables = variables
    }

    /// One stored variable: the path of its owner inside the layer, its own name, its shape.
    struct Entry {
        let owner: String
        let name: String
        let shape: [Int]
    }

    /// - Parameter isOrdered: Whether the entries stand in the order of creation.
    init(_ entries: [Entry], isOrdered: Bool) {
        var owners: [String] = []
        var members: [String: [(entry: Entry, position: Int)]] = [:]
        for (position, entry) in entries.enumerated() {
            if members[entry.owner] == nil { owners.append(entry.owner) }
            members[entry.owner, default: []].append((entry, position))
        }
        if !isOrdered { owners.sort { $0.naturalOrder.lexicographicallyPrecedes($1.naturalOrder) } }
        variables = (members[""] ?? []).map {
            Variable(
                name: $0.entry.name, shape: $0.entry.shape.withoutLeadingOnes, rank: $0.entry.shape.count,
                position: $0.position)
        }
        var objects: [Object] = []
        var taken: Set<String> = [""]
        for owner in owners where !taken.contains(owner) {
            let parent = owner.parentPath
            if let projections = Self.projections(under: parent, members) {
                taken.formUnion(projections)
                let shapes = projections.flatMap { (members[$0] ?? []).map(\.entry.shape) }
                let position = projections.compactMap { members[$0]?.first?.position }.min() ?? 0
                objects.append(Object(path: parent, kind: .attention, shapes: shapes, position: position))
            } else {
                let own = members[owner] ?? []
                objects.append(
                    Object(
                        path: owner, kind: Self.kind(own.map(\.entry)), shapes: own.map(\.entry.shape),
                        position: own.first?.position ?? 0))
            }
        }
        self.objects = objects
    }

    /// The four objects of Keras's attention inside a path, by the names of any release; `nil`: it is none.
    private static func projections(
        under parent: String, _ members: [String: [(entry: Entry, position: Int)]]
    ) -> [String]? {
        let spellings = [
            ["query_dense", "key_dense", "value_dense", "output_dense"],
            ["_query_dense", "_key_dense", "_value_dense", "_output_dense"],
            ["query", "key", "value", "attention_output"],
        ]
        for names in spellings {
            let paths = names.map { parent.isEmpty ? $0 : "\(parent)/\($0)" }
            if paths.allSatisfy({ members[$0]?.first?.entry.shape.count == 3 }) { return paths }
        }
        return nil
    }

    private static func kind(_ entries: [Entry]) -> Kind {
        let shapes = entries.map(\.shape)
        guard let first = shapes.first else { return .other }
        let isVectors = shapes.allSatisfy { $0.count == 1 && $0 == first }
        if isVectors { return shapes.count <= 4 ? .norm : .other }
        if first.count == 2, shapes.count == 1 { return .matrix }
        guard let bias = shapes.dropFirst().first ?? first.last.map({ [$0] }), bias == [first.last ?? 0] else {
            return .other
        }
        return first.count == 2 ? .linear : (3...4).contains(first.count) && shapes.count <= 2 ? .convolution : .other
    }
}

extension [Int] {
    /// Without axes of extent 1 in front; one axis is left.
    var withoutLeadingOnes: [Int] {
        let rest = drop { $0 == 1 }
        return rest.isEmpty ? Array(suffix(1)) : Array(rest)
    }
}

extension String {
    /// Everything before the last part of a path.
    fileprivate var parentPath: String { split(separator: "/").dropLast().joined(separator: "/") }

    /// Parts with the numbers at their ends as numbers, so that `dense_2` comes before `dense_10`, and `dense` first.
    fileprivate var naturalOrder: [NaturalPart] {
        split(separator: "/").map { part in
            let digits = part.reversed().prefix { $0.isASCII && $0.isNumber }
            let number = Int(String(digits.reversed())) ?? -1
            let word = part.dropLast(digits.count)
            return NaturalPart(word: word.hasSuffix("_") ? String(word.dropLast()) : String(word), number: number)
        }
    }
}

private struct NaturalPart: Comparable {
    let word: String
    let number: Int

    static func < (left: Self, right: Self) -> Bool { (left.word, left.number) < (right.word, right.number) }
}
