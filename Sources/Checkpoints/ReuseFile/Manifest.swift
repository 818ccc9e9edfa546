import Files
import JSON
import ModelGraph
import Platform
import Tensors

/// The document in a `.reuse.h5` that says what the model is (`schemas/manifest.schema.json`).
///
/// Holds no times and no paths: the same model gives the same bytes.
package struct Manifest: Sendable, Codable {
    /// Who wrote the file.
    package struct Tool: Sendable, Hashable, Codable {
        package var name: String
        package var version: String
    }

    /// One stored tensor.
    package struct TensorEntry: Sendable, Hashable, Codable {
        /// `<node>/<parameter>`.
        package var name: String
        package var dtype: DType
        package var shape: Shape
        /// SHA-256 of the decoded little-endian bytes.
        package var sha256: String
    }

    /// One file that was carried along.
    package struct Asset: Sendable, Hashable, Codable {
        package var name: String
        package var byteCount: Int
        package var sha256: String
    }

    package static let currentVersion = 1

    package var formatVersion: Int
    package var tool: Tool
    package var graph: Graph
    /// The plan that was applied.
    package var plan: ReusePlan?
    /// What healing did.
    package var healing: JSONValue?
    /// How weights were quantised; none so far.
    package var quantization: JSONValue?
    package var provenance: Model.Provenance
    package var traits: Model.Traits
    /// In order of name.
    package var tensors: [TensorEntry]
    /// In order of name.
    package var assets: [Asset]
    /// SHA-256 of the analysis, where the file carries one.
    package var analysis: String?
}

extension Manifest {
    /// The manifest of a model as it stands.
    package init(of model: Model, analysis: [UInt8]?, toolVersion: String) {
        formatVersion = Self.currentVersion
        tool = Tool(name: "reuseformer", version: toolVersion)
        graph = model.graph.graph
        plan = model.plan
        healing = model.healing
        quantization = nil
        provenance = model.provenance
        traits = model.traits
        let sorted = model.tensors.sorted { $0.key < $1.key }
        let digests = Workers().map(sorted) { $0.value.digest.hex }
        tensors = zip(sorted, digests).map { entry, digest in
            TensorEntry(name: entry.key, dtype: entry.value.dtype, shape: entry.value.shape, sha256: digest)
        }
        assets = model.assets.sorted { $0.key < $1.key }.map { name, bytes in
            Asset(name: name, byteCount: bytes.count, sha256: Digest(of: bytes).hex)
        }
        self.analysis = analysis.map { Digest(of: $0).hex }
    }
}
