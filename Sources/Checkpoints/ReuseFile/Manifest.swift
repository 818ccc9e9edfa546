import Files
import JSON
import ModelGraph
import Platform
import Tensors

/// The document in a `.reuse.h5` that says what the model is (`schemas/manifest.schema.json`).
///
/// Holds no times and no paths: the same model gives the same bytes. Members that are not known here are not looked
/// at: files of earlier releases may name an analysis.
package struct Manifest: Sendable, Codable {
    /// Who wrote the file.
    package struct Tool: Sendable, Hashable, Codable {
        package var name: String
        package var version: String
    }

    /// One stored tensor.
    package struct TensorEntry: Sendable, Hashable, Codable {
        /// The parameter that it holds.
        package var name: ParameterID
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

    package var formatVersion: Int
    package var tool: Tool
    package var graph: Graph
    /// The plan that was applied.
    package var plan: ReusePlan?
    /// What healing did.
    package var healing: JSONValue?
    /// What quantising did.
    package var quantization: JSONValue?
    package var provenance: Model.Provenance
    package var traits: Model.Traits
    /// In order of name.
    package var tensors: [TensorEntry]
    /// In order of name.
    package var assets: [Asset]
}

extension Manifest {
    /// The manifest of a model as it stands.
    ///
    /// - Parameter cancellation: When it ends the work, the digests mean nothing.
    package init(of model: Model, toolVersion: String, cancellation: Cancellation? = nil) {
        formatVersion = ReuseFile.version(for: model.graph.graph)
        tool = Tool(name: "reuseformer", version: toolVersion)
        graph = model.graph.graph
        plan = model.plan
        healing = model.healing
        quantization = model.quantization
        provenance = model.provenance
        traits = model.traits
        let sorted = model.tensors.sorted { $0.key < $1.key }
        let digests = Workers().map(sorted) { cancellation?.isRequested == true ? "" : $0.value.digest.hex }
        tensors = zip(sorted, digests).map { entry, digest in
            TensorEntry(name: entry.key, dtype: entry.value.dtype, shape: entry.value.shape, sha256: digest)
        }
        assets = model.assets.sorted { $0.key < $1.key }.map { name, bytes in
            Asset(name: name, byteCount: bytes.count, sha256: Digest(of: bytes).hex)
        }
    }
}
