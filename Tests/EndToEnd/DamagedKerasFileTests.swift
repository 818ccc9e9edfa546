import Checkpoints
import Foundation
import JSON
import Platform
import TestSupport
import Testing
import WeightFiles

@Suite("Damaged Keras files")
struct DamagedKerasFileTests {
    private let scratch = Scratch()

    private static let unknowns: [JSONValue] = [
        .null, .bool(true), .integer(-1), .integer(0), .integer(7), .integer(Int.max), .integer(Int.min),
        .number(1e300), .number(0.5), .string(""), .string("layers"), .string("\u{1B}[31m/../x"), .array([]),
        .array([.null]), .object([:]), .array([.integer(1 << 40), .integer(1 << 40)]),
    ]

    /// One member or element somewhere replaced, removed, or doubled.
    private func mutated(_ value: JSONValue, _ numbers: inout SeededGenerator, depth: Int = 0) -> JSONValue {
        if depth > 2, Int.random(in: 0..<4, using: &numbers) == 0 {
            return Self.unknowns.randomElement(using: &numbers) ?? .null
        }
        switch value {
        case .object(var members):
            guard let key = members.keys.sorted().randomElement(using: &numbers), let member = members[key] else {
                return Self.unknowns.randomElement(using: &numbers) ?? .null
            }
            if depth > 1, Int.random(in: 0..<8, using: &numbers) == 0 {
                members[key] = nil
            } else {
                members[key] = mutated(member, &numbers, depth: depth + 1)
            }
            return .object(members)
        case .array(var elements):
            guard let index = elements.indices.randomElement(using: &numbers) else {
                return Self.unknowns.randomElement(using: &numbers) ?? .null
            }
            switch Int.random(in: 0..<8, using: &numbers) {
            case 0: elements.remove(at: index)
            case 1: elements.append(elements[index])
            default: elements[index] = mutated(elements[index], &numbers, depth: depth + 1)
            }
            return .array(elements)
        default: return Self.unknowns.randomElement(using: &numbers) ?? .null
        }
    }

    @Test(
        "damaged configurations of Keras models end in a model or a typed error, never in a crash",
        arguments: [
            "keras2_nested/model.h5", "keras3_keras_example/model.keras", "keras3_int4_tied/model.keras",
            "garden_reuse_partial/model.h5", "garden_bert_encoder_v2/model.h5",
        ])
    func configurations(_ path: String) throws {
        let original = try Self.configuration(of: Repository.fixture("keras/\(path)"))
        var numbers = SeededGenerator(seed: 17)
        var refused = 0, read = 0
        for _ in 0..<120 {
            var config = original
            for _ in 0..<Int.random(in: 1...3, using: &numbers) { config = mutated(config, &numbers) }
            let text = String(decoding: try Document.encode(config), as: UTF8.self)
            try scratch.file("config.json", contents: text)
            do throws(FileError) {
                _ = try Checkpoint.load(
                    path: Repository.fixture("keras/\(path)"), options: .init(config: scratch("config.json")))
                read += 1
            } catch {
                let isExpected = error.kind == .corrupt || error.kind == .unsupported
                #expect(isExpected, "\(error)\n\(text.prefix(4000))")
                #expect(!error.problems.isEmpty && error.problems.allSatisfy { !$0.contains("\u{1B}") })
                refused += 1
            }
        }
        // Both happen, or the mutations do nothing.
        #expect(refused > 20 && read > 0)
    }

    private static func configuration(of path: String) throws -> JSONValue {
        try #require(try KerasDocument.read(path: path))
    }

    @Test(
        "a file that is no Keras configuration is refused as one",
        arguments: ["[1, 2", "", "\u{0}\u{1}", "{}", "[]", #"{"class_name": 7}"#])
    func otherFiles(_ text: String) throws {
        try scratch.file("config.json", contents: text)
        #expect(throws: FileError.self) {
            try Checkpoint.load(
                path: Repository.fixture("keras/keras2_nested/weights_only.h5"),
                options: .init(config: scratch("config.json")))
        }
    }

    @Test("a .keras archive under another name is read for what it is, and one cut short is corrupt")
    func archives() throws {
        let source = URL(filePath: Repository.fixture("keras/keras3_int4_tied/model.keras"))
        let bytes = try Data(contentsOf: source)
        try bytes.write(to: scratch.url("renamed.h5"))
        var options = LoadingOptions()
        options.assumptions = ["PositionTable": "usual"]
        let renamed = try Checkpoint.load(path: scratch("renamed.h5"), options: options)
        #expect(renamed.provenance.dialect == "keras3")

        try bytes.prefix(bytes.count / 2).write(to: scratch.url("short.keras"))
        let error = try #require(throws: FileError.self) { try Checkpoint.load(path: scratch("short.keras")) }
        #expect(error.kind == .corrupt)
    }
}
