import Foundation
import Inputs
import ModelGraph
import Platform
import Runtime
import Tensors

/// Compares a model's outputs with those that its own framework gave for the same inputs.
package struct ReferenceComparison {
    /// How far a model is from its framework.
    struct Agreement {
        /// Largest difference of any number.
        let difference: Double
        /// The output that it is in.
        let output: String
        /// Largest magnitude that was expected there.
        let scale: Double
        /// Whether every output is as near as it has to be.
        let isClose: Bool
    }

    /// Why there is nothing to compare.
    struct Mismatch: Error {
        let message: String
    }

    let reference: ReferenceArrays
    private let resources: ExecutionResources

    package init(reference: ReferenceArrays, resources: ExecutionResources) {
        self.reference = reference
        self.resources = resources
    }

    /// Largest difference that still agrees, of outputs up to 1 in magnitude; of larger ones so many times as much.
    static let tolerance = 1e-4
    /// The same of models that compute in 16 bits in their own framework and in 32 here.
    static let coarseTolerance = 5e-2

    /// The tolerance of a model.
    static func tolerance(of model: Model) -> Double {
        model.isCoarse ? coarseTolerance : tolerance
    }

    /// Outputs of a model on some inputs, by the framework's names.
    func outputs(of model: Model, for inputs: [ModelInput]) throws -> [String: Tensor] {
        let outputs = try PaddedOutputs(
            of: model, for: inputs, selecting: [.hidden, .logits, .pooled], resources: resources)
        return Dictionary(outputs.arrays.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    }

    /// The reference's inputs as a model takes them.
    func inputs(for model: Model) throws -> [ModelInput] {
        try GraphArrays.sequences(from: reference.inputs, for: model.graph)
    }

    /// Compares all outputs of the reference.
    ///
    /// - Parameter count: Inputs to run; `nil`: all.
    /// - Throws: `Mismatch` for outputs that the model has not or that have another shape, and what keeps it from
    ///   running.
    func agreement(of model: Model, count: Int? = nil) throws -> Agreement {
        // Pictures of the reference may have another size than the model's own.
        let model = try model.fitted(to: reference.inputs)
        let inputs = try inputs(for: model)
        let computed = try outputs(of: model, for: Array(inputs.prefix(count ?? inputs.count)))
        let tolerance = Self.tolerance(of: model)
        let hidden = reference.inputs["attention_mask"]
        var worst: Agreement?
        for (name, wanted) in reference.outputs.sorted(by: { $0.key < $1.key }) {
            guard let (label, found) = Self.output(name, in: computed) else {
                let known = computed.keys.sorted().joined(separator: ", ")
                throw Mismatch(
                    message: "the model has no output \"\(name.printable)\" (it has \(known))")
            }
            let extents = wanted.shape.extents
            let expected = count.map { [$0] + extents.dropFirst() } ?? extents
            guard found.shape.extents.withoutOnes == expected.withoutOnes, let rows = expected.first else {
                throw Mismatch(message: "\(label) has shape \(found.shape), the reference \(wanted.shape)")
            }
            let size = wanted.shape.count / max(1, extents.first ?? 1)
            let mask = hidden.flatMap {
                $0.shape.extents == Array(extents.prefix(2)) && extents.count > 2 ? $0.floats : nil
            }
            let agreement = Self.compare(
                wanted.floats.prefix(rows * size), found.floats, label, tolerance: tolerance, mask: mask,
                width: extents.dropFirst(2).reduce(1, *))
            if worst == nil || (worst?.difference ?? 0) < agreement.difference
                || !agreement.isClose && worst?.isClose == true
            {
                worst = agreement
            }
        }
        guard let worst else { throw Mismatch(message: "the reference has no outputs") }
        return worst
    }

    /// The array that an output of the reference is called here.
    private static func output(_ name: String, in computed: [String: Tensor]) -> (String, Tensor)? {
        let names =
            name.isEmpty
            ? ["output", "logits", "pooler_output", "last_hidden_state"] : ["output.\(name)", name, "output"]
        for name in names { if let found = computed[name] { return (name, found) } }
        let outputs = computed.filter { $0.key.hasPrefix("output") }
        return name.isEmpty && outputs.count == 1 ? outputs.first.map { ($0.key, $0.value) } : nil
    }

    private static func compare(
        _ wanted: ArraySlice<Float>, _ found: [Float], _ label: String, tolerance: Double, mask: [Float]?, width: Int
    ) -> Agreement {
        var difference = 0.0, scale = 0.0
        for (index, (want, got)) in zip(wanted, found).enumerated() {
            if let mask, mask.indices.contains(index / max(1, width)), mask[index / max(1, width)] == 0 { continue }
            let apart = Double(abs(want - got))
            // What is no number agrees with nothing.
            difference = apart.isNaN ? (want.isNaN && got.isNaN ? difference : .infinity) : max(difference, apart)
            if want.isFinite { scale = max(scale, Double(abs(want))) }
        }
        return Agreement(
            difference: difference, output: label, scale: scale, isClose: difference <= tolerance * max(1, scale))
    }
}

extension [Int] {
    /// Axes of extent 1 come and go between frameworks.
    fileprivate var withoutOnes: [Int] { enumerated().filter { $0.offset == 0 || $0.element != 1 }.map(\.element) }
}
