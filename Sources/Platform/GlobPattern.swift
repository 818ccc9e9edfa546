/// A pattern for names in which `*` stands for any run of characters: `bert/pooler/*`.
package struct GlobPattern: Sendable, Hashable {
    private let bytes: [UInt8]

    package init(_ pattern: some StringProtocol) { bytes = Array(pattern.utf8) }

    /// Whether the whole of a name fits.
    ///
    /// Greedy with one point of return: linear in practice, never exponential.
    package func matches(_ name: some StringProtocol) -> Bool {
        let name = Array(name.utf8), pattern = bytes
        var nameIndex = 0, patternIndex = 0
        var starIndex: Int?, restart = 0
        while nameIndex < name.count {
            if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
                starIndex = patternIndex
                restart = nameIndex
                patternIndex += 1
            } else if patternIndex < pattern.count, pattern[patternIndex] == name[nameIndex] {
                nameIndex += 1
                patternIndex += 1
            } else if let star = starIndex {
                restart += 1
                nameIndex = restart
                patternIndex = star + 1
            } else {
                return false
            }
        }
        return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
