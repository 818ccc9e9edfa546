import Foundation
import ReuseTransformers
import TestSupport
import Testing

@Suite("What an inspection lists")
struct InspectionProblemsTests {
    @Test("problems name properties to a program, options to the command and in documents")
    func problems() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "inspection-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = URL(filePath: Repository.fixture("families/llama_linear"))
        for name in ["model.safetensors"] {
            try FileManager.default.copyItem(at: source.appending(path: name), to: folder.appending(path: name))
        }
        let data = try Data(contentsOf: source.appending(path: "config.json"))
        var config = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        // Which of the two counts depends on the release of the framework.
        config["rope_parameters"] = ["rope_type": "linear", "factor": 7.0, "rope_theta": 10000.0]
        config["rope_scaling"] = ["rope_type": "linear", "factor": 3.0]
        try JSONSerialization.data(withJSONObject: config).write(to: folder.appending(path: "config.json"))

        let inspection = try await ModelInspection(of: folder)
        #expect(!inspection.problems.contains { $0.contains("--") })
        #expect(inspection.problems.contains { $0.contains("`TransformerModel.Options.ignoredSettings`") })
        #expect(inspection.messages.contains { $0.contains("--ignore-config") })
        let document = String(decoding: try JSONEncoder().encode(inspection), as: UTF8.self)
        #expect(document.contains("--ignore-config") && document.contains("\"problems\""))
    }
}
