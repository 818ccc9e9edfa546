import Foundation
import ModelGraph
import Rewriting
import Tensors

/// Executes a graph literally, in double precision, one sequence with its mask at a time: no fusion, no packing, no
/// ragged rows. Independent of everything in the Runtime.
struct ReferenceInterpreter {
    typealias Matrix = [[Double]]

    let model: Model
    private(set) var values: [String: Matrix] = [:]
    private(set) var maps: [HeadID: Matrix] = [:]
    /// Sums over heads of each attention node's keys.
    private(set) var keySums: [String: Matrix] = [:]

    init(_ model: Model, _ sequence: ModelInput) {
        self.model = model
        let visible = sequence.ids.indices.map { sequence.mask.isEmpty || sequence.mask[$0] }
        for node in model.graph.nodes { values[node.name] = evaluate(node, sequence, visible) }
    }

    private func matrix(_ node: Node, _ name: String) -> Matrix {
        guard let tensor = model.tensor(of: node, name) else { return [] }
        let floats = tensor.floats
        let columns = tensor.shape.extents.last ?? 1
        return stride(from: 0, to: floats.count, by: columns).map { start in
            floats[start..<start + columns].map(Double.init)
        }
    }

    private func product(_ x: Matrix, _ node: Node, _ prefix: String) -> Matrix {
        let weight = matrix(node, prefix.isEmpty ? "weight" : prefix + "_weight")
        let bias = matrix(node, prefix.isEmpty ? "bias" : prefix + "_bias").first
        let columns = weight.first?.count ?? bias?.count ?? 0
        return x.map { row in
            (0..<columns).map { column in
                weight.indices.reduce(bias?[column] ?? 0) { $0 + row[$1] * weight[$1][column] }
            }
        }
    }

    private mutating func evaluate(_ node: Node, _ sequence: ModelInput, _ visible: [Bool]) -> Matrix {
        let inputs = node.inputs.map { values[$0] ?? [] }
        switch node.operation {
        case .embedding:
            let tokens = matrix(node, "tokens"), positions = matrix(node, "positions"), types = matrix(node, "types")
            return sequence.ids.indices.map { place in
                let type = sequence.types.isEmpty ? 0 : Int(sequence.types[place])
                return (0..<tokens[0].count).map {
                    tokens[Int(sequence.ids[place])][$0] + (positions.isEmpty ? 0 : positions[place][$0])
                        + (types.isEmpty ? 0 : types[type][$0])
                }
            }
        case .norm(let norm):
            let scale = matrix(node, "scale")[0], offset = matrix(node, "offset").first
            return inputs[0].map { row in
                let mean = norm.kind == .layer ? row.reduce(0, +) / Double(row.count) : 0
                let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
                return row.indices.map {
                    (row[$0] - mean) / (variance + Double(norm.epsilon)).squareRoot() * scale[$0] + (offset?[$0] ?? 0)
                }
            }
        case .linear: return product(inputs[0], node, "")
        case .activation(let function): return inputs[0].map { $0.map { apply(function, $0) } }
        case .add:
            return inputs[0].indices.map { row in
                inputs[0][row].indices.map { c in inputs.reduce(0) { $0 + $1[row][c] } }
            }
        case .gate(let function):
            return inputs[0].indices.map { row in
                inputs[0][row].indices.map { apply(function, inputs[0][row][$0]) * inputs[1][row][$0] }
            }
        case .pooling(let pooling):
            let rows = inputs[0].indices.filter { visible[$0] }.map { inputs[0][$0] }
            let width = inputs[0][0].count
            switch pooling {
            case .first: return [inputs[0][0]]
            case .last: return [rows[rows.count - 1]]
            case .mean: return [(0..<width).map { c in rows.reduce(0) { $0 + $1[c] } / Double(rows.count) }]
            case .max: return [(0..<width).map { c in rows.map { $0[c] }.max() ?? 0 }]
            case .meanSquareRoot:
                return [(0..<width).map { c in rows.reduce(0) { $0 + $1[c] } / Double(rows.count).squareRoot() }]
            case .weightedMean:
                let weights = inputs[0].indices.filter { visible[$0] }.map { Double($0 + 1) }
                let total = weights.reduce(0, +)
                return [(0..<width).map { c in zip(rows, weights).reduce(0) { $0 + $1.0[c] * $1.1 } / total }]
            }
        case .attention(let attention): return attend(attention, node, inputs[0], visible)
        case .exit(let margin):
            let scores = inputs[0][0].sorted(by: >)
            return scores[0] - scores[1] >= Double(margin) ? inputs[0] : inputs[2]
        case .softmax:
            return inputs[0].map { row in
                let sum = row.reduce(0) { $0 + exp($1) }
                return row.map { exp($0) / sum }
            }
        case .matching(let matching):
            return matching.numbers(of: keySums[node.inputs[0]] ?? []).map { [Double($0)] }
        case .merge(let merge): return merged(merge, inputs)
        case .multiply:
            return zip(inputs[0], inputs[1]).map { left, right in left.map { $0 * right[0] } }
        case .elementwise(.divide):
            return zip(inputs[0], inputs[1]).map { left, right in left.map { $0 / right[0] } }
        default: return inputs[0]
        }
    }

    private func apply(_ function: Activation, _ x: Double) -> Double {
        switch function {
        case .identity: x
        case .relu: max(x, 0)
        case .gelu: 0.5 * x * erfc(-x / 2.0.squareRoot())
        case .geluTanh: 0.5 * x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .tanh: Foundation.tanh(x)
        case .silu: x / (1 + exp(-x))
        case .sigmoid: 1 / (1 + exp(-x))
        case .quickGelu: x / (1 + exp(-1.702 * x))
        case .reluSquared: max(x, 0) * max(x, 0)
        default: function.definition(x)
        }
    }

    private mutating func attend(_ attention: Attention, _ node: Node, _ x: Matrix, _ visible: [Bool]) -> Matrix {
        let query = product(x, node, "query"), key = product(x, node, "key"), value = product(x, node, "value")
        let columns = attention.headSize
        keySums[node.name] = key.map { row in
            (0..<columns).map { column in stride(from: column, to: row.count, by: columns).reduce(0) { $0 + row[$1] } }
        }
        let sizes = attention.masking?.hasSizes == true ? values[node.inputs[1]] : nil
        let keys = x.indices.filter { visible[$0] }
        let mayAttend = { (q: Int, k: Int) in
            let isNear = attention.mask.window.map { q - k < $0 && (attention.mask.isCausal || k - q < $0) } ?? true
            return visible[k] && (!attention.mask.isCausal || k <= q) && isNear
        }
        // Visible tokens before each one.
        let ranks = visible.indices.map { place in visible[..<place].count(where: { $0 }) }
        let size = attention.headSize
        func rows(_ all: Matrix, _ slot: Int, norm: String) -> Matrix {
            all.enumerated().map { place, row in
                prepared(attention, node, Array(row[slot * size..<(slot + 1) * size]), norm: norm, at: place)
            }
        }
        let computed = attention.computedHeads
        let queries = computed.indices.map { rows(query, $0, norm: "query_norm") }
        let keyRows = computed.map { head in
            rows(key, attention.keyGroups.firstIndex(of: attention.group(of: head)) ?? 0, norm: "key_norm")
        }
        for (number, head) in computed.enumerated() {
            maps[HeadID(node: node.name, head: head)] = x.indices.map { q in
                let scores = x.indices.map { k -> Double in
                    guard mayAttend(q, k) else { return -.infinity }
                    return score(
                        attention, node, head, query: queries[number][q], at: q, key: keyRows[number][k], at: k,
                        visibleDistance: ranks[k] - ranks[q]) + (sizes.map { log($0[k][0]) } ?? 0)
                }
                let top = scores.max() ?? 0
                let powers = scores.map { $0 == -.infinity ? 0 : exp($0 - top) }
                if attention.heads[head] == .hard {
                    // The first of the keys with the largest score; none where none may be looked at.
                    let best = top == -.infinity ? nil : scores.firstIndex(of: top)
                    return scores.indices.map { $0 == best ? 1 : 0 }
                }
                let sum = powers.reduce(0, +)
                return powers.map { sum > 0 ? $0 / sum : 0 }
            }
        }
        for (head, source) in attention.heads.enumerated() {
            guard case .borrowed(let terms) = source else { continue }
            maps[HeadID(node: node.name, head: head)] = x.indices.map { q in
                var row = [Double](repeating: 0, count: x.count)
                for term in terms {
                    switch term.map {
                    case .head(let id): for k in row.indices { row[k] += Double(term.weight) * (maps[id]?[q][k] ?? 0) }
                    case .pattern(let pattern):
                        for (k, share) in pattern.row(query: q, keys: keys, mayAttend: mayAttend) {
                            row[k] += Double(term.weight) * share
                        }
                    }
                }
                return row
            }
        }
        let context: Matrix = x.indices.map { q in
            attention.keptHeads.flatMap { head in
                let column = attention.valueGroups.firstIndex(of: attention.group(of: head)) ?? 0
                return (0..<attention.valueSize).map { c in
                    keys.reduce(0) {
                        $0 + (maps[HeadID(node: node.name, head: head)]?[q][$1] ?? 0)
                            * value[$1][column * attention.valueSize + c]
                    }
                }
            }
        }
        return product(context, node, "output")
    }
}

extension StaticPattern {
    /// Keys and weights that a query looks at.
    func row(query: Int, keys: [Int], mayAttend: (Int, Int) -> Bool) -> [(Int, Double)] {
        // A masked query stands where the next visible key does.
        guard let own = keys.firstIndex(where: { $0 >= query }) ?? keys.indices.last else { return [] }
        switch self {
        case .identity: return [(keys[own], 1)]
        case .previous:
            let place = max(own - 1, 0)
            return [(keys[mayAttend(query, keys[place]) ? place : own], 1)]
        case .next:
            let place = min(own + 1, keys.count - 1)
            return [(keys[mayAttend(query, keys[place]) ? place : own], 1)]
        case .first: return keys.first { mayAttend(query, $0) }.map { [($0, 1)] } ?? []
        case .mean:
            let seen = keys.filter { mayAttend(query, $0) }
            return seen.map { ($0, 1 / Double(seen.count)) }
        }
    }
}
