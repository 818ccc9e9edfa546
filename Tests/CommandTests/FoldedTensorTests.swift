import Foundation
import TestSupport
import Testing

@Suite("Tensors of layers that are built alike")
struct FoldedTensorTests {
    private struct Entry: Decodable {
        let name: String
        let shape: [Int]
    }

    private struct Inspection: Decodable { let tensors: [Entry] }

    @Test(
        "are one line with all their numbers, in every layout; the JSON has every tensor",
        arguments: [
            ("checkpoints/bert_safetensors", "encoder.layer.{0,1}.attention.self.query.weight"),
            ("families/t5_safetensors", "encoder.block.{0,1}.layer.0.SelfAttention.q.weight"),
            ("t5", "block_._{0..3}"), ("encoder", "layer_._{0..5}"),
        ])
    func lines(_ name: String, _ folded: String) throws {
        let folder = Repository.fixture(name)
        let text = try Command.run("inspect", folder).output
        #expect(text.contains(folded), "\(text)")
        let inspection = try JSONDecoder().decode(
            Inspection.self, from: Data(try Command.run("inspect", folder, "--json").output.utf8))
        let count = inspection.tensors.count
        #expect(text.contains("\n\(count) tensors\n"))
        // Every line with a shape says how many tensors it stands for.
        let listed = try #require(text.components(separatedBy: "\(count) tensors\n").last)
        let table = listed.components(separatedBy: "\n\n")[0]
        let lines = table.split(separator: "\n").compactMap { line in
            line.firstMatch(of: #/(?:float|bfloat|int)[0-9]+ \[([0-9, ]*)\](?: ×([0-9]+))?  /#).map { match in
                (shape: String(match.output.1), times: match.output.2.flatMap { Int($0) } ?? 1)
            }
        }
        #expect(lines.reduce(0) { $0 + $1.times } == count && lines.count < count * 3 / 4)
        var shapes: [String: Int] = [:]
        for line in lines { shapes[line.shape, default: 0] += line.times }
        var wanted: [String: Int] = [:]
        for tensor in inspection.tensors {
            wanted[tensor.shape.map(String.init).joined(separator: ", "), default: 0] += 1
        }
        #expect(shapes == wanted)
    }

    @Test("every tensor by itself is what --explain lists")
    func explained() throws {
        let outcome = try Command.run("inspect", Repository.fixture("families/t5_safetensors"), "--explain")
        #expect(outcome.output.contains("encoder.block.1.layer.0.SelfAttention.q.weight "))
    }
}
