import Foundation
import ModelGraph
import Quantizing
import Rewriting
import Verification

extension ModelConverter {
    // MARK: Precision

    /// Stores the model's matrices in fewer bits (`Options.precision`), and changes nothing else.
    ///
    /// - Parameters:
    ///   - calibration: Data like those that the model will meet; `nil`: weights are rounded to nearest, and nothing is
    ///     measured. 4 bits and `automatic` need data.
    ///   - file: The `.reuse.h5` to write, replacing what is there; `nil`: the model stays in memory.
    /// - Returns: The work. It throws `.usage` where data are needed, or where the options ask for no other precision.
    public func quantize(calibration: CalibrationData?, to file: URL? = nil) -> WorkSteps<ConversionResult> {
        quantize(calibration, to: file?.path)
    }

    /// Changes the precision alone; the way of the public method.
    package func quantize(_ calibration: CalibrationData?, to path: String?) -> WorkSteps<ConversionResult> {
        WorkSteps { (work) throws(TransformerError) in
            guard options.precision != .float32 || options.exitAgreement != nil else {
                throw TransformerError(.usage, "give a precision other than f32, exits, a budget or a plan")
            }
            try checkPrecision()
            try checkExits()
            _ = try model.pooled(by: options.pooling)
            try checkGates(hasTexts: calibration != nil)
            try model.checkWeights(work)
            guard let calibration else {
                guard let path else { throw TransformerError(.usage, "give data to calibrate on, or a file to write") }
                let plan = model.model.plan ?? ReusePlan(of: model.model.graph)
                return try rewrite(along: ConversionPlan(plan), to: path).run(work)
            }
            let data = try calibration.read(for: model, resources, work)
            let judges = data.set.judges
            let warnings = data.set.judgingWarnings
            for warning in warnings { work.warning(warning) }
            let (plain, summary) = try quantized(model.model, merging: nil, data.set, work)
            let (quantized, exits) = try withExits(plain, along: nil, data.set, work)
            return try finish(quantized, to: path, checkedOn: judges.items, work) {
                (converted, exactness) throws(TransformerError) in
                let verifier = ModelVerifier(
                    source: model, converted: converted, pooling: options.pooling, resources: resources)
                var findings = try verifier.fidelity(on: judges.items, masking: data.reader.masking, work)
                findings.data = judges.data
                findings.exactness = exactness ?? findings.exactness
                findings.warnings = warnings
                let done = ConversionResult(
                    model: converted, plan: ConversionPlan(quantized.plan ?? ReusePlan(of: quantized.graph)),
                    comparison: try verifier.comparison(findings, gates: options.gates, work), analysis: nil,
                    healing: nil, quantization: summary, exits: exits)
                return try describing(done, isWritten: path != nil && done.isKept, data: calibration.paths)
            }
        }
    }

    /// The model in the precision that the options ask for, and what was done; as it is where they ask for none.
    ///
    /// - Parameters:
    ///   - plan: What merges tokens at last.
    ///   - calibration: `nil`: weights are rounded to nearest.
    func quantized(
        _ model: Model, merging plan: ReusePlan?, _ calibration: CalibrationSet?, _ work: Work
    ) throws(TransformerError) -> (model: Model, summary: QuantizationSummary?) {
        let tokens = plan?.tokens ?? []
        guard let target = options.precision.target else {
            return (try TransformerError.mapping { try model.mergingTokens(tokens) }, nil)
        }
        work.begin(.quantizing)
        var wanted = Quantizer.Options(target: target, resources: resources.execution(work.cancellation))
        wanted.pooling = options.pooling.map(ModelGraph.Pooling.init)
        let quantizer = Quantizer(options: wanted)
        return try TransformerError.mapping {
            let (quantized, summary) = try quantizer.quantize(model, calibration: calibration) {
                work.advance(.quantizing, to: $0, of: $1)
            }
            return (try quantized.mergingTokens(tokens), summary)
        }
    }

    /// Whether the model can be converted, and to the precision that is asked for.
    ///
    /// - Throws: `.unsupported` for a model that is quantised: what was lost cannot be repaired from it.
    package func checkPrecision() throws(TransformerError) {
        try options.precision.check()
        try TransformerError.mapping { try model.model.requireAllTokens() }
        guard !model.model.graph.hasPrecisions else {
            throw TransformerError(
                .unsupported, path: model.path,
                "is quantised already: convert the model that it was made from, with --precision for its precision")
        }
    }
}
