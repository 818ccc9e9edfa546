/// What stands in a spec as a text with a grammar of its own.
package protocol WrittenAsText: Codable {
    /// As it was written.
    var source: String { get }

    init(parsing source: String) throws(Expression.Failure)
}

extension WrittenAsText {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let source = try container.decode(String.self)
        do throws(Expression.Failure) {
            try self.init(parsing: source)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(source)
    }
}
