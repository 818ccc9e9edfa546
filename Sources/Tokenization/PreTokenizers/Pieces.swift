/// A text cut into pieces (words, spaces, …), each of which the model sees alone.
package struct Pieces {
    /// UTF-8 of the whole text, or of what a step made of it.
    package var bytes: [UInt8]
    /// Non-empty, ascending, without overlap.
    package var ranges: [Range<Int>]
    /// Whether the first piece starts where the user's text starts: one way of marking words asks for it.
    package var startsAtOrigin: Bool

    /// One piece: the whole text.
    package init(_ bytes: [UInt8], startsAtOrigin: Bool) {
        self.bytes = bytes
        ranges = bytes.isEmpty ? [] : [0..<bytes.count]
        self.startsAtOrigin = startsAtOrigin
    }

    /// Cuts every piece further.
    ///
    /// - Parameter cut: Appends the parts of a range, in order; parts it leaves out are dropped.
    package mutating func split(_ cut: ([UInt8], Range<Int>, inout [Range<Int>]) -> Void) {
        var parts: [Range<Int>] = []
        parts.reserveCapacity(max(ranges.count * 2, bytes.count / 4))
        let start = ranges.first?.lowerBound
        for range in ranges { cut(bytes, range, &parts) }
        if parts.first?.lowerBound != start { startsAtOrigin = false }
        ranges = parts
    }

    /// Rewrites every piece.
    ///
    /// - Parameter rewrite: Appends what a range becomes; receives whether it starts where the user's text starts.
    package mutating func rewrite(_ rewrite: ([UInt8], Range<Int>, Bool, inout [UInt8]) -> Void) {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + bytes.count / 2)
        var parts: [Range<Int>] = []
        parts.reserveCapacity(ranges.count)
        for (position, range) in ranges.enumerated() {
            let start = result.count
            rewrite(bytes, range, position == 0 && startsAtOrigin, &result)
            if result.count > start { parts.append(start..<result.count) }
        }
        bytes = result
        ranges = parts
    }
}

/// What becomes of the delimiters that a text is cut at.
package enum DelimiterBehavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"

    /// Appends the parts of a range.
    ///
    /// - Parameters:
    ///   - sections: The range cut into delimiters and the text between them, complete and in order.
    package func apply(_ sections: [Section], into parts: inout [Range<Int>]) {
        switch self {
        case .removed:
            for section in sections where !section.isDelimiter { parts.append(section.range) }
        case .isolated:
            for section in sections { parts.append(section.range) }
        case .contiguous:
            merge(sections, into: &parts) { $0.isDelimiter == $1.isDelimiter }
        case .mergedWithPrevious:
            merge(sections, into: &parts) { !$0.isDelimiter && $1.isDelimiter }
        case .mergedWithNext:
            merge(sections, into: &parts) { $0.isDelimiter && !$1.isDelimiter }
        }
    }

    private func merge(
        _ sections: [Section], into parts: inout [Range<Int>], while joins: (Section, Section) -> Bool
    ) {
        for (index, section) in sections.enumerated() {
            if index > 0, joins(sections[index - 1], section), let last = parts.popLast() {
                parts.append(last.lowerBound..<section.range.upperBound)
            } else {
                parts.append(section.range)
            }
        }
    }

    /// A delimiter, or text between delimiters.
    package struct Section {
        package var range: Range<Int>
        package var isDelimiter: Bool
    }
}
