import ModelGraph
import Platform

/// A family's graph for one checkpoint's settings.
package struct ExpandedGraph: Sendable, Hashable {
    /// Where a node came from: its template's name, and the indices of the repetitions around it.
    package struct Origin: Sendable, Hashable {
        package let template: String
        package let settings: Settings
    }

    package let graph: Graph
    /// By node name.
    package let origins: [String: Origin]
}

/// Unrolls a spec's graph.
package struct SpecExpander {
    private let spec: ArchitectureSpec
    private let graphInputs: [String]
    private let inputLayouts: [String: InputLayout]
    /// Inputs that the family has, but not under these settings.
    private let absentInputs: Set<String>
    private var aliases: [String: String] = [:]
    private var nodes: [Node] = []
    private var origins: [String: ExpandedGraph.Origin] = [:]
    private var hiddenStates: [String] = []
    private var encoderHiddenStates: [String] = []
    /// More nodes than any model has: a bound for hostile configurations.
    private static let largestNodeCount = 1 << 16

    /// The spec's graph under `settings`. Not yet validated.
    package static func expand(_ spec: ArchitectureSpec, _ settings: Settings) throws(Problem) -> ExpandedGraph {
        do throws(Expression.Failure) {
            var expander = try SpecExpander(spec, settings)
            try expander.append(spec.graph.nodes, settings)
            return try expander.finish(settings)
        } catch {
            throw Problem(.corrupt, "\(spec.name): \(error.message)")
        }
    }

    private init(_ spec: ArchitectureSpec, _ settings: Settings) throws(Expression.Failure) {
        self.spec = spec
        var present: [String] = []
        var layouts: [String: InputLayout] = [:]
        for input in spec.graph.inputs where try input.when.holds(in: settings) {
            present.append(input.name)
            layouts[input.name] = try input.layout(in: settings)
        }
        graphInputs = present
        inputLayouts = layouts
        absentInputs = Set(spec.graph.inputs.map(\.name)).subtracting(present)
    }

    private mutating func append(_ steps: [ArchitectureSpec.Step], _ settings: Settings) throws(Expression.Failure) {
        for step in steps {
            switch step {
            case .node(let template):
                guard try template.when.holds(in: settings) else { continue }
                try append(template, settings)
            case .repetition(let repetition):
                guard try repetition.when.holds(in: settings) else { continue }
                let count = try repetition.repeat.count(in: settings, from: 0, upTo: Expression.largestRepetition)
                for index in 0..<count {
                    try append(repetition.nodes, settings.setting(repetition.index, to: .integer(index)))
                }
            }
        }
    }

    private mutating func append(
        _ template: ArchitectureSpec.NodeTemplate, _ settings: Settings
    ) throws(Expression.Failure) {
        guard nodes.count < Self.largestNodeCount else {
            throw Expression.Failure(message: "the graph has more than \(Self.largestNodeCount) nodes")
        }
        let name = try template.name.name(in: settings)
        func failure(_ error: Expression.Failure) -> Expression.Failure {
            Expression.Failure(message: "node \(name): \(error.message)")
        }
        do throws(Expression.Failure) {
            var inputs: [String] = []
            for input in template.inputs {
                let value = try input.name(in: settings)
                if !absentInputs.contains(value) { inputs.append(aliases[value] ?? value) }
            }
            var ties: [String: Node.Tie] = [:]
            for (parameter, tie) in template.ties ?? [:] where try tie.when.holds(in: settings) {
                let text = try tie.parameter.name(in: settings)
                guard let owner = ParameterID(text) else {
                    throw Expression.Failure(message: "\(parameter) is tied to \"\(text)\", which names no parameter")
                }
                ties[parameter] = Node.Tie(parameter: owner, isTransposed: tie.isTransposed ?? false)
            }
            let operation = try template.operation.operation(in: settings)
            if let shares = template.shares, try shares.when.holds(in: settings) {
                let owner = try shares.node.name(in: settings)
                for parameter in operation.parameters where ties[parameter.name] == nil {
                    ties[parameter.name] = Node.Tie(
                        parameter: ParameterID(node: owner, name: parameter.name))
                }
            }
            if try template.isHiddenState?.value(in: settings) == true {
                if template.stack == .encoder { encoderHiddenStates.append(name) } else { hiddenStates.append(name) }
            }
            nodes.append(Node(name: name, operation: operation, inputs: inputs, ties: ties))
        } catch {
            throw failure(error)
        }
        origins[name] = ExpandedGraph.Origin(template: template.name.source, settings: settings)
        for alias in template.alias?.list ?? [] { aliases[alias] = name }
    }

    private func finish(_ settings: Settings) throws(Expression.Failure) -> ExpandedGraph {
        var outputs: [Graph.Output] = []
        for output in spec.graph.outputs where try output.when.holds(in: settings) {
            let value = aliases[output.value] ?? output.value
            outputs.append(
                Graph.Output(
                    name: output.name, value: value, isSqueezed: output.isSqueezed ?? false,
                    isOfChoices: output.isOfChoices ?? false))
        }
        var use = ModelUse.encoder
        for candidate in spec.graph.use where try candidate.when.holds(in: settings) {
            use = candidate.use
            break
        }
        // An encoder without its decoder is the model's one stack.
        let isEncoderAlone = hiddenStates.isEmpty
        let graph = Graph(
            inputs: graphInputs, inputLayouts: inputLayouts, nodes: nodes, outputs: outputs,
            hiddenStates: isEncoderAlone ? encoderHiddenStates : hiddenStates,
            encoderHiddenStates: isEncoderAlone ? [] : encoderHiddenStates, use: use)
        return ExpandedGraph(graph: graph, origins: origins)
    }
}

extension ArchitectureSpec.GraphTemplate.Input {
    fileprivate func layout(in settings: Settings) throws(Expression.Failure) -> InputLayout? {
        guard let content else { return nil }
        let space: RowSpace
        if let axis {
            space = .axis(RowSpace.Axis(axis))
        } else if let rows {
            space = .count(try rows.count(in: settings))
        } else {
            throw Expression.Failure(message: "input \(name): \"rows\" or \"axis\" must tell its rows")
        }
        var extents: [Int] = []
        for extent in grid ?? [] { extents.append(try extent.count(in: settings)) }
        return InputLayout(
            content: content, rows: space, width: try width.count(in: settings) ?? 1, grid: extents,
            isChannelsFirst: try isChannelsFirst?.value(in: settings) ?? false, absent: absent, mask: mask)
    }
}
