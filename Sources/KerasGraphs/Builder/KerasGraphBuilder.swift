import KerasFiles
import ModelGraph
import WeightFiles

/// A graph while it is made: nodes with unique names, inputs, axes, and the stored tensors that parameters come from.
///
/// Layer classes add their calls to it. It knows none of them: `KerasInterpreter` decides which one a call is for.
package struct KerasGraphBuilder {
    /// Which release's rules apply, for masks above all.
    package let generation: KerasGeneration
    /// The stored tensors of each layer.
    package let variables: LayerVariables

    /// In execution order.
    package var nodes: [Node] = []
    /// Names of the graph's inputs, in the model's order.
    package private(set) var inputs: [String] = []
    /// What each input looks like.
    package var layouts: [String: InputLayout] = [:]
    /// What each parameter is made of.
    package private(set) var sources: [ParameterID: ParameterSource] = [:]
    /// Names of tensors that layers own and results do not depend on.
    package private(set) var ignored: Set<String> = []
    /// Names that are taken, of nodes and of inputs.
    private var names: Set<String> = []
    /// The node that a layer's parameters belong to, by layer and part of it; later calls share them.
    private var owners: [OwnerKey: String] = [:]
    /// Axes that turned out to be the same one, or to have a known length.
    private var aliases: [String: RowSpace] = [:]
    /// Inputs of numbers that are looked up in tables: what they are once the model is read again.
    package var idInputs: Set<String> = []
    /// Sequences of every batch, where an input says so.
    package var batchSize: Int?
    /// Whether attention leaves masks where they are (`KerasModel.attentionLeavesMasks`).
    package var attentionLeavesMasks = false
    /// Values whose masks a layer has taken off: later readers find none.
    package var unmasked: Set<String> = []
    /// Values of whole numbers that are computed and all below a known one.
    package var idCounts: [String: Int] = [:]
    /// Values that count the rows of a value, each from a number on.
    package var counted: [String: (along: LayerValue, start: Int)] = [:]
    /// What a user should know of how the model is read, a sentence each.
    package var notes: [String] = []
    /// Nodes that are left out where nothing reads them.
    private var unwanted: Set<String> = []

    package init(generation: KerasGeneration, variables: LayerVariables) {
        self.generation = generation
        self.variables = variables
    }

    private struct OwnerKey: Hashable {
        let path: LayerPath
        let kind: String
        let part: String
    }

    // MARK: Nodes

    /// Adds a node, its parameters with it; later calls of the same layer share those of the first.
    ///
    /// - Parameter part: Which of the call's nodes; empty for the one that gives the result.
    /// - Returns: The node's name.
    @discardableResult
    package mutating func add(
        _ operation: Operation, _ inputs: [String], to call: LayerCall, part: String = "",
        _ parameters: [String: ParameterSource] = [:]
    ) -> String {
        let name = unusedName(part.isEmpty ? call.node : "\(call.node)/\(part)")
        var node = Node(name: name, operation: operation, inputs: inputs)
        if !parameters.isEmpty {
            let key = OwnerKey(path: call.path, kind: operation.kind, part: part)
            if let owner = owners[key] {
                for parameter in operation.parameters {
                    node.ties[parameter.name] = .init(
                        parameter: ParameterID(node: owner, name: parameter.name))
                }
            } else {
                owners[key] = name
                for (parameter, source) in parameters { sources[node.parameterID(parameter)] = source }
            }
        }
        nodes.append(node)
        return name
    }

    /// Adds a node of a family's graph, some of whose parameters may be those of nodes before it.
    package mutating func add(
        _ operation: Operation, _ inputs: [String], to call: LayerCall, part: String,
        _ parameters: [String: ParameterSource], ties: [String: Node.Tie]
    ) -> String {
        let name = add(operation, inputs, to: call, part: part, parameters)
        nodes[nodes.count - 1].ties.merge(ties) { $1 }
        return name
    }

    /// The node that owns a layer's parameters, once it was applied.
    package func owner(of path: LayerPath, kind: String) -> String? {
        owners[OwnerKey(path: path, kind: kind, part: "")]
    }

    /// Adds a node whose parameters are tied to those of other nodes.
    package mutating func add(
        _ operation: Operation, _ inputs: [String], to call: LayerCall, ties: [String: Node.Tie]
    ) -> String {
        let name = unusedName(call.node)
        nodes.append(Node(name: name, operation: operation, inputs: inputs, ties: ties))
        return name
    }

    /// A sound name that nothing else has.
    package mutating func unusedName(_ wanted: String) -> String {
        let base = wanted.soundNodeName
        var name = base
        var number = 1
        while !names.insert(name).inserted {
            number += 1
            name = "\(base).\(number)"
        }
        return name
    }

    /// Notes a node that is left out of the graph where nothing reads it: a result that a layer gives in any case. It
    /// must own no parameters.
    package mutating func leaveOutUnread(_ node: String) { unwanted.insert(node) }

    /// Leaves out what was noted and is not read.
    ///
    /// - Parameter results: Values that the model gives.
    package mutating func removeUnread(_ results: [String]) {
        guard !unwanted.isEmpty else { return }
        var read = Set(results)
        var kept: [Node] = []
        for node in nodes.reversed() where !unwanted.contains(node.name) || read.contains(node.name) {
            read.formUnion(node.inputs)
            kept.append(node)
        }
        nodes = kept.reversed()
    }

    /// Notes tensors that results do not depend on.
    package mutating func ignore(_ tensors: [StoredTensor]) { ignored.formUnion(tensors.map(\.name)) }

    /// Adds a node with parameters that no other call shares.
    package mutating func addOwned(
        _ operation: Operation, _ inputs: [String], to call: LayerCall, part: String,
        _ parameters: [String: ParameterSource]
    ) -> String {
        let name = unusedName(part.isEmpty ? call.node : "\(call.node)/\(part)")
        let node = Node(name: name, operation: operation, inputs: inputs)
        for (parameter, source) in parameters { sources[node.parameterID(parameter)] = source }
        nodes.append(node)
        return name
    }

    // MARK: Inputs

    /// Adds an input of the graph.
    package mutating func addInput(_ name: String, _ layout: InputLayout) {
        inputs.append(name)
        names.insert(name)
        layouts[name] = layout
    }

    // MARK: Axes

    /// Whether two values have the same rows; axes of unknown length that meet are the same one from then on.
    package mutating func unify(_ left: RowSpace, _ right: RowSpace) -> Bool {
        let left = resolved(left), right = resolved(right)
        if left == right { return true }
        switch (left, right) {
        case (.axis(let one), .axis(let other)) where one.steps == other.steps:
            aliases[other.name] = .axis(RowSpace.Axis(one.name))
            return true
        // So many rows, or the framework could not put the tensors together.
        case (.axis(let axis), .count(let count)), (.count(let count), .axis(let axis)):
            guard axis.steps.isEmpty, count > 1 else { return false }
            aliases[axis.name] = .count(count)
            return true
        default: return false
        }
    }

    /// The rows under the name that their axis goes by.
    package func resolved(_ rows: RowSpace) -> RowSpace {
        guard case .axis(var axis) = rows else { return rows }
        // Aliases form no circle: each is made from a name that had none.
        while let known = aliases[axis.name] {
            guard case .axis(let other) = known else {
                var result: RowSpace? = known
                for step in axis.steps { result = result?.applying(step) }
                return result ?? rows
            }
            axis.name = other.name
        }
        return .axis(axis)
    }

    /// The finished graph's inputs.
    package var resolvedLayouts: [String: InputLayout] {
        layouts.mapValues { layout in
            var layout = layout
            layout.rows = resolved(layout.rows)
            return layout
        }
    }
}

extension String {
    /// The text with everything that a node's name may not hold replaced.
    package var soundNodeName: String {
        let parts = split(separator: "/", omittingEmptySubsequences: true).map { part -> String in
            let text = String(
                part.unicodeScalars.map { scalar -> Character in
                    let isSound =
                        scalar.isASCII
                        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                            || "_-.".unicodeScalars.contains(scalar))
                    return isSound ? Character(scalar) : "_"
                })
            return text == "." || text == ".." ? "_" : text
        }
        return parts.isEmpty ? "_" : parts.joined(separator: "/")
    }
}
