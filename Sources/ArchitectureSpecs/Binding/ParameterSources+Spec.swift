import ModelGraph
import Platform

extension ParameterSources {
    /// The sources that a spec's tensor table names for the parameters of its expanded graph.
    ///
    /// - Returns: The sources, and what in the table makes no sense.
    package static func make(
        _ table: ArchitectureSpec.TensorTable, for expanded: ExpandedGraph, _ settings: Settings
    ) -> (sources: ParameterSources, problems: [Problem]) {
        var result = ParameterSources()
        var problems: [Problem] = []
        for node in expanded.graph.nodes {
            guard let origin = expanded.origins[node.name] else { continue }
            for parameter in node.ownParameters {
                guard let rule = table.parameters[origin.template]?[parameter.name] else { continue }
                let id = node.parameterID(parameter.name)
                do throws(Expression.Failure) {
                    result.sources[id] = Source(
                        names: try rule.names.names(in: origin.settings),
                        copies: try (rule.copies ?? []).names(in: origin.settings),
                        layout: try rule.layout(in: origin.settings))
                } catch {
                    problems.append(Problem(.usage, "\(id): \(error.message)"))
                }
            }
        }
        for rule in table.ignored ?? [] {
            do throws(Expression.Failure) {
                if try rule.when.holds(in: settings) {
                    result.ignored.append(Ignored(names: rule.names.list, reason: rule.reason))
                }
            } catch {
                problems.append(Problem(.usage, "ignored tensors: \(error.message)"))
            }
        }
        return (result, problems)
    }
}

extension [NameTemplate] {
    fileprivate func names(in settings: Settings) throws(Expression.Failure) -> [String] {
        var result: [String] = []
        for template in self { result.append(try template.name(in: settings)) }
        return result
    }
}

extension TensorRule {
    fileprivate func layout(in settings: Settings) throws(Expression.Failure) -> TensorLayout {
        var extents: [Int]?
        if let view {
            var list: [Int] = []
            for extent in view { list.append(try extent.count(in: settings)) }
            extents = list
        }
        var piece: TensorLayout.Part?
        if let part {
            piece = TensorLayout.Part(
                index: try part.index.count(in: settings, from: 0), of: try part.of.count(in: settings),
                count: try part.count.count(in: settings) ?? 1, axis: part.axis)
        }
        return TensorLayout(orientation, view: extents, part: piece, axes: axes)
    }
}
