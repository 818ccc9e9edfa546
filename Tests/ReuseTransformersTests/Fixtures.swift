import Foundation
import NumPy
import Platform
import ReuseTransformers
import Tensors
import TestSupport

/// Models that came with the project, and what their frameworks computed.
enum Fixtures {
    static let root = Repository.root.appending(path: "fixtures")

    static let encoder = root.appending(path: "encoder")
    static let gpt = root.appending(path: "gpt")
    static let vit = root.appending(path: "vit")
    static let t5 = root.appending(path: "t5")

    /// The small encoder, read once for all tests.
    static func encoderModel() async throws -> TransformerModel { try await TransformerModel(at: encoder) }

    /// Arrays that the framework computed.
    static func reference(_ folder: URL) throws -> [String: Tensor] {
        try NumPyArchive(path: folder.appending(path: "reference.npz").path).tensors()
    }

    /// The first texts of a file, one a line.
    static func texts(_ name: String, of folder: URL = encoder, _ count: Int) throws -> [String] {
        let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        return text.split(separator: "\n").prefix(count).map(String.init)
    }
}
