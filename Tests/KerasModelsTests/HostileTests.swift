import Checkpoints
import Foundation
import JSON
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing
import WeightFiles

/// Configurations that somebody damaged end in a model or in an error of the right kind, never in a crash.
@Suite struct HostileTests {
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

    @Test(arguments: [
        "keras2_nested/model.h5", "keras3_keras_example/model.keras", "keras3_int4_tied/model.keras",
        "garden_reuse_partial/model.h5", "garden_bert_encoder_v2/model.h5",
    ])
    func damagedConfigurationsEndInTypedErrors(_ path: String) throws {
        let original = try Self.configuration(of: "\(fixtures)/\(path)")
        var numbers = SeededGenerator(seed: 17)
        var refused = 0, read = 0
        for _ in 0..<120 {
            var config = original
            for _ in 0..<Int.random(in: 1...3, using: &numbers) { config = mutated(config, &numbers) }
            let text = String(decoding: try Document.encode(config), as: UTF8.self)
            let file = try ScratchFile(text)
            do throws(FileError) {
                _ = try Checkpoint.load(path: "\(fixtures)/\(path)", options: .init(config: file.path))
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

    @Test(arguments: ["[1, 2", "", "\u{0}\u{1}", "{}", "[]", #"{"class_name": 7}"#])
    func filesThatAreNoConfigurationAreRefused(_ text: String) throws {
        let file = try ScratchFile(text)
        #expect(throws: FileError.self) {
            try Checkpoint.load(path: "\(fixtures)/keras2_nested/weights_only.h5", options: .init(config: file.path))
        }
    }

    /// A zip archive under another name is read for what it is; one cut short is corrupt.
    @Test func archivesAreKnownByTheirContents() throws {
        let source = URL(fileURLWithPath: "\(fixtures)/keras3_int4_tied/model.keras")
        let bytes = try Data(contentsOf: source)
        let renamed = try ScratchFile("", suffix: ".h5")
        try bytes.write(to: URL(fileURLWithPath: renamed.path))
        #expect(try Checkpoint.load(path: renamed.path).provenance.dialect == "keras3")

        let short = try ScratchFile("", suffix: ".keras")
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: short.path))
        let error = try #require(throws: FileError.self) { try Checkpoint.load(path: short.path) }
        #expect(error.kind == .corrupt)
    }
}
