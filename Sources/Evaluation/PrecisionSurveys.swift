import ModelGraph
import Quantizing
import Reporting
import ReuseTransformers
import Rewriting
import Verification

extension ModelConverter {
    /// Tries every precision and tells what each would make of the model: bytes, quality, and where asked for speed.
    ///
    /// Nothing is written. One quantised model is in memory at a time, beside the source.
    ///
    /// - Parameters:
    ///   - calibration: Data like those that the model will meet.
    ///   - isTimed: Whether each model's speed is measured.
    /// - Returns: The work.
    package func surveyPrecisions(calibration: CalibrationData, isTimed: Bool) -> WorkSteps<PrecisionSurvey> {
        WorkSteps { (work) throws(TransformerError) in
            try checkPrecision()
            _ = try model.pooled(by: options.pooling)
            try model.checkWeights(work)
            let data = try calibration.read(for: model, resources, work)
            let warnings = [data.reader.unknownWarning(about: data.set.fit)].compactMap(\.self)
            for warning in warnings + JudgingWarnings.ofMeasuring(on: data.set.choosing.count) { work.warning(warning) }
            let targets: [QuantizationTarget] = [
                .bfloat16, .int8, .automatic, .int8Weights(group: nil), .int4Weights(group: 64),
                .int4Weights(group: 32),
            ]
            var survey = PrecisionSurvey(rows: [.init(precision: "f32", of: model.model, nil)])
            for target in targets {
                work.begin(.tryingPrecision(target.name))
                var wanted = Quantizer.Options(target: target, resources: resources.execution(work.cancellation))
                wanted.pooling = options.pooling.map(ModelGraph.Pooling.init)
                let quantizer = Quantizer(options: wanted)
                let (quantized, summary) = try TransformerError.mapping {
                    try quantizer.quantize(model.model, calibration: data.set) {
                        work.advance(.tryingPrecision(target.name), to: $0, of: $1)
                    }
                }
                var row = PrecisionSurvey.Row(precision: target.name, of: quantized, summary)
                row.group = target.group
                if isTimed {
                    let converted = TransformerModel(path: model.path, model: quantized, hdf5: model.hdf5)
                    let timings = try ModelVerifier(source: model, converted: converted, resources: resources)
                        .time(work)
                    row.speed = timings.last?.speedup
                    survey.shape = timings.last?.load
                }
                survey.rows.append(row)
            }
            if isTimed { survey.rows[0].speed = 1 }
            return survey
        }
    }
}
