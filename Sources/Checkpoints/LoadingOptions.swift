import HDF5
import Platform

/// How a checkpoint is read, and how it is to be understood.
///
/// A `.reuse.h5` tells everything itself: nothing of `architecture`, `config`, `allowsMissing` and `ignoredSettings`
/// applies to it.
package struct LoadingOptions: Sendable {
    /// Name of a built-in architecture, or path of a spec (`docs/architecture-specs.md`) or of what layers are made of
    /// (`docs/keras-models.md`); `nil`: the checkpoint's own graph, or the architecture that the contents speak for.
    package var architecture: String?
    /// File that tells the configuration; `nil`: what is stored with the weights, or `config.json` beside them.
    package var config: String?
    /// Whether biases, offsets and scales that the checkpoint lacks are taken for 0 and 1;
    /// `Model.Provenance.assumed` lists them. Matrices and tables are never made up.
    package var allowsMissing: Bool
    /// Members of the configuration, and of the other settings files of a folder, that do not count: `a.b` for a member
    /// of a member. `Model.Provenance.ignoredSettings` lists them.
    package var ignoredSettings: Set<String>
    /// What classes are whose code no file holds, by key: `TransformerBlock`, `TransformerBlock.activation`.
    package var assumptions: [String: String] = [:]
    /// File with inputs and outputs of the model's own framework that the model has to agree with; whoever runs
    /// models compares (`Checkpoint.load` does not).
    package var reference: String?
    /// By which helper HDF5 files are read, and what that may cost.
    package var hdf5: HDF5ReadingOptions
    /// Asked between files, tensors and blocks of a digest; what is read so far is then given up.
    package var cancellation: Cancellation?

    package init(
        architecture: String? = nil, config: String? = nil, allowsMissing: Bool = false,
        ignoredSettings: Set<String> = [], hdf5: HDF5ReadingOptions = .standard, cancellation: Cancellation? = nil
    ) {
        self.architecture = architecture
        self.config = config
        self.allowsMissing = allowsMissing
        self.ignoredSettings = ignoredSettings
        self.hdf5 = hdf5
        self.cancellation = cancellation
    }
}
