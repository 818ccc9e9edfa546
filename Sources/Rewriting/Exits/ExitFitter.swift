import Costs
import Matrices
import ModelGraph
import Plans
import Runtime
import Tensors

/// Gives a classifier exits: places behind a layer where an input may leave whose class is sure enough there.
///
/// What the model's head reads behind the last layer is fitted, by least squares, as an image of what it would read
/// behind an earlier one; the head goes on from the image. Margins are chosen on images that have not seen the inputs
/// that choose: each fourth of the inputs is scored by images of the other three.
///
/// Source: Din et al., *Jump to Conclusions* (2023), for images of the last layer; margins as in cascades.
package struct ExitFitter: Sendable {
    /// What was chosen, and on how much.
    package struct Summary: Sendable, Hashable {
        /// Inputs that chose.
        package let inputs: Int
        /// Whether so many can tell that the asked agreement holds.
        package let isSure: Bool
        /// Expected multiply-adds of an input, as a share of the same model without exits.
        package let work: Double
        package let exits: [ReusePlan.Exit]
        /// Whether files say that the scores are those of classes.
        package let isOfClasses: Bool

        /// What a user should know, a sentence each.
        package var warnings: [String] {
            (isSure ? [] : ["\(inputs) inputs are too few to show that the asked agreement of exits holds: give more"])
                + (isOfClasses
                    ? [] : ["no file says that the model's numbers are scores of classes: exits keep the largest one"])
        }
    }

    private static let folds = 4
    private let resources: ExecutionResources

    package init(resources: ExecutionResources) { self.resources = resources }

    /// Adds the exits that save most while so large a share of inputs has the class that the whole model gives.
    ///
    /// - Parameter agreement: A share above 0.5 and below 1.
    /// - Throws: `AnalysisError.budget` where the model has no exits, or where none holds the agreement; `cancelled`.
    /// - Complexity: One run over the inputs that fit or choose, and for each place five solutions of width³ / 3.
    package func adding(
        agreement: Double, to model: Model, calibration: CalibrationSet
    ) throws(AnalysisError) -> (model: Model, summary: Summary) {
        let budget = "exits at \(agreement)"
        let fits = try Fits(model, calibration, budget: budget, resources: resources)
        let choice = ExitChoice(fits.scores)
        let allowed = ExitChoice.allowance(agreement: agreement, of: fits.count)
        let chosen = choice.best(allowing: allowed)
        guard !chosen.isEmpty else {
            throw .budget(
                budget,
                reason: "none of \(fits.places.count) layers gives the whole model's class surely enough, on "
                    + "\(fits.count) inputs: ask for less agreement")
        }
        return try finish(model, fits, chosen, isSure: ExitChoice.isSure(agreement: agreement, of: fits.count))
    }

    /// Adds the exits of a plan, with its margins.
    ///
    /// - Throws: Where the model cannot have them; `AnalysisError.cancelled`.
    package func adding(
        _ entries: [ReusePlan.Exit], to model: Model, calibration: CalibrationSet
    ) throws(AnalysisError) -> (model: Model, summary: Summary) {
        do { _ = try model.graph.addingExits(entries) } catch { throw .graph(error) }
        let fits = try Fits(model, calibration, budget: "exits", resources: resources)
        let places = entries.compactMap { entry in
            fits.places.firstIndex { $0.after == entry.after }.map { (place: $0, margin: entry.margin) }
        }
        return try finish(model, fits, ExitChoice(fits.scores).exits(at: places), isSure: true)
    }

    private func finish(
        _ model: Model, _ fits: Fits, _ chosen: [ExitChoice.Exit], isSure: Bool
    ) throws(AnalysisError) -> (model: Model, summary: Summary) {
        let entries = chosen.map { exit in
            ReusePlan.Exit(
                after: fits.places[exit.place].after, margin: exit.margin,
                share: (Double(exit.left) / Double(max(fits.count, 1))).rounded(6),
                agreement: exit.left == 0 ? nil : (1 - Double(exit.wrong) / Double(exit.left)).rounded(6))
        }
        var images: [String: (weight: Tensor, bias: Tensor)] = [:]
        for exit in chosen {
            let image = try fits.image(at: exit.place, leavingOut: nil)
            images[fits.places[exit.place].after] = (
                Tensor(
                    image.weight.elements.map(Float.init), shape: [image.weight.rows, image.weight.columns]),
                Tensor(image.bias.map(Float.init), shape: [image.bias.count])
            )
        }
        let result = try model.addingExits(entries, head: fits.head, images: images)
        let work = ExitWork(of: result.graph, tokens: model.graph.usualTokens)
        let before = model.graph.cost(tokens: model.graph.usualTokens).multiplyAdds
        return (
            result,
            Summary(
                inputs: fits.count, isSure: isSure,
                work: work.mean(left: chosen.map(\.left), inputs: fits.count) / Double(max(before, 1)), exits: entries,
                isOfClasses: model.graph.use == .classifier)
        )
    }

    /// Images of all places, and what they make of inputs that they have not seen.
    private struct Fits {
        let head: ExitHead
        let places: [ExitPlace]
        let count: Int
        private(set) var scores: [ExitChoice.Scores] = []
        /// By place, by fold.
        private let statistics: [[RowStatistics]]
        private let workers: CancellableWorkers

        init(
            _ model: Model, _ calibration: CalibrationSet, budget: String, resources: ExecutionResources
        ) throws(AnalysisError) {
            try LinearAlgebra.prepare()
            do {
                (head, places) = try model.graph.exitPlaces()
            } catch { throw .budget(budget, reason: error.text) }
            workers = CancellableWorkers(resources)
            let sequences = calibration.fit + calibration.choosing
            count = sequences.count
            var observed = model
            do { observed.graph = try model.graph.observingPlaces(places, head) } catch { throw .graph(error) }
            let head = head
            let names = places.map { ExitNames(after: $0.after).copy(of: head.pooled) }
            let values = names + [head.pooled, head.scores]
            let rows = try observed.compiled(resources: resources, observing: Observation(values: Set(values)))
                .collect(sequences, values: values)
            guard let target = rows.values[head.pooled], let last = rows.values[head.scores] else {
                throw .runtime(.unknownValue(head.pooled))
            }
            var statistics: [[RowStatistics]] = []
            for name in names {
                guard let features = rows.values[name] else { throw .runtime(.unknownValue(name)) }
                var folds: [RowStatistics] = []
                for fold in 0..<ExitFitter.folds {
                    var sums = RowStatistics(features: head.width, targets: head.width)
                    try sums.add(
                        features: features, targets: target,
                        rows: stride(from: fold, to: count, by: ExitFitter.folds).map { $0..<$0 + 1 }, workers: workers)
                    folds.append(sums)
                }
                statistics.append(folds)
            }
            self.statistics = statistics
            let part: Model
            do { part = try model.tail(from: head.pooled, to: head.scores) } catch { throw .graph(error) }
            let scoring = try part.compiled(resources: resources, observing: Observation(values: [head.scores]))
            let right = (0..<count).map { last.row($0).surest.place }
            let tokens = model.graph.usualTokens
            let all = Double(max(model.graph.cost(tokens: tokens).multiplyAdds, 1))
            for (place, name) in names.enumerated() {
                guard let features = rows.values[name] else { continue }
                var margins = [Float](repeating: .nan, count: count)
                var agrees = [Bool](repeating: false, count: count)
                for fold in 0..<ExitFitter.folds {
                    let members = Array(stride(from: fold, to: count, by: ExitFitter.folds))
                    let image = try image(at: place, leavingOut: fold)
                    let found = try score(members.map { features.row($0) }, image, scoring)
                    for (index, member) in members.enumerated() {
                        let surest = found[index]
                        margins[member] = surest.margin
                        agrees[member] = surest.place == right[member]
                    }
                }
                let rest = GraphTail(of: model.graph.graph, from: places[place].after, to: head.scores)?.nodes ?? []
                let work = model.graph.multiplyAddsByNode(tokens: tokens)
                let left = rest.reduce(0.0) { $0 + Double(work[$1.name] ?? 0) }
                scores.append(.init(margins: margins, agrees: agrees, work: 1 - left / all))
            }
        }

        /// The image of one place: of all inputs, or of those outside a fold.
        func image(at place: Int, leavingOut fold: Int?) throws(AnalysisError) -> (weight: Matrix, bias: [Double]) {
            let folds = (0..<ExitFitter.folds).filter { $0 != fold }.map { statistics[place][$0] }
            var prior = Matrix(zeros: head.width, head.width)
            for index in 0..<head.width { prior[index, index] = 1 }
            let train = folds.dropLast().dropFirst().reduce(folds[0]) { $0.merged(with: $1) }
            let heldOut = folds[folds.count - 1]
            if let fit = try RidgeFit.fit(train: train, heldOut: heldOut, prior: prior, workers: workers) {
                return (fit.weight, fit.bias)
            }
            let all = train.merged(with: heldOut)
            return (prior, zip(all.targetMeans, all.featureMeans).map(-))
        }

        /// What the head makes of images of rows.
        private func score(
            _ rows: [UnsafeMutableBufferPointer<Float>], _ image: (weight: Matrix, bias: [Double]),
            _ scoring: CompiledModel
        ) throws(AnalysisError) -> [(place: Int, margin: Float)] {
            guard !rows.isEmpty else { return [] }
            let features = Matrix(rows: rows.count, columns: head.width, elements: rows.flatMap { $0.map(Double.init) })
            let images = features.multiplied(by: image.weight)
            let inputs = rows.indices.map { row in
                ModelInput(arrays: [
                    head.pooled: InputArray(
                        rows: 1, columns: head.width,
                        numbers: (0..<head.width).map { Float(images[row, $0] + image.bias[$0]) })
                ])
            }
            let found: CollectedRows
            found = try scoring.collect(inputs, values: [head.scores])
            guard let scores = found.values[head.scores], scores.rows == rows.count else {
                throw .runtime(.unknownValue(head.scores))
            }
            return rows.indices.map { scores.row($0).surest }
        }
    }
}

extension ExitChoice {
    /// Whether so many inputs can tell one mistake too many from none.
    static func isSure(agreement: Double, of count: Int) -> Bool {
        (1 - agreement) * Double(count) >= 1
    }
}

extension UnsafeMutableBufferPointer<Float> {
    /// Place of the largest number, the first of equal ones, and how far it is ahead of the second largest; no number
    /// where one of them is none.
    fileprivate var surest: (place: Int, margin: Float) {
        var place = 0, first = -Float.infinity, second = -Float.infinity
        for (index, score) in enumerated() {
            guard !score.isNaN else { return (place, .nan) }
            if score > first {
                (place, first, second) = (index, score, first)
            } else {
                second = Swift.max(second, score)
            }
        }
        return (place, first - second)
    }
}
