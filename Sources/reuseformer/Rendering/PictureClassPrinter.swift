import Images
import Reporting
import ReuseTransformers

/// The likeliest classes of pictures, on standard output.
struct PictureClassPrinter {
    private let classifier: ImageClassifier

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

    init(_ loaded: TransformerModel, _ resources: ComputeResources) throws {
        if loaded.readsPictures, loaded.scores != .perItem {
            throw CommandError.usage("\(loaded.path): the model gives no classes; write its rows with --output")
        }
        classifier = try ImageClassifier(loaded, resources: resources)
    }

    /// - Parameter path: A picture or a folder of them.
    func run(path: String, top: Int, asJSON: Bool) throws {
        let files = try PictureFolder(path: path).files.map(\.path)
        var pictures: [Document.Picture] = []
        for start in stride(from: 0, to: files.count, by: Self.batchSize) {
            let part = Array(files[start..<min(start + Self.batchSize, files.count)])
            for (file, result) in zip(part, try classifier.classifications(ofPicturesAt: part)) {
                let classes = result.classes.prefix(top)
                if asJSON {
                    let rows = classes.map { Document.Class(label: $0.label, probability: $0.probability) }
                    pictures.append(Document.Picture(path: file, classes: rows))
                } else {
                    let words = classes.map { "\(Terminal.escaped($0.label)) \(Format.percent($0.probability))" }
                    Terminal.print("\(Terminal.escaped(file))  \(words.joined(separator: "  "))")
                }
            }
        }
        if asJSON { try Terminal.print(document: Document(pictures: pictures)) }
    }
}
