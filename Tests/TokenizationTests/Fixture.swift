import Foundation

import Tokenization

/// Files below `fixtures/tokenizers`.
enum Fixture {
    /// A line of golden.jsonl.
    struct Line: Decodable {
        var text: String
        var pair: String?
        var ids: [Int32]
        var typeIDs: [Int32]?
        var decoded: String?
        var maxLength: Int?

        enum CodingKeys: String, CodingKey {
            case text, pair, ids, decoded
            case typeIDs = "type_ids"
            case maxLength = "max_length"
        }
    }

    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("fixtures/tokenizers")

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

    static func golden(_ name: String) throws -> [Line] {
        try bytes(name, "golden.jsonl").split(separator: 0x0A).map {
            try JSONDecoder().decode(Line.self, from: Data($0))
        }
    }
}
