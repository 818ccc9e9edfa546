import Foundation
import TestSupport
import Testing

@Suite("What inspect tells of files that others wrote")
struct InspectTests {
    private let scratch = Scratch()

    /// A safetensors file with a number under each name.
    private func file(named names: [String]) throws -> String {
        var header: [String: Any] = [:]
        for (index, name) in names.enumerated() {
            header[name] = ["dtype": "F32", "shape": [1], "data_offsets": [4 * index, 4 * index + 4]] as [String: Any]
        }
        let text = try JSONSerialization.data(withJSONObject: header)
        var bytes = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) }
        bytes += text + Data(count: 4 * names.count)
        try bytes.write(to: scratch.url("model.safetensors"))
        return scratch("model.safetensors")
    }

    private static let steering = [
        "\u{1B}[31mred", "\u{9B}31mred", "bell\u{7}", "rubbed\u{7F}", "line\nend", "line\u{85}end", "line\u{2028}end",
        "\u{202E}gnp.exe", "\u{2066}isolated", "\u{61C}mark", "nul\u{0}",
    ]

    @Test("names that inspect prints cannot steer a terminal", arguments: [[], ["--json"], ["--explain"], ["--stats"]])
    func names(options: [String]) throws {
        let outcome = try Command.Running(["inspect", try file(named: Self.steering)] + options).wait()
        #expect(outcome.status == 0)
        let raw = outcome.output.unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control: scalar != "\n"
            case .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        #expect(raw.isEmpty)
    }

    @Test("names in inspect's JSON are what they are in the file")
    func namesInJSON() throws {
        let outcome = try Command.run("inspect", try file(named: Self.steering), "--json")
        let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        let tensors = try #require(document?["tensors"] as? [[String: Any]])
        #expect(Set(tensors.compactMap { $0["name"] as? String }) == Set(Self.steering))
    }

    @Test("inspect draws a name of a hundred thousand parts like any other")
    func deepNames() throws {
        let deep = String(repeating: "a/", count: 100_000)
        let outcome = try Command.run("inspect", try file(named: [deep + "x", deep + "y", "a/b/z"]))
        #expect(outcome.status == 0 && !outcome.wasKilled)
        #expect(outcome.output.contains("3 tensors"))
    }

    @Test("inspect reads no values of a file of ten gigabytes")
    func largeFile() throws {
        let head = try Data(contentsOf: Command.root.appending(path: "fixtures/hdf5/large.head"))
        let size = head.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
        #expect(size > 10_000_000_000)
        try head.dropFirst(8).write(to: scratch.url("large.h5"))
        let file = try FileHandle(forWritingTo: scratch.url("large.h5"))
        do { try file.truncate(atOffset: size) } catch { return }  // A file system without holes, and without room.
        try file.close()
        let start = ContinuousClock.now
        let outcome = try Command.run("inspect", scratch("large.h5"))
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("weight_{0..3}  float32 [25000, 25000] ×4  10.0 GB"))
        // Under a tenth of a second in release builds on a machine at rest; ten gigabytes take longer anywhere.
        #expect(ContinuousClock.now - start < .seconds(3))
    }
}
