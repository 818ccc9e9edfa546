/// One thing, or several in a list.
package struct OneOrMany<Element: Sendable & Hashable & Codable>: Sendable, Hashable, Codable {
    /// The things, whichever way they are written.
    package var list: [Element]

    package init(_ list: [Element]) { self.list = list }

    package init(from decoder: any Decoder) throws {
        if (try? decoder.unkeyedContainer()) != nil {
            list = try decoder.singleValueContainer().decode([Element].self)
        } else {
            list = [try Element(from: decoder)]
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if list.count == 1 { try container.encode(list[0]) } else { try container.encode(list) }
    }
}
