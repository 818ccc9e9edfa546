import ModelGraph
import Platform
import WeightFiles

/// How well a family fits a checkpoint, and why.
package struct Recognition: Sendable, Hashable {
    /// Name of the architecture spec.
    package let architecture: String
    /// Sum of the remarks' scores.
    package let score: Int
    /// What was seen, `+50 model_type is "bert"`.
    package let reasons: [String]
    /// Dialects that the family is read from, where the checkpoint's is none of them; `nil` where it is.
    package let otherDialects: [String]?

    /// What speaks against a family that is not read from the checkpoint's dialect.
    static let withoutTable = -1000
    /// Least score that counts as recognised.
    static let threshold = 40
    /// Two families that are closer than this are not told apart.
    static let margin = 10
}

extension ArchitectureSpec {
    /// Weighs the family's evidence; a dialect without a tensor table speaks against it altogether.
    func recognise(config: ModelConfiguration, tensors: TensorCatalog, dialect: String) -> Recognition {
        let table = table(for: dialect)
        var score = 0
        var reasons: [String] = []
        func add(_ points: Int?, _ reason: String) {
            guard let points, points != 0 else { return }
            score += points
            reasons.append("\(points > 0 ? "+" : "")\(points) \(reason)")
        }
        if table == nil { add(Recognition.withoutTable, "\(name) has no tensor table for \(dialect)") }
        for remark in recognise {
            if table == nil, remark.key == nil { continue }
            if let tensor = remark.tensor {
                let isThere = tensors.contains(tensor)
                add(isThere ? remark.score : remark.otherwise, isThere ? "has \(tensor)" : "lacks \(tensor)")
            } else if let parameter = remark.parameter {
                let isThere = table?.firstTensor(of: parameter, in: tensors) != nil
                add(isThere ? remark.score : remark.otherwise, isThere ? "has \(parameter)" : "lacks \(parameter)")
            } else if let key = remark.key, let value = config[key] {
                let words = value.words
                let patterns = (remark.matches?.list ?? []).map { GlobPattern($0) }
                let fits = words.contains { word in patterns.contains { $0.matches(word) } }
                let found = words.prefix(3).map { "\"\($0.printable)\"" }.joined(separator: ", ")
                add(
                    fits ? remark.score : remark.otherwise,
                    "\(key) is \(found.isEmpty ? value.shortDescription : found)")
            }
        }
        return Recognition(
            architecture: name, score: score, reasons: reasons,
            otherDialects: table == nil ? self.tensors.keys.sorted() : nil)
    }
}

/// The specs that a checkpoint is compared with.
package struct SpecLibrary: Sendable {
    package let specs: [ArchitectureSpec]

    package init(_ specs: [ArchitectureSpec]) { self.specs = specs }

    /// For messages: the families' names.
    package var names: String { specs.filter { $0.unsupported == nil }.map(\.name).joined(separator: ", ") }

    /// All families, best first; equal scores in the order of their names.
    package func rank(config: ModelConfiguration, tensors: TensorCatalog, dialect: String) -> [Recognition] {
        specs.map { $0.recognise(config: config, tensors: tensors, dialect: dialect) }
            .sorted { ($1.score, $0.architecture) < ($0.score, $1.architecture) }
    }

    /// The family that a checkpoint is of.
    ///
    /// - Parameter claim: What the checkpoint says of itself, for the message.
    /// - Throws: With the candidates and their reasons when none fits, or when two fit alike: never a silent guess.
    package func choose(
        _ ranking: [Recognition], claim: String, path: String
    ) throws(FileError) -> ArchitectureSpec {
        // Only what is read from such files leads anywhere.
        let readable = Set(ranking.filter { $0.otherDialects == nil }.map(\.architecture))
        let names = specs.filter { $0.unsupported == nil && readable.contains($0.name) }.map(\.name)
        let remedy = "name one with --architecture: \(names.joined(separator: ", ")), or a spec of your own"
        guard let best = ranking.first, best.score >= Recognition.threshold,
            let spec = specs.first(where: { $0.name == best.architecture })
        else {
            let elsewhere = ranking.first { $0.otherDialects != nil }
            if let elsewhere, elsewhere.score >= Recognition.withoutTable + Recognition.threshold,
                let dialects = elsewhere.otherDialects, !dialects.isEmpty
            {
                throw FileError(
                    .unsupported, path: path,
                    "\(claim): the architecture \(elsewhere.architecture) is read from files laid out as "
                        + "\(dialects.joined(separator: ", ")), which these are not",
                    remedy: "have the framework save it as "
                        + (dialects.contains("safetensors") ? "safetensors" : dialects[0]))
            }
            let near = ranking.filter { $0.score > -Recognition.threshold }.prefix(3)
            let candidates = near.map { "\($0.architecture) (\($0.score)): \($0.reasons.joined(separator: "; "))" }
            throw FileError(
                .unsupported, path: path, ["no known architecture fits: \(claim)"] + candidates, remedy: remedy)
        }
        if ranking.count > 1, ranking[1].score >= best.score - Recognition.margin {
            let second = ranking[1]
            throw FileError(
                .unsupported, path: path,
                ["\(best.architecture) (\(best.score)) and \(second.architecture) (\(second.score)) fit alike"]
                    + best.reasons + second.reasons,
                remedy: remedy)
        }
        return spec
    }
}
