import Foundation
import TestSupport
import Tokenization
import TokenizerFormats

/// Files below `fixtures/tokenizers`.
enum Fixture {
    static let folder = Repository.root.appending(path: "fixtures/tokenizers")

    static func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer.load(directory: folder.appendingPathComponent(name).path)
    }

    static func files(_ name: String, _ files: [String]) throws -> TokenizerFiles {
        var contents: [String: [UInt8]] = [:]
        for file in files { contents[file] = try bytes(name, file) }
        return TokenizerFiles(contents)
    }

    static func bytes(_ name: String, _ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(name).appendingPathComponent(file)))
    }

    static func golden(_ name: String) throws -> [Golden] { try Golden.lines(try bytes(name, "golden.jsonl")) }
}

/// A line of a golden.jsonl: a text, and what the reference makes of it.
struct Golden: Decodable {
    var text: String
    var pair: String?
    var maxLength: Int?
    var ids: [Int32]
    var typeIDs: [Int32]?
    var decoded: String?

    enum CodingKeys: String, CodingKey {
        case text, pair, ids, decoded
        case typeIDs = "type_ids"
        case maxLength = "max_length"
    }

    static func lines(_ bytes: [UInt8]) throws -> [Golden] {
        try bytes.split(separator: 0x0A).map { try JSONDecoder().decode(Golden.self, from: Data($0)) }
    }

    /// What a tokenizer does otherwise, in words.
    static func differences(of tokenizer: Tokenizer, from line: Golden) -> [String] {
        var result: [String] = []
        let encoding = tokenizer.encode(line.text, pair: line.pair, maxLength: line.maxLength)
        let text = "\(line.text.debugDescription), pair \(line.pair.debugDescription)"
        if encoding.ids != line.ids {
            let tokens = encoding.ids.map { tokenizer.token(of: $0) ?? "?" }
            let expected = line.ids.map { tokenizer.token(of: $0) ?? "?" }
            result.append("ids of \(text): \(tokens), expected \(expected)")
        }
        if let typeIDs = line.typeIDs, typeIDs != encoding.typeIDs {
            result.append("types of \(text): \(encoding.typeIDs), expected \(typeIDs)")
        }
        if encoding.isTruncated, line.maxLength == nil { result.append("\(text) counts as truncated") }
        if let decoded = line.decoded {
            // Compared byte by byte: `==` on strings ignores how accents are composed.
            let found = tokenizer.decode(line.ids, skipSpecialTokens: true)
            if Array(found.utf8) != Array(decoded.utf8) {
                result.append("decoding \(text): \(found.debugDescription), expected \(decoded.debugDescription)")
            }
        }
        return result
    }
}
