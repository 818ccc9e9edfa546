import JSON
import Platform

extension ArchitectureSpec {
    /// A spec from its JSON text.
    package init(_ document: [UInt8], path: String) throws(FileError) {
        do throws(Document.ReadError) {
            self = try Document.decode(ArchitectureSpec.self, from: document)
        } catch {
            throw FileError(
                .usage, path: path, "not an architecture spec: \(error)",
                remedy: "docs/architecture-specs.md shows how one is written")
        }
        let problems = self.problems
        if !problems.isEmpty { throw FileError(.usage, path: path, problems) }
    }

    /// What is wrong with the spec before it meets a checkpoint: names that nothing declares.
    package var problems: [String] {
        var problems: [String] = []
        var known: Set<String> = [Self.writerName, Self.dialectName]
        func check(_ names: Set<String>, _ part: String, _ scope: Set<String>) {
            for name in names.subtracting(scope).sorted() {
                problems.append("\(part): \"\(name)\" is not a setting of this spec")
            }
        }
        for setting in config {
            check(setting.names, "config \(setting.name)", known)
            if !known.insert(setting.name).inserted { problems.append("config \(setting.name): declared twice") }
        }
        for harmless in harmless ?? [] {
            check(harmless.when?.names ?? [], "harmless \(harmless.rule.keys.joined(separator: ", "))", known)
        }
        var templates: [String: OperationTemplate] = [:]
        func visit(_ steps: [Step], _ scope: Set<String>) {
            for step in steps {
                switch step {
                case .repetition(let repetition):
                    check(repetition.repeat.names.union(repetition.when?.names ?? []), "repeat", scope)
                    visit(repetition.nodes, scope.union([repetition.index]))
                case .node(let node):
                    var read = node.name.names.union(node.operation.names).union(node.when?.names ?? [])
                    node.inputs.forEach { read.formUnion($0.names) }
                    node.ties?.values.forEach { read.formUnion($0.parameter.names.union($0.when?.names ?? [])) }
                    read.formUnion((node.shares?.node.names ?? []).union(node.shares?.when?.names ?? []))
                    read.formUnion(node.isHiddenState?.names ?? [])
                    check(read, "node \(node.name.source)", scope)
                    templates[node.name.source] = node.operation
                }
            }
        }
        visit(graph.nodes, known)
        for input in graph.inputs {
            let sizes = [input.rows, input.width].compactMap { $0 } + (input.grid ?? [])
            let conditions = (input.when?.names ?? []).union(input.isChannelsFirst?.names ?? [])
            let read = sizes.reduce(into: conditions) { $0.formUnion($1.names) }
            check(read, "input \(input.name)", known)
        }
        for output in graph.outputs { check(output.when?.names ?? [], "output \(output.name)", known) }
        for use in graph.use { check(use.when?.names ?? [], "use \(use.use.rawValue)", known) }
        check((traits?.maximumTokens?.names ?? []).union(traits?.labelsWhen?.names ?? []), "traits", known)
        for (dialect, table) in tensors.sorted(by: { $0.key < $1.key }) {
            for node in table.parameters.keys.sorted() where templates[node] == nil {
                problems.append("tensors \(dialect): there is no node \"\(node)\" in the graph")
            }
            for ignored in table.ignored ?? [] {
                check(
                    ignored.when?.names ?? [],
                    "tensors \(dialect): ignored \(ignored.names.list.joined(separator: ", "))", known)
            }
        }
        return problems
    }
}
