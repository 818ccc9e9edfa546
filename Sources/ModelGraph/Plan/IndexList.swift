/// Some of a row of things by their numbers, as documents write them: `0-5,7,9-30`.
///
/// Hundreds of neurons fit on a line that a person can read and edit.
package struct IndexList: Sendable, Hashable {
    /// The numbers, in the order in which they were written.
    package var indices: [Int]

    /// Numbers above this are a mistake: no layer is that wide.
    package static let largest = 1 << 24

    package init(_ indices: [Int]) { self.indices = indices }

    /// The numbers of a text; `nil` where it is not numbers and ranges between commas, or where they are too many.
    package init?(_ text: String) {
        var indices: [Int] = []
        guard !text.isEmpty else {
            self.init([])
            return
        }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(Self.number)
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last,
                last <= Self.largest, indices.count + (last - first) <= Self.largest
            else { return nil }
            indices.append(contentsOf: first...last)
        }
        self.init(indices)
    }

    private static func number(_ text: Substring) -> Int? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
    }

    /// The numbers as documents write them: what follows one another becomes a range.
    package var text: String {
        var parts: [String] = []
        var start = indices.startIndex
        while start < indices.endIndex {
            var end = start
            while end + 1 < indices.endIndex, indices[end + 1] == indices[end] + 1 { end += 1 }
            parts.append(start == end ? "\(indices[start])" : "\(indices[start])-\(indices[end])")
            start = end + 1
        }
        return parts.joined(separator: ",")
    }
}

extension IndexList: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let list = IndexList(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "is not a list of numbers and ranges such as \"0-5,7,9-30\"")
        }
        self = list
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
