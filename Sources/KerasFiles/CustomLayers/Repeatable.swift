import ArchitectureSpecs

/// An entry of a list in a layer's document, or entries that stand there several times.
package indirect enum Repeatable<Entry: ConditionalEntry>: Sendable, Hashable {
    /// An entry that stands there once.
    case one(Entry)
    /// Entries in a loop.
    case several(Repetition)

    /// `{"repeat": "layers", "index": "i", "steps": […]}`.
    package struct Repetition: Sendable, Hashable, Codable {
        /// How many times.
        package var `repeat`: Expression
        /// Name of the index, from 0.
        package var index: String
        /// When it applies; `nil`: always.
        package var when: Condition?
        /// What is repeated.
        package var steps: [Repeatable]
    }

    /// The entries as they are written, whatever the conditions, each with the indices that it stands under.
    package func written(under indices: Set<String> = []) -> [(entry: Entry, indices: Set<String>)] {
        switch self {
        case .one(let entry): [(entry, indices)]
        case .several(let repetition):
            repetition.steps.flatMap { $0.written(under: indices.union([repetition.index])) }
        }
    }

    /// Conditions and counts of the repetitions, each with the indices that it stands under.
    package func decisions(under indices: Set<String> = []) -> [(names: Set<String>, indices: Set<String>)] {
        switch self {
        case .one(let entry): return [(entry.when?.names ?? [], indices)]
        case .several(let repetition):
            let own = (repetition.when?.names ?? []).union(repetition.repeat.names)
            return [(own, indices)]
                + repetition.steps.flatMap { $0.decisions(under: indices.union([repetition.index])) }
        }
    }

    /// The entries that apply, in order, each with the settings that it stands under.
    package func expanded(in settings: Settings) throws(Expression.Failure) -> [(entry: Entry, settings: Settings)] {
        switch self {
        case .one(let entry): return try entry.when.holds(in: settings) ? [(entry, settings)] : []
        case .several(let repetition):
            guard try repetition.when.holds(in: settings) else { return [] }
            let count = try repetition.repeat.count(in: settings, from: 0, upTo: Expression.largestRepetition)
            var result: [(entry: Entry, settings: Settings)] = []
            for index in 0..<count {
                let settings = settings.setting(repetition.index, to: .integer(index))
                for step in repetition.steps { result += try step.expanded(in: settings) }
                guard result.count <= Self.largestCount else {
                    throw Expression.Failure(message: "repetitions give more than \(Self.largestCount) entries")
                }
            }
            return result
        }
    }

    /// More entries than any layer has: a bound for hostile configurations.
    private static var largestCount: Int { 1 << 16 }
}

/// What may stand in a layer's document under a condition.
package protocol ConditionalEntry: Sendable, Hashable, Codable {
    /// When it applies; `nil`: always.
    var when: Condition? { get }
}

extension Repeatable: Codable {
    private enum Key: String, CodingKey { case `repeat` }

    package init(from decoder: any Decoder) throws {
        let isRepeated = (try? decoder.container(keyedBy: Key.self))?.contains(.repeat) ?? false
        self = isRepeated ? .several(try Repetition(from: decoder)) : .one(try Entry(from: decoder))
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .one(let entry): try entry.encode(to: encoder)
        case .several(let repetition): try repetition.encode(to: encoder)
        }
    }
}
