import JSON
import Platform
import Tensors

/// A transformer: graph, tensors, assets and where it came from.
package struct Model: Sendable {
    /// Where a model came from. Carries nothing of the machine: file names, not paths.
    package struct Provenance: Sendable, Hashable, Codable {
        /// Every file that was read, sorted by name.
        package var files: [File]
        /// How the files were laid out: `hf-tf`, `keras2`, `reuse` …
        package var dialect: String
        /// Name of the architecture spec.
        package var architecture: String
        /// Parameters that the files lack and that were given their neutral element on request; `nil` for none.
        package var assumed: [ParameterID]?
        /// Members of settings files that did not count, on request; `nil` for none.
        package var ignoredSettings: [String]?
        /// The same as a set.
        package var passedOver: Set<String> { Set(ignoredSettings ?? []) }
        /// What was taken for granted about classes whose code no file holds; `nil`: nothing.
        package var assumptions: [Assumption]?
        /// How the model agreed with its own framework; `nil`: nobody has compared.
        package var proof: Proof?

        /// Something that no file says and that was taken for granted.
        package struct Assumption: Sendable, Hashable, Codable {
            /// `TransformerBlock`, or `TransformerBlock.activation`.
            package var key: String
            package var value: String

            package init(key: String, value: String) {
                self.key = key
                self.value = value
            }
        }

        /// A comparison with outputs of the framework that the model was trained in.
        package struct Proof: Sendable, Hashable, Codable {
            /// Largest difference of any output.
            package var difference: Double
            /// Inputs that were compared.
            package var inputs: Int

            package init(difference: Double, inputs: Int) {
                self.difference = difference
                self.inputs = inputs
            }
        }

        package init(
            files: [File], dialect: String, architecture: String, assumed: [ParameterID]? = nil,
            ignoredSettings: [String]? = nil
        ) {
            self.files = files
            self.dialect = dialect
            self.architecture = architecture
            self.assumed = assumed
            self.ignoredSettings = ignoredSettings
        }
    }

    /// What a user meets around the graph.
    package struct Traits: Sendable, Hashable, Codable {
        /// Longest sequence that the model takes, special tokens included; `nil`: unlimited.
        package var maximumTokens: Int?
        /// Names of classes, by index; empty when unknown.
        package var labels: [String]
        /// How a text becomes one embedding; `nil` where the model's files do not say it.
        package var sentences: SentenceTraits?
        /// What makes the score of a pair of texts of a classifier's logits; `nil` where the files do not say it.
        package var pairActivation: Activation?

        package init(
            maximumTokens: Int? = nil, labels: [String] = [], sentences: SentenceTraits? = nil,
            pairActivation: Activation? = nil
        ) {
            self.maximumTokens = maximumTokens
            self.labels = labels
            self.sentences = sentences
            self.pairActivation = pairActivation
        }
    }

    /// What is computed.
    package var graph: CheckedGraph
    /// Parameters, matrices as `[in, out]`.
    package var tensors: [ParameterID: Tensor]
    /// Tokenizer, configuration and preprocessing files, byte for byte, by file name.
    package var assets: [String: [UInt8]]
    /// Where the model came from.
    package var provenance: Provenance
    /// What a user meets around the graph.
    package var traits: Traits
    /// The plan that was applied, or that the model was trained with; `nil` where all heads compute a map.
    package var plan: ReusePlan?
    /// What healing did, as its document; carried, not understood here.
    package var healing: JSONValue?
    /// What quantising did, as its document; carried, not understood here.
    package var quantization: JSONValue?
    /// What reading decided that a user should know, a sentence each; not stored.
    package var notes: [String]
    /// Whether its own framework computes in 16 bits, so that outputs agree no better.
    package var isCoarse = false

    package init(
        graph: CheckedGraph, tensors: [ParameterID: Tensor], assets: [String: [UInt8]] = [:], provenance: Provenance,
        traits: Traits = Traits(), plan: ReusePlan? = nil, healing: JSONValue? = nil, notes: [String] = []
    ) {
        self.graph = graph
        self.tensors = tensors
        self.assets = assets
        self.provenance = provenance
        self.traits = traits
        self.plan = plan
        self.healing = healing
        self.notes = notes
    }

    /// Checks that every parameter has a tensor of the right shape and type: a floating-point one, or what its
    /// precision
    /// asks for.
    ///
    /// - Throws: Every problem at once.
    package func validate() throws(GraphError) {
        let problems = graph.problems { tensors[$0].map { ($0.dtype, $0.shape) } }
        guard problems.isEmpty else { throw GraphError(problems) }
    }

    /// The tensor of a node's parameter, ties followed; of a quantised matrix what its values stand for, in float32.
    ///
    /// - Returns: `nil` when the node has no such parameter or the tensor is missing.
    package func tensor(of node: Node, _ parameter: String) -> Tensor? {
        let stored = node.precisions.isEmpty ? nil : quantized(node, parameter)
        guard let owner = stored?.dequantized ?? tensors[node.owner(of: parameter)] else { return nil }
        return node.ties[parameter]?.isTransposed == true ? owner.transposed() : owner
    }
}

extension CheckedGraph {
    /// What is wrong with tensors that are to be the graph's parameters: missing ones, other shapes, other types.
    ///
    /// - Parameter tensor: Type and shape of the tensor of a parameter; `nil`: there is none.
    package func problems(_ tensor: (ParameterID) -> (dtype: DType, shape: Shape)?) -> [GraphError.Problem] {
        var problems: [GraphError.Problem] = []
        for node in graph.nodes {
            for parameter in node.storedParameters {
                let id = node.parameterID(parameter.name)
                guard let tensor = tensor(id) else {
                    let message = "is missing, expected \(parameter.shape)"
                    problems.append(.init(kind: .tensor, subject: id.description, message: message))
                    continue
                }
                if tensor.shape != parameter.shape {
                    let message = "has shape \(tensor.shape), expected \(parameter.shape)"
                    problems.append(.init(kind: .tensor, subject: id.description, message: message))
                } else if !parameter.content.admits(tensor.dtype) {
                    let message = "holds \(tensor.dtype.rawValue), expected \(parameter.content.text)"
                    problems.append(.init(kind: .tensor, subject: id.description, message: message))
                }
            }
        }
        return problems
    }
}
