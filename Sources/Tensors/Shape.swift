/// Extents of a tensor, outermost first (row-major). An empty list is a scalar.
package struct Shape: Sendable, Hashable, Codable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// Extents, each 0 or more.
    package let extents: [Int]

    /// A shape from extents that are known to be sound (our own, not a file's).
    package init(_ extents: [Int]) { self.extents = extents }

    package init(arrayLiteral elements: Int...) { extents = elements }

    /// A shape from a file's numbers.
    ///
    /// - Returns: `nil` when an extent is negative or the product of the extents with 8 bytes an element overflows.
    package init?(checking extents: [Int]) {
        var product = 8
        for extent in extents {
            guard extent >= 0 else { return nil }
            // An empty axis must not hide an absurd one beside it.
            let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
            guard !overflow else { return nil }
            product = next
        }
        self.extents = extents
    }

    /// Number of axes.
    package var rank: Int { extents.count }

    /// Number of elements; 1 for a scalar.
    package var count: Int { extents.reduce(1, *) }

    /// Extent of an axis.
    package subscript(axis: Int) -> Int { extents[axis] }

    package var description: String { "[" + extents.map(String.init).joined(separator: ", ") + "]" }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let extents = try container.decode([Int].self)
        guard let shape = Shape(checking: extents) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "impossible shape \(extents)")
        }
        self = shape
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(extents)
    }
}
