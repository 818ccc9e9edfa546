import Images
import Inputs
import JSON
import ModelGraph
import Platform
import Reporting
import Runtime
import Verification

/// The likeliest classes of pictures, on standard output.
struct PictureStage {
    private let loaded: LoadedModel
    private let reader: TextReader
    private let evaluator: Evaluator

    private static let batchSize = 32

    /// What `--json` prints.
    private struct Document: Encodable {
        struct Class: Encodable {
            let label: String
            let probability: Double
        }

        struct Picture: Encodable {
            let path: String
            let classes: [Class]
        }

        let pictures: [Picture]
    }

    init(_ loaded: LoadedModel, resources: ExecutionResources) throws {
        self.loaded = loaded
        reader = try TextReader(for: loaded)
        guard reader.inputs.kind == .pictures else {
            throw CommandError.usage("\(loaded.path): the model reads no pictures")
        }
        evaluator = try Evaluator(loaded.model, resources: resources)
    }

    /// - Parameter path: A picture or a folder of them.
    func run(path: String, top: Int, asJSON: Bool) throws {
        let files = try PictureFolder(path: path).files.map(\.path)
        let names = loaded.model.traits.labels
        var pictures: [Document.Picture] = []
        for start in stride(from: 0, to: files.count, by: Self.batchSize) {
            let part = files[start..<min(start + Self.batchSize, files.count)]
            let sequences = try part.map { try reader.inputs.item(ofPictureAt: $0).sequence }
            guard let rankings = try evaluator.ranking(of: sequences, count: top) else {
                throw CommandError.usage("\(loaded.path): the model gives no classes; write its rows with --output")
            }
            for (file, ranking) in zip(part, rankings) {
                let classes = ranking.map { index, probability in
                    Document.Class(
                        label: index < names.count ? names[index] : "\(index)", probability: probability)
                }
                if asJSON {
                    pictures.append(Document.Picture(path: file, classes: classes))
                } else {
                    let words = classes.map { "\(Terminal.escaped($0.label)) \(Format.percent($0.probability))" }
                    Terminal.print("\(Terminal.escaped(file))  \(words.joined(separator: "  "))")
                }
            }
        }
        if asJSON { try Terminal.print(document: Document(pictures: pictures)) }
    }
}
