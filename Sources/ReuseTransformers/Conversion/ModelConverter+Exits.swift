import ModelGraph
import Plans
import Rewriting

extension ModelConverter {
    /// The model with the exits that the options or a plan ask for, and what they save; as it is where none do.
    func withExits(
        _ model: Model, along plan: ReusePlan?, _ calibration: CalibrationSet, _ work: Work
    ) throws(TransformerError) -> (model: Model, exits: ExitFitter.Summary?) {
        let entries = plan?.exits ?? []
        guard options.exitAgreement != nil || !entries.isEmpty else { return (model, nil) }
        work.begin(.fittingExits)
        let fitter = ExitFitter(resources: resources.execution(work.cancellation))
        let (result, summary) = try TransformerError.mapping {
            try options.exitAgreement.map { try fitter.adding(agreement: $0, to: model, calibration: calibration) }
                ?? fitter.adding(entries, to: model, calibration: calibration)
        }
        for warning in summary.warnings { work.warning(warning) }
        return (result, summary)
    }

    /// Tells before anything is computed that the model can have no exits.
    func checkExits() throws(TransformerError) {
        guard let agreement = options.exitAgreement else {
            guard let exit = model.model.graph.graph.exits.first else { return }
            throw TransformerError(
                .usage, path: model.path, "has exits already (\(exit.name)): convert the model that it was made from")
        }
        guard agreement > 0.5, agreement < 1 else {
            throw TransformerError(.usage, "an agreement of \(agreement) is none: above 50 % and below 100 %")
        }
        do throws(ExitProblem) {
            _ = try model.model.graph.exitPlaces()
        } catch {
            throw TransformerError(.usage, path: model.path, "can have no exits: \(error.text)")
        }
    }
}
