import Foundation
import Hummingbird
import ReuseTransformers

/// An HTTP service that embeds texts: `EmbeddingService MODEL [PORT]`.
///
///     curl -d '{"texts": ["a sentence", "another one"]}' http://127.0.0.1:8080/embed
@main
struct EmbeddingService {
    struct Question: Decodable {
        let texts: [String]
    }

    struct Answer: ResponseCodable {
        let model: String
        let width: Int
        let embeddings: [[Float]]
    }

    /// Texts that one request may hold: what is larger is for a batch job.
    static let mostTexts = 1024

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else {
            print("usage: EmbeddingService MODEL [PORT]")
            exit(2)
        }
        let model = try await TransformerModel(at: URL(filePath: arguments[1]))
        let embedder = try TextEmbedder(model, options: .init(normalizes: true))
        // Packs the weights now, not under the first request.
        try await embedder.prepare()

        let router = Router()
        router.get("health") { _, _ in HTTPResponse.Status.ok }
        router.post("embed") { request, context -> Answer in
            let question = try await request.decode(as: Question.self, context: context)
            guard question.texts.count <= mostTexts else { throw HTTPError(.contentTooLarge) }
            do {
                // Ends when the client goes away: the task of the request is cancelled.
                let vectors = try await embedder.embeddings(for: question.texts)
                return Answer(model: model.name, width: vectors.width, embeddings: vectors.map(Array.init))
            } catch let error as TransformerError where error.kind == .usage {
                throw HTTPError(.badRequest, message: error.description)
            }
        }
        let port = arguments.count > 2 ? Int(arguments[2]) ?? 8080 : 8080
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
        try await application.runService()
    }
}
