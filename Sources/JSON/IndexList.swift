/// Some of a row of things by their numbers, as documents write them: `0-5,7,9-30`.
///
/// Hundreds of neurons fit on a line that a person can read and edit. Kept as ranges, so that a list takes no more
/// memory than its text: whoever wants every number knows by then how many there can be.
package struct IndexList: Sendable, Hashable {
    /// The numbers in the order in which they were written; ranges that follow one another are one.
    package private(set) var ranges: [ClosedRange<Int>] = []
    /// How many numbers there are.
    package private(set) var count = 0

    /// Numbers above this are a mistake: no layer is that wide.
    package static let largest = 1 << 24

    package init(_ indices: [Int]) {
        for index in indices { append(index...index) }
    }

    /// The numbers of a text; `nil` where it is not numbers and ranges between commas, or where they are too many.
    package init?(_ text: String) {
        guard !text.isEmpty else { return }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(Self.number)
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last,
                last <= Self.largest, count + (last - first) < Self.largest
            else { return nil }
            append(first...last)
        }
    }

    private mutating func append(_ range: ClosedRange<Int>) {
        count += range.count
        if let last = ranges.last, last.upperBound + 1 == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound...range.upperBound
        } else {
            ranges.append(range)
        }
    }

    private static func number(_ text: Substring) -> Int? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
    }

    /// Every single number. Takes eight bytes for each: only once `count` is known to be sound.
    package var indices: [Int] { ranges.flatMap(Array.init) }

    /// The numbers as documents write them: what follows one another becomes a range.
    package var text: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }

    /// The first number that does not exist or does not ascend among `width` neurons, and what is wrong with it.
    package func firstProblem(below width: Int) -> (index: Int, message: String)? {
        var last: Int?
        for range in ranges {
            if range.upperBound >= width {
                return (
                    max(range.lowerBound, width),
                    "the part has \(width) neurons, numbered from 0: there is no such one"
                )
            }
            if let last, range.lowerBound == last { return (last, "the plan keeps this neuron twice") }
            if let last, range.lowerBound < last { return (range.lowerBound, "the kept neurons must ascend") }
            last = range.upperBound
        }
        return nil
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
