import ArchitectureSpecs
import JSON
import KerasFiles
import KerasLayers

/// A stored object as a part of a layer may take it, or four kernels as one attention.
struct PartObject: Sendable, Hashable {
    let path: String
    let kind: StoredLayer.Kind
    let shapes: [[Int]]
    let position: Int
    /// Of attention that is made of kernels of their own: those of queries, keys, values and output.
    let matrices: [Place]?

    /// Where a kernel is.
    struct Place: Sendable, Hashable {
        let path: String
        let position: Int
    }

    init(_ object: StoredLayer.Object) {
        path = object.path
        kind = object.kind
        shapes = object.shapes
        position = object.position
        matrices = nil
    }

    private init(matrices: [PartObject]) {
        path = ""
        kind = .attention
        shapes = matrices.flatMap(\.shapes)
        position = matrices.map(\.position).min() ?? 0
        self.matrices = matrices.map { Place(path: $0.path, position: $0.position) }
    }

    /// Whether a part of a class can be stored so.
    func canBe(_ className: String) -> Bool {
        switch className {
        case "MultiHeadAttention": kind == .attention
        case "Dense": kind == .linear || kind == .matrix || kind == .convolution && shapes[0].count == 3
        case "Embedding": kind == .matrix
        case "Conv2D": kind == .convolution && shapes[0].count == 4
        case "LayerNormalization": kind == .norm
        default: false
        }
    }

    /// The extents that a pattern names.
    func extents(for className: String) -> [Int] {
        guard let first = shapes.first else { return [] }
        switch className {
        case "MultiHeadAttention":
            // Width that goes in, width that comes out.
            let output = shapes[shapes.count / 4 * 3]
            return [first[0], output.last ?? 0]
        case "Dense": return Array(first.suffix(2))
        default: return first
        }
    }

    // MARK: Attention by hand

    /// What four kernels can be, each way with what is left out of the other parts.
    static func ofMatrices(
        _ objects: [PartObject], wantedCount: Int
    ) -> [(object: PartObject, members: [String], rank: Int, label: String)] {
        let kernels = objects.filter { $0.kind == .linear || $0.kind == .matrix }
        guard wantedCount == 1, kernels.count >= 4, kernels.count <= 8 else { return [] }
        let roles = [
            ["query", "wq", "q"], ["key", "wk", "k"], ["value", "wv", "v"],
            ["combine", "out", "dense", "wo", "proj", "o"],
        ]
        func hint(_ object: PartObject, _ role: Int) -> Int {
            let last = object.path.lowercased().split(separator: "/").last.map(String.init) ?? ""
            for (number, word) in roles[role].enumerated() {
                if last == word { return 6 }
                if word.count > 1, last.contains(word) { return 4 - number / 2 }
                if word.count == 1, last.hasPrefix(word + "_") || last.hasSuffix("_" + word) { return 3 }
            }
            return 0
        }
        var found: [(chosen: [PartObject], score: Int)] = []
        func extend(_ chosen: [PartObject], _ score: Int) {
            if chosen.count == 4 {
                if fits(chosen) { found.append((chosen, score)) }
                return
            }
            for object in kernels where !chosen.contains(object) {
                extend(chosen + [object], score + hint(object, chosen.count))
            }
        }
        extend([], 0)
        // Names before the order; the order before everything else.
        let order = Dictionary(uniqueKeysWithValues: kernels.enumerated().map { ($1.path, $0) })
        let sorted = found.enumerated().sorted { left, right in
            if left.element.score != right.element.score { return left.element.score > right.element.score }
            let first = left.element.chosen.map { order[$0.path] ?? 0 },
                second = right.element.chosen.map { order[$0.path] ?? 0 }
            return first.lexicographicallyPrecedes(second)
        }.map(\.element)
        return sorted.prefix(24).enumerated().map { rank, entry in
            let names = zip(["queries", "keys", "values", "output"], entry.chosen).map { "\($0) are \($1.path)" }
            return (
                PartObject(matrices: entry.chosen), entry.chosen.map(\.path), rank == 0 ? 0 : 3 + rank,
                rank == 0 ? "" : names.joined(separator: ", ")
            )
        }
    }

    private static func fits(_ chosen: [PartObject]) -> Bool {
        let kernels = chosen.map { $0.shapes[0] }
        guard Set(chosen.map { $0.shapes.count }).count == 1, kernels[0] == kernels[1],
            kernels[2][0] == kernels[0][0], kernels[3][0] == kernels[2][1]
        else { return false }
        return kernels[2][1] == kernels[0][1]
    }

    /// What scores are divided by.
    static let scaleChoice = CustomLayer.Choice(
        name: "score_scale", title: "what scores of attention are divided by",
        values: [.string("root_head_size"), .string("root_width"), .string("nothing")])

    // MARK: The layer

    /// Class and configuration of the layer that the object is as a part, and the choice that it brings.
    func layer(
        for part: CustomLayer.Part
    ) -> (className: String, config: [String: JSONValue], choice: CustomLayer.Choice?) {
        let first = shapes.first ?? [], last = first.last ?? 1
        func hasBias(after kernel: Int) -> JSONValue {
            .bool(shapes.count > kernel + 1 && shapes[kernel + 1] == [last])
        }
        switch part.class {
        case "MultiHeadAttention":
            let each = shapes.count / 4
            let output = shapes[each * 3]
            if let matrices {
                return (
                    MatrixAttentionLayer.className,
                    [
                        "width": .integer(last), "use_bias": .bool(each > 1),
                        "output_width": .integer(output.last ?? 1),
                        MatrixAttentionLayer.objectsKey: .array(matrices.map { .string($0.path) }),
                        MatrixAttentionLayer.orderKey: .array(
                            matrices.indices.sorted { matrices[$0].position < matrices[$1].position }.map {
                                .integer($0)
                            }),
                    ],
                    CustomLayer.Choice(
                        name: "heads", title: "how many heads the matrices are split into",
                        isNumberOfConfiguration: true)
                )
            }
            var config: [String: JSONValue] = [
                "num_heads": .integer(first.count > 1 ? first[1] : 1),
                "key_dim": .integer(first.count > 2 ? first[2] : 1),
                "value_dim": .integer(shapes[each * 2].last ?? 1), "use_bias": .bool(each > 1),
            ]
            if output.last != first.first { config["output_shape"] = .integer(output.last ?? 1) }
            return ("MultiHeadAttention", config, nil)
        case "Dense" where kind == .convolution:
            let size = first.first ?? 1
            return (
                "Conv1D",
                [
                    "filters": .integer(last), "kernel_size": .array([.integer(size)]), "padding": .string("same"),
                    "use_bias": hasBias(after: 0),
                ], nil
            )
        case "Dense": return ("Dense", ["units": .integer(last), "use_bias": hasBias(after: 0)], nil)
        case "Conv2D":
            let sizes = JSONValue.array(first.prefix(2).map { .integer($0) })
            return (
                "Conv2D",
                ["filters": .integer(last), "kernel_size": sizes, "strides": sizes, "use_bias": hasBias(after: 0)], nil
            )
        case "Embedding":
            return ("Embedding", ["input_dim": .integer(first.first ?? 1), "output_dim": .integer(last)], nil)
        case "LayerNormalization" where shapes.count == 4: return ("BatchNormalization", [:], nil)
        case "LayerNormalization": return ("LayerNormalization", ["center": .bool(shapes.count > 1)], nil)
        default: return (part.class, [:], nil)
        }
    }
}
