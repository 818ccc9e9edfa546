import Foundation

/// Writing and reading of our JSON documents: one way for all of them, the same bytes for the same contents.
package enum Document {
    /// Why a document could not be read.
    package struct ReadError: Error, Sendable, Hashable, CustomStringConvertible {
        /// Where in the document, `layers[2].heads`; empty for the whole.
        package let place: String
        /// What is wrong.
        package let message: String

        package var description: String { place.isEmpty ? message : "\(place): \(message)" }
    }

    /// Pretty-printed JSON with sorted keys and a final newline.
    ///
    /// - Throws: Only for numbers that JSON cannot hold (NaN, infinities).
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// What is wrong with a document that the decoder gave up without saying where.
    private static func unreadable(_ bytes: [UInt8]) -> ReadError {
        // Foundation reports a number that does not fit its type as if the whole text were no JSON.
        guard (try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))) != nil else {
            return ReadError(place: "", message: "is not valid JSON")
        }
        return ReadError(
            place: "", message: "has a number that is too large, or not whole where a whole one is needed")
    }

    /// More values than any document of ours or configuration has: each takes a hundred bytes and more of memory.
    private static let largestValueCount = 4 << 20

    /// The value that a JSON document holds.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(ReadError) -> Value {
        let commas = bytes.withUnsafeBufferPointer { $0.count { $0 == UInt8(ascii: ",") } }
        guard commas < largestValueCount else {
            throw ReadError(place: "", message: "has more than \(largestValueCount) values")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            if case .dataCorrupted(let context) = error, context.codingPath.isEmpty { throw unreadable(bytes) }
            throw ReadError(error)
        } catch {
            throw ReadError(place: "", message: "cannot be read: \(error)")
        }
    }
}

extension Document.ReadError {
    fileprivate init(_ error: DecodingError) {
        func place(_ context: DecodingError.Context) -> String {
            context.codingPath.reduce(into: "") { path, key in
                path += key.intValue.map { "[\($0)]" } ?? (path.isEmpty ? "" : ".") + key.stringValue
            }
        }
        switch error {
        case .keyNotFound(let key, let context):
            self.init(place: place(context), message: "\"\(key.stringValue)\" is missing")
        case .valueNotFound(_, let context): self.init(place: place(context), message: "is null")
        case .typeMismatch(let type, let context): self.init(place: place(context), message: "is not of type \(type)")
        case .dataCorrupted(let context): self.init(place: place(context), message: context.debugDescription)
        @unknown default: self.init(place: "", message: "\(error)")
        }
    }
}
