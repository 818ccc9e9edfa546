import Platform

/// How many texts were cut to the longest that a model, its files or the user allow: for a note when they are all read.
package final class TruncationNotes: Sendable {
    private struct Entry: Sendable {
        let count: TruncationCount
        let limit: Int
        let unit: Unit
    }

    /// What is counted.
    package enum Unit: Sendable, Hashable { case text, pair }

    private let entries = Lock<[Entry]>([])

    package init() {}

    /// Heeds what is cut from now on.
    ///
    /// - Parameter limit: To how many tokens.
    package func watch(_ count: TruncationCount, limit: Int, unit: Unit) {
        entries.withLock { $0.append(Entry(count: count, limit: limit, unit: unit)) }
    }

    /// What was cut since, a sentence for each count and limit; none where nothing was. Each is told once.
    package func take() -> [String] {
        let watched = entries.withLock { entries in
            defer { entries = [] }
            return entries
        }
        var sentences: [String] = []
        for entry in watched where entry.count.value > 0 {
            let count = entry.count.value
            let what =
                switch entry.unit {
                case .text: count == 1 ? "text was" : "texts were"
                case .pair: count == 1 ? "pair was" : "pairs were"
                }
            let sentence = "\(count) \(what) cut to \(entry.limit) tokens"
            if !sentences.contains(sentence) { sentences.append(sentence) }
        }
        return sentences
    }
}
