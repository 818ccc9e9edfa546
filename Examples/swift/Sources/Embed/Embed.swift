import Foundation
import ReuseTransformers

/// Writes the embeddings of a file's lines to standard output, float32: `Embed MODEL TEXTS > vectors.f32`.
@main
struct Embed {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let model = try await TransformerModel(at: URL(filePath: arguments[1]))
        let embedder = try TextEmbedder(model)
        let text = try String(contentsOf: URL(filePath: arguments[2]), encoding: .utf8)
        let vectors = try await embedder.embeddings(for: text.split(separator: "\n").map(String.init))
        FileHandle.standardOutput.write(vectors.values.withUnsafeBytes { Data($0) })
    }
}
