import Analysis
import Checkpoints
import HDF5
import ModelGraph
import Platform
import Reporting
import ReuseTransformers
import Rewriting
import Verification

/// `convert --plan … --heal none` without texts: nothing is run, and nothing larger than one tensor is held in memory,
/// so that models far larger than memory can be rewritten.
struct PlainRewrite {
    let source: TransformerModel
    let plan: ReusePlan
    let output: String
    let compression: Checkpoint.Compression

    /// Writes the model; before it gets its name it is read back and compared.
    func run(_ progress: Progress) throws -> (verdict: VerificationReport, plan: ReusePlan) {
        progress.begin("Rewriting")
        let rewritten = try source.model.applying(plan)
        if let name = rewritten.graph.firstNodeDroppingHeads(of: source.model.graph) {
            throw CommandError.usage(
                "the plan drops heads of \(name), whose mean must be kept: give --calibration with a file of texts")
        }
        progress.begin("Writing and reading back")
        let reading = try HDF5ReadingOptions.ofEnvironment()
        var readBack: (model: Model, exactness: Exactness)?
        try Checkpoint.write(rewritten, to: output, compression: compression, toolVersion: Version.text) {
            (path) throws(FileError) in
            let model = try Checkpoint.load(path: path, options: LoadingOptions(hdf5: reading))
            let exactness = try? Exactness.check(tensorsOf: rewritten, against: model)
            guard let exactness, exactness.holds else {
                throw FileError(
                    .defect, path: output, "the written file does not hold what the model in memory holds")
            }
            readBack = (model, exactness)
        }
        guard let readBack else { throw CommandError(status: .defect, description: "\(output) was not read back") }
        let name = TransformerModel.name(of: output)
        let verdict = try VerificationReport(
            source: .init(name: source.name, provenance: source.model.provenance),
            converted: .init(name: name, provenance: readBack.model.provenance), data: .init([]),
            savings: Savings(source: source.model.graph, converted: readBack.model.graph), metrics: [],
            exactness: readBack.exactness, gates: [])
        return (verdict, rewritten.plan ?? plan)
    }
}
