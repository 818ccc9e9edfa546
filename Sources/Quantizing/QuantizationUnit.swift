import ModelGraph
import Rewriting

/// Matrices that change their precision together: those that are given the same rows, or one table.
package struct QuantizationUnit: Sendable, Hashable {
    /// Where the rows come from that a product is given.
    package enum Input: Sendable, Hashable {
        /// A value of the graph, or an input that is one.
        case value(String)
        /// Contexts of the node's kept heads, side by side.
        case context
        /// Nothing is multiplied: rows of a table are looked up.
        case none
    }

    /// The node.
    package let node: String
    /// Names of its matrices, in storage order.
    package let matrices: [String]
    /// The rows they are multiplied with.
    package let input: Input
    /// Name of the parameter with the stream's factors.
    package let smoothing: String?
    /// Whether other nodes read one of the matrices, or it is another node's: values that move would move for all.
    package let isShared: Bool
    /// Whether a matrix is a table elsewhere, which it is stored as.
    package let isTied: Bool

    /// Whether it is a table whose rows are looked up.
    package var isTable: Bool { input == .none }
    /// Name in reports: the node, and which of its products where it has several.
    package var label: String { matrices == ["weight"] ? node : "\(node)/\(matrices.joined(separator: "+"))" }
}

/// Why a matrix stays in 32 bits.
package enum QuantizationRefusal: String, Sendable, Hashable, Codable {
    /// Fewer than 16 rows or columns: nothing to be saved, and often what a model ends with.
    case small
    /// More inputs than 32-bit sums of 8-bit products hold.
    case wide
    /// Its inputs are rounded by the graph itself.
    case rounded
    /// Another node reads it in a way that its scales do not suit.
    case shared
    /// A product of another kind than a matrix with rows.
    case operation
}

extension CheckedGraph {
    /// Fewest rows and columns of a matrix that is quantised.
    private static let leastExtent = 16

    /// What can change its precision, in execution order, and what cannot, with the reason.
    package var quantizationUnits: (units: [QuantizationUnit], refused: [(name: String, why: QuantizationRefusal)]) {
        let candidates = graph.nodes.flatMap(units)
        var refused: [(name: String, why: QuantizationRefusal)] = graph.nodes.flatMap { node in
            node.operation.matrices.filter { $0.role == .weights && node.ties[$0.name] == nil }
                .map { (node.parameterID($0.name).description, .operation) }
        }
        var kept: [QuantizationUnit] = []
        for unit in candidates {
            if let why = refusal(of: unit) { refused.append((unit.label, why)) } else { kept.append(unit) }
        }
        // A matrix of several readers changes for all of them or for none.
        while true {
            let readers = Dictionary(grouping: allReadings, by: \.owner)
            let owned = Set(kept.flatMap { unit in unit.matrices.map { ParameterID(node: unit.node, name: $0) } })
            let lost = kept.filter { unit in
                unit.matrices.contains { name in
                    let id = ParameterID(node: unit.node, name: name)
                    let owner = graph.node(named: unit.node)?.owner(of: name) ?? id
                    let all = readers[owner] ?? []
                    return !owned.contains(owner) || all.contains { !owned.contains($0.id) || !$0.isSuited }
                }
            }
            guard !lost.isEmpty else { break }
            refused += lost.map { ($0.label, .shared) }
            kept.removeAll { lost.contains($0) }
        }
        return (kept, refused)
    }

    private func units(of node: Node) -> [QuantizationUnit] {
        let shared = graph.sharedParameters
        let tables = Set(
            graph.nodes.flatMap { node in
                node.operation.matrices.filter { $0.role == .table }.map { node.parameterID($0.name) }
            })
        var units: [QuantizationUnit] = []
        for matrix in node.operation.matrices {
            let isShared = node.ties[matrix.name] != nil || shared.contains(node.parameterID(matrix.name))
            let isTied = tables.contains(node.owner(of: matrix.name))
            switch matrix.role {
            case .weights: continue
            case .table:
                units.append(
                    QuantizationUnit(
                        node: node.name, matrices: [matrix.name], input: .none, smoothing: nil, isShared: isShared,
                        isTied: isTied))
            case .product(let smoothing):
                if let index = units.firstIndex(where: { $0.smoothing == smoothing }) {
                    let other = units[index]
                    units[index] = QuantizationUnit(
                        node: node.name, matrices: other.matrices + [matrix.name], input: other.input,
                        smoothing: smoothing, isShared: other.isShared || isShared, isTied: other.isTied || isTied)
                } else {
                    units.append(
                        QuantizationUnit(
                            node: node.name, matrices: [matrix.name], input: input(of: matrix, node),
                            smoothing: smoothing, isShared: isShared, isTied: isTied))
                }
            }
        }
        return units
    }

    private func input(of matrix: OperationMatrix, _ node: Node) -> QuantizationUnit.Input {
        switch matrix.role {
        case .product(smoothing: "output_smoothing"): .context
        case .product(smoothing: "memory_smoothing"): .value(node.inputs.dropFirst().first ?? "")
        default: .value(node.inputs.first ?? "")
        }
    }

    private func refusal(of unit: QuantizationUnit) -> QuantizationRefusal? {
        guard let node = graph.node(named: unit.node) else { return .operation }
        let matrices = node.operation.matrices.filter { unit.matrices.contains($0.name) }
        if unit.input == .context, node.attention?.contextRounding != nil { return .rounded }
        for matrix in matrices {
            if matrix.shape[0] < Self.leastExtent || matrix.shape[1] < Self.leastExtent { return .small }
            if !unit.isTable, matrix.shape[0] > Precision.widestInput { return .wide }
        }
        return nil
    }

    /// One reading of a parameter by a node.
    private struct Reading {
        let id: ParameterID
        let owner: ParameterID
        /// Whether scales that suit the owner suit the reader.
        let isSuited: Bool
    }

    private var allReadings: [Reading] {
        let roles = graph.nodes.reduce(into: [ParameterID: OperationMatrix.Role]()) { result, node in
            for matrix in node.operation.matrices { result[node.parameterID(matrix.name)] = matrix.role }
        }
        return graph.nodes.flatMap { node in
            node.operation.parameters.map { parameter in
                let id = node.parameterID(parameter.name), owner = node.owner(of: parameter.name)
                let isOfRows = roles[owner] == .table, isTransposed = node.ties[parameter.name]?.isTransposed == true
                let suits = id == owner || isOfRows == ((roles[id] == .table) != isTransposed)
                return Reading(id: id, owner: owner, isSuited: roles[id] != nil && suits)
            }
        }
    }
}
