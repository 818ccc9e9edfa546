import Checkpoints
import Foundation
import ModelGraph
import Tensors
import TestSupport
import Testing

/// The repository's `fixtures/checkpoints`.
let fixtures = Repository.fixture("checkpoints")

/// Keeps a file that a test has written in `.build/documents`, where scripts/check-schemas looks for documents.
func keepDocument(_ path: String, as name: String) throws {
    let root = URL(fileURLWithPath: fixtures).deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.appendingPathComponent(".build/documents")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(contentsOf: URL(fileURLWithPath: path)).write(to: folder.appendingPathComponent(name))
}

/// What the script that made the fixtures says of one of them.
struct Expected: Decodable {
    /// Of Hugging Face's TensorFlow checkpoints it is not written down.
    let dialect: String?
    let architecture: String
    let dtype: DType
    let outputs: [String]
    let tensors: [String: String]
    let use: ModelUse
    let maximumTokens: Int
    let labels: [String]

    static func all() throws -> [String: Expected] {
        let data = try Data(contentsOf: URL(fileURLWithPath: fixtures + "/expected.json"))
        return try JSONDecoder().decode([String: Expected].self, from: data)
    }
}

extension Model {
    /// SHA-256 of each tensor, by its name in documents.
    var digests: [String: String] {
        Dictionary(tensors.map { ($0.key.description, $0.value.digest.hex) }, uniquingKeysWith: { first, _ in first })
    }
}

extension Scratch {
    /// A copy of a fixture's folder.
    func copy(_ fixture: String) throws -> String {
        let target = "\(path)/\(fixture)"
        try FileManager.default.copyItem(atPath: "\(fixtures)/\(fixture)", toPath: target)
        return target
    }
}

/// Replaces members of a folder's config.json; `nil` removes one.
func editConfig(_ folder: String, _ changes: [String: Any?]) throws {
    let url = URL(fileURLWithPath: folder + "/config.json")
    let parsed = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
    var config = try #require(parsed as? [String: Any])
    for (key, value) in changes { config[key] = value }
    try JSONSerialization.data(withJSONObject: config).write(to: url)
}
