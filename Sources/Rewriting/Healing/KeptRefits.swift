import Files
import JSON
import Matrices
import ModelGraph
import Platform

/// What refitting one branch gave, before it is judged beside the others.
struct Refit: Sendable {
    let step: HealingSummary.Step
    /// The fit; `nil` where there is none that is worth trying.
    var fit: RidgeFit?
    /// The difference at the model's output with it.
    var difference: OutputDifference?

    init(step: HealingSummary.Step, fit: RidgeFit? = nil, difference: OutputDifference? = nil) {
        self.step = step
        self.fit = fit
        self.difference = difference
    }

    /// Refuses what is not of a branch of a model.
    func check(_ branch: Branch, of model: Model) throws(AnalysisError) {
        var fits = step.node == branch.node && (fit == nil) == (difference == nil)
        if let fit {
            let prior = try model.weight(of: branch)
            fits = fits && fit.weight.rows == prior.rows && fit.weight.columns == prior.columns
        }
        guard fits else {
            throw .file(.damaged(step.node, "refit", "what was kept is not of this branch"))
        }
    }
}

/// Refits of a conversion that are kept in a folder while it goes on, so that another run need not make them again.
package struct KeptRefits: Sendable {
    /// What decides the refits of a plan: refits of one conversion have the same.
    package struct Origin: Sendable, Hashable, Codable {
        /// Version of the program: another one may round otherwise.
        package var tool: String
        /// SHA-256 of the model's weights.
        package var model: String
        /// SHA-256 of the token ids, and the texts that fit and choose.
        package var texts: String
        package var fitting: Int
        package var choosing: Int
        package var pooling: Pooling?

        package init(tool: String, model: Model, calibration: CalibrationSet, pooling: Pooling?) {
            self.tool = tool
            self.model = model.weightsDigest.hex
            texts = calibration.digest.hex
            fitting = calibration.fit.count
            choosing = calibration.choosing.count
            self.pooling = pooling
        }

        /// What tells two conversions apart; `nil` where they are one.
        func difference(from other: Origin) -> String? {
            if model != other.model { return "is of another model than" }
            if texts != other.texts { return "is of other texts than" }
            if fitting != other.fitting || choosing != other.choosing {
                return "divided the texts otherwise (--judge) than"
            }
            if pooling != other.pooling { return "was made with another --pool than" }
            return tool != other.tool ? "was made by version \(tool), not by \(other.tool) as" : nil
        }
    }

    /// One refit as it is written.
    private struct Entry: Codable {
        var kind = "reuseformer refit"
        var version = 1
        /// SHA-256 of the document with this digest empty.
        var digest = ""
        var origin: Origin
        /// SHA-256 of the plan, and of how it is carried out.
        var plan: String
        var number: Int
        var step: HealingSummary.Step
        var difference: OutputDifference?
        var rows: Int?
        var weight: PackedNumbers?
        var bias: PackedNumbers?
    }

    /// A matrix of sixteen thousand rows and columns is smaller than this.
    private static let byteLimit = 1 << 31

    let folder: String
    let origin: Origin
    /// SHA-256 of the plan, and of how it is carried out.
    let plan: String
    /// Ends the names of what one of several workers keeps: no two of them write one file.
    let author: String

    /// - Parameters:
    ///   - folder: A folder that is there.
    ///   - settings: How the plan is carried out, beside what `origin` says.
    ///   - worker: Which of several workers this one is; `nil`: there is one.
    package init(folder: String, _ origin: Origin, plan: ReusePlan, settings: String, worker: Int? = nil) {
        self.folder = folder
        self.origin = origin
        let bytes = (try? Document.encode(plan)) ?? []
        self.plan = Digest(of: bytes + Array(settings.utf8)).hex
        author = worker.map { "-by-\($0)" } ?? ""
    }

    /// A file of this plan that this worker writes.
    func path(_ kind: String, _ name: String) -> String { "\(folder)/\(stem(kind, name))\(author).part" }

    func stem(_ kind: String, _ name: String) -> String { "\(kind)-\(plan.prefix(12))-\(name)" }

    /// Names of all files in the folder.
    func names() throws(AnalysisError) -> [String] {
        do { return try FileSystem.system.list(folder) } catch { throw .file(FileError(folder, errno: error.code)) }
    }

    /// Where something of this plan stands, whoever wrote it; `nil`: nowhere.
    func find(_ kind: String, _ name: String, among names: [String]) -> String? {
        let stem = stem(kind, name)
        return names.filter { $0 == "\(stem).part" || $0.hasPrefix("\(stem)-by-") && $0.hasSuffix(".part") }.min()
            .map { "\(folder)/\($0)" }
    }

    /// The refits that were kept, from the first on.
    ///
    /// - Throws: `AnalysisError.file`, of kind `usage` where they are of another conversion, `corrupt` where one is
    ///   damaged.
    func refits() throws(AnalysisError) -> [Refit] {
        let names = try names()
        if let first = names.filter({ $0.hasPrefix("refit-") && $0.hasSuffix(".part") }).min() {
            // Refits of other inputs are refused, whatever their plan.
            _ = try entry(at: "\(folder)/\(first)", ofAnyPlan: true)
        }
        var result: [Refit] = []
        while let refit = try refit(result.count, among: names) { result.append(refit) }
        return result
    }

    /// One refit; `nil` where it was not kept.
    func refit(_ number: Int, among names: [String]) throws(AnalysisError) -> Refit? {
        guard let path = find("refit", "\(number)", among: names), let entry = try entry(at: path) else { return nil }
        var refit = Refit(step: entry.step, difference: entry.difference)
        if let weight = entry.weight?.values, let bias = entry.bias?.values, let rows = entry.rows {
            let (count, overflow) = rows.multipliedReportingOverflow(by: bias.count)
            guard rows > 0, !overflow, weight.count == count else {
                throw .file(.damaged(path, "weight", "has not \(rows) rows"))
            }
            refit.fit = RidgeFit(
                weight: Matrix(rows: rows, columns: bias.count, elements: weight.map(Double.init)),
                bias: bias.map(Double.init), strength: entry.step.strength ?? 0, errorBefore: 0, errorAfter: 0)
        }
        return refit
    }

    private func entry(at path: String, ofAnyPlan: Bool = false) throws(AnalysisError) -> Entry? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let bytes: [UInt8]
        do throws(FileError) {
            let file = try MappedFile(path: path)
            guard file.byteCount <= Self.byteLimit else {
                throw .limit(file: path, field: "bytes", limit: Self.byteLimit, found: file.byteCount)
            }
            bytes = file.withUnsafeBytes { Array($0) }
        } catch { throw .file(error) }
        var entry: Entry
        do throws(Document.ReadError) {
            entry = try Document.decode(Entry.self, from: bytes, isStrict: true)
        } catch {
            throw .file(
                FileError(.corrupt, path: path, "is not a refit that can be read: \(error)", remedy: "remove it"))
        }
        if let difference = entry.origin.difference(from: origin) {
            throw .file(
                FileError(
                    .usage, path: path,
                    "\(difference) what is asked for now; give another folder, or remove this one"))
        }
        if ofAnyPlan { return entry }
        let digest = entry.digest
        entry.digest = ""
        guard digest == (try? Document.encode(entry)).map({ Digest(of: $0).hex }), entry.plan == plan else {
            throw .file(FileError(.corrupt, path: path, "was changed after it was written", remedy: "remove it"))
        }
        return entry
    }

    /// Keeps a refit.
    func keep(_ refit: Refit, number: Int) throws(AnalysisError) {
        var entry = Entry(origin: origin, plan: plan, number: number, step: refit.step)
        entry.difference = refit.difference
        if let fit = refit.fit {
            entry.rows = fit.weight.rows
            // What `replacing` makes of them.
            entry.weight = PackedNumbers(fit.weight.elements.map(Float.init))
            entry.bias = PackedNumbers(fit.bias.map(Float.init))
        }
        let path = path("refit", "\(number)")
        guard let unsigned = try? Document.encode(entry) else {
            // A refit that is no number is not kept, and made again.
            return
        }
        entry.digest = Digest(of: unsigned).hex
        guard let bytes = try? Document.encode(entry) else { return }
        do throws(FileError) {
            var file = try AtomicFile(replacing: path)
            try file.write(bytes)
            try file.commit()
        } catch { throw .file(error) }
    }
}
