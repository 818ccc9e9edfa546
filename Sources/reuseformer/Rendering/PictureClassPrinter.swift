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

    /// - Parameters:
    ///   - path: A picture or a folder of them.
    ///   - unreadable: What becomes of pictures of a folder that cannot be read.
    func run(path: String, top: Int, asJSON: Bool, unreadable: UnreadablePictures) throws {
        let folder = try PictureFolder(path: path)
        let files = folder.files.map(\.path)
        let isStrict = unreadable.isStrict || folder.isFile
        var pictures: [Document.Picture] = []
        for start in stride(from: 0, to: files.count, by: Self.batchSize) {
            let part = Array(files[start..<min(start + Self.batchSize, files.count)])
            let results =
                isStrict
                ? zip(part, try classifier.classifications(ofPicturesAt: part)).map { ($0, $1) }
                : try classifier.classifications(ofPicturesAt: part, unreadable: unreadable.note)
            for (file, result) in results {
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
        if let exits = classifier.exits { Terminal.note("reuseformer: note: \(ExitText.text(exits))") }
        try unreadable.finish(files.count)
    }
}
