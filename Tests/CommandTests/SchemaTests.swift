import Foundation
import Testing

@Suite("Schemas")
struct SchemaTests {
    private static let folder = Command.root.appending(path: "schemas")

    private static let names =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".schema.json") })
        ?? []

    private func references(_ value: Any) -> [String] {
        switch value {
        case let members as [String: Any]:
            members.flatMap { $0.key == "$ref" ? [$0.value as? String ?? ""] : references($0.value) }
        case let elements as [Any]: elements.flatMap(references)
        default: []
        }
    }

    @Test("every schema has an absolute identifier and needs no other file", arguments: names)
    func complete(name: String) throws {
        let data = try Data(contentsOf: Self.folder.appending(path: name))
        let schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let identifier = try #require(schema["$id"] as? String)
        #expect(identifier.hasPrefix("https://") && identifier.hasSuffix("/" + name))
        let definitions = schema["$defs"] as? [String: Any] ?? [:]
        for reference in references(schema) {
            let name = try #require(reference.split(separator: "/").last.map(String.init))
            #expect(reference == "#/$defs/\(name)" && definitions[name] != nil, "\(reference)")
        }
    }

    @Test("there are some, and copies are those of the schemas that they come from")
    func bundled() throws {
        #expect(Self.names.count >= 9)
        let script = Command.root.appending(path: "scripts/bundle-schemas").path
        let outcome = try Command.Running(
            ["python3", script, "--check"], executable: URL(fileURLWithPath: "/usr/bin/env")
        ).wait()
        // 127: no Python here; scripts/lint checks the same.
        #expect(outcome.status == 0 || outcome.status == 127, "\(outcome.output)")
    }
}
