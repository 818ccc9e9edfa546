import Checkpoints
import Inputs
import ModelGraph
import Platform
import Reporting
import Runtime
import Tensors

/// Finds the reading of a checkpoint that computes what the model's own framework computes.
///
/// Readings are tried from the most usual one on, then those around the nearest. From the first that agrees the search
/// goes on to readings that differ in one point, so that the nearest is taken; where several are equally near, they
/// have to agree with one another on inputs that are made of the reference's own numbers, too, or the reference does
/// not tell them apart.
package struct ReferenceProof {
    private let path: String
    private let readings: CheckpointReadings
    private let comparison: ReferenceComparison
    private let cancellation: Cancellation?

    /// - Parameter path: The checkpoint, for messages.
    package init(
        path: String, readings: CheckpointReadings, comparison: ReferenceComparison, cancellation: Cancellation?
    ) {
        self.path = path
        self.readings = readings
        self.comparison = comparison
        self.cancellation = cancellation
    }

    /// Readings that are tried, and how many of them in the order of what is usual.
    private static let mostReadings = 4096
    private static let usualReadings = 1024
    /// Differences below this share of the largest output are those of two orders of summation.
    private static let noise = 6e-7

    private typealias Reading = CheckpointReadings.Reading

    /// What is known of a reading that was run.
    private struct Trial {
        let reading: Reading
        let agreement: ReferenceComparison.Agreement
    }

    /// Everything that was run.
    private struct Trials {
        /// Nothing for readings that give no model with the reference's inputs and outputs.
        var results: [Reading: Trial?] = [:]
        /// What kept the last one from being compared that is a model.
        var mismatch: String?
    }

    /// The model of the reading that agrees.
    ///
    /// - Throws: `unsupported` where none agrees, with the nearest one, and where the reference does not tell several
    ///   apart.
    package func model() throws(FileError) -> Model {
        var known = Trials()
        guard let first = try search(&known) else { throw disagreement(known) }
        let equals = try settle(first, &known)
        let chosen = equals[0]
        let model = try located { try readings.model(of: chosen.reading) }
        try tellApart(chosen, model, equals.dropFirst())
        var result = proven(model, chosen.agreement)
        result.notes += notes(on: equals)
        return result
    }

    /// The first reading that agrees: among the usual ones, then among those that differ in one point from the nearest.
    private func search(_ known: inout Trials) throws(FileError) -> Trial? {
        var pending: [Trial] = []
        for reading in readings.readings(atMost: Self.usualReadings) {
            try checkCancellation()
            guard let trial = try trial(reading, &known) else { continue }
            if trial.agreement.isClose { return trial }
            pending.append(trial)
        }
        while known.results.count < Self.mostReadings, !pending.isEmpty {
            pending.sort { $0.agreement.difference > $1.agreement.difference }
            let next = pending.removeLast()
            for reading in readings.neighbours(of: next.reading) where known.results[reading] == nil {
                try checkCancellation()
                guard let trial = try trial(reading, &known) else { continue }
                if trial.agreement.isClose { return trial }
                pending.append(trial)
            }
        }
        return nil
    }

    /// The nearest readings around one that agrees, the most usual first.
    private func settle(_ first: Trial, _ known: inout Trials) throws(FileError) -> [Trial] {
        var close = [first]
        var seen: Set<Reading> = [first.reading]
        var pending = [first]
        while let next = pending.popLast(), seen.count < Self.mostReadings {
            for reading in readings.neighbours(of: next.reading) where seen.insert(reading).inserted {
                try checkCancellation()
                guard let trial = try trial(reading, &known), trial.agreement.isClose else { continue }
                close.append(trial)
                pending.append(trial)
            }
        }
        let least = close.map(\.agreement.difference).min() ?? 0
        return close.filter { trial in
            trial.agreement.difference <= max(2 * least, Self.noise * max(1, trial.agreement.scale))
        }.sorted {
            ($0.reading.rank, $0.agreement.difference) < ($1.reading.rank, $1.agreement.difference)
        }
    }

    /// Runs a reading: on one input, and where that is near on all.
    ///
    /// - Returns: `nil` for a reading that gives no model, or one with other outputs.
    private func trial(_ reading: Reading, _ known: inout Trials) throws(FileError) -> Trial? {
        if let trial = known.results[reading] { return trial }
        var result: Trial?
        do {
            let model = try readings.model(of: reading)
            var agreement = try comparison.agreement(of: model, count: 1)
            if agreement.isClose { agreement = try comparison.agreement(of: model) }
            result = Trial(reading: reading, agreement: agreement)
        } catch let error as FileError where error.kind == .inputOutput || error.kind == .cancelled {
            throw error
        } catch {
            // Read so the checkpoint is no model, or none with these inputs and outputs.
            if let mismatch = error as? ReferenceComparison.Mismatch { known.mismatch = mismatch.message }
            if let error = error as? FileError, error.kind == .usage { known.mismatch = error.description }
        }
        known.results[reading] = .some(result)
        return result
    }

    /// Makes sure that readings which the reference does not tell apart compute the same.
    private func tellApart(_ chosen: Trial, _ model: Model, _ others: ArraySlice<Trial>) throws(FileError) {
        guard !others.isEmpty else { return }
        let (inputs, outputs) = try located { () throws -> ([ModelInput], [String: Tensor]) in
            let inputs = try comparison.inputs(for: model).enumerated().map { $1.shuffled(seed: UInt64($0) + 1) }
            return (inputs, try comparison.outputs(of: model, for: inputs))
        }
        let tolerance = ReferenceComparison.tolerance(of: model)
        for other in others {
            try checkCancellation()
            let differs = try located { () throws -> Bool in
                let found = try comparison.outputs(of: try readings.model(of: other.reading), for: inputs)
                return outputs.contains { name, tensor in
                    guard name.hasPrefix("output") || outputs.count == 1, let own = found[name] else { return false }
                    let scale = Double(tensor.floats.map(abs).max() ?? 0)
                    return zip(tensor.floats, own.floats).contains {
                        !(Double(abs($0 - $1)) <= tolerance * max(1, scale))
                    }
                }
            }
            guard differs else { continue }
            let own = readings.assumptions(of: chosen.reading), theirs = readings.assumptions(of: other.reading)
            let apart = (own.filter { !theirs.contains($0) } + theirs.filter { !own.contains($0) }).map(\.text)
            throw FileError(
                .unsupported, path: path,
                "\(comparison.reference.path) agrees with several readings that are not the same: "
                    + apart.joined(separator: ", "),
                remedy: "give more inputs, or inputs of other kinds, or say it with --assume KEY=VALUE")
        }
    }

    /// What the reference leaves as it was assumed: it is the same for inputs like the reference's, and perhaps not for
    /// others.
    private func notes(on equals: [Trial]) -> [String] {
        let chosen = readings.assumptions(of: equals[0].reading)
        var keys: [String] = []
        for other in equals.dropFirst() {
            let theirs = readings.assumptions(of: other.reading)
            keys += chosen.filter { !theirs.contains($0) && !keys.contains($0.key) }.map(\.key)
        }
        guard !keys.isEmpty else { return [] }
        return [
            "\(comparison.reference.path) does not tell what \(keys.joined(separator: ", ")) is: other values give the "
                + "same outputs for such inputs"
        ]
    }

    private func proven(_ model: Model, _ agreement: ReferenceComparison.Agreement) -> Model {
        var result = model
        result.provenance.proof = .init(
            difference: agreement.difference, inputs: comparison.reference.count)
        return result
    }

    private func disagreement(_ known: Trials) -> FileError {
        let count = known.results.count
        let trials = known.results.values.compactMap(\.self)
        let nearest = trials.min { $0.agreement.difference < $1.agreement.difference }
        let tried = "\(count)\(readings.count > count ? " of \(readings.count)" : "") readings were tried"
        guard let nearest else {
            return FileError(
                .unsupported, path: path,
                readings.problems + [
                    "none of them gives the outputs of \(comparison.reference.path); \(tried)"
                        + (known.mismatch.map { "; \($0)" } ?? "")
                ],
                remedy: "--architecture FILE describes a class (docs/keras-models.md)")
        }
        let difference = nearest.agreement
        let assumptions = readings.assumptions(of: nearest.reading).map(\.text).joined(separator: ", ")
        return FileError(
            .unsupported, path: path,
            readings.problems + [
                "none agrees with \(comparison.reference.path) (\(tried)); the nearest differs by "
                    + "\(difference.difference.shortText) in \(difference.output): \(assumptions)"
            ], remedy: "--architecture FILE describes a class (docs/keras-models.md)")
    }

    /// Runs a body whose errors are those of the checkpoint.
    private func located<Result>(_ body: () throws -> Result) throws(FileError) -> Result {
        do { return try body() } catch { throw FileError(error, about: path) }
    }

    private func checkCancellation() throws(FileError) {
        if cancellation?.isRequested == true { throw FileError(.cancelled, path: path, "the work was cancelled") }
    }
}

extension ReferenceProof {
    /// Compares a model about which nothing is open.
    ///
    /// - Returns: The model with what the comparison found.
    /// - Throws: `unsupported` where an output differs.
    package static func checked(
        _ model: Model, path: String, _ comparison: ReferenceComparison
    ) throws(FileError) -> Model {
        let agreement: ReferenceComparison.Agreement
        do {
            agreement = try comparison.agreement(of: model)
        } catch let error as ReferenceComparison.Mismatch {
            throw FileError(.unsupported, path: path, "\(comparison.reference.path): \(error.message)")
        } catch {
            throw FileError(error, about: path)
        }
        guard agreement.isClose else {
            throw FileError(
                .unsupported, path: path,
                "does not compute what \(comparison.reference.path) says: \(agreement.output) differs by "
                    + "\(agreement.difference.shortText), the largest number there is \(agreement.scale.shortText)",
                remedy: "make sure that the reference is of this very model; if it is, please report it")
        }
        var result = model
        result.provenance.proof = .init(difference: agreement.difference, inputs: comparison.reference.count)
        return result
    }
}

extension FileError {
    /// What the runtime and the readers throw, said of a checkpoint where it names no file.
    fileprivate init(_ error: any Error, about path: String) {
        if let error = error as? FileError {
            self = error
        } else {
            self.init((error as? any KindedError)?.kind ?? .defect, path: path, "\(error)")
        }
    }
}

extension ReferenceArrays {
    /// Inputs that the file holds.
    fileprivate var count: Int { inputs.values.first?.shape.extents.first ?? 0 }
}

extension Model.Provenance.Assumption {
    /// As `--assume` takes it.
    package var text: String { "\(key)=\(value)" }
}

extension Double {
    /// With three digits.
    fileprivate var shortText: String { isFinite ? Format.significant(self, 3) : "\(self)" }
}

extension ModelInput {
    /// The same numbers and ids in another order.
    fileprivate func shuffled(seed: UInt64) -> ModelInput {
        var random = SplitMix(seed: seed)
        func shuffle<Element>(_ values: [Element]) -> [Element] {
            var values = values
            for last in stride(from: values.count - 1, to: 0, by: -1) {
                values.swapAt(last, random.next(below: last + 1))
            }
            return values
        }
        var result = self
        if mask.isEmpty { result.ids = shuffle(ids) }
        for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
            var changed = array
            changed.numbers = shuffle(array.numbers)
            if array.mask.isEmpty { changed.ids = shuffle(array.ids) }
            result.arrays[name] = changed
        }
        return result
    }
}
