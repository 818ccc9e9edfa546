import Foundation
import Inputs
import ModelGraph
import Outputs
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
        var selection: OutputSelection = [.hidden, .logits, .pooled]
        if !reference.maps.isEmpty { selection.insert(.attentions) }
        let outputs = try PaddedOutputs(of: model, for: inputs, selecting: selection, resources: resources)
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
        func add(_ agreement: Agreement) {
            if worst == nil || (worst?.difference ?? 0) < agreement.difference
                || !agreement.isClose && worst?.isClose == true
            {
                worst = agreement
            }
        }
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
            add(
                Self.compare(
                    wanted.floats.prefix(rows * size), found.floats, label, tolerance: tolerance, mask: mask,
                    width: extents.dropFirst(2).reduce(1, *)))
        }
        for agreement in try mapAgreements(computed, count: count, tolerance: tolerance) { add(agreement) }
        guard let worst else { throw Mismatch(message: "the reference has no outputs") }
        return worst
    }

    /// Compares the reference's attention maps, in the order in which the model computes them.
    ///
    /// Rows of queries that see nothing are passed over: what a framework hands out for them need not be what it
    /// computes with (Keras 3 gives zeros and takes the mean of all values).
    private func mapAgreements(
        _ computed: [String: Tensor], count: Int?, tolerance: Double
    ) throws(Mismatch) -> [Agreement] {
        guard !reference.maps.isEmpty else { return [] }
        let names = computed.keys.filter { $0.hasPrefix("attentions_") }
        guard names.count == reference.maps.count else {
            throw Mismatch(
                message: "the reference has \(reference.maps.count) attention maps, the model \(names.count)")
        }
        var result: [Agreement] = []
        for (index, wanted) in reference.maps.enumerated() {
            let label = "attentions_\(index)"
            let extents = wanted.shape.extents
            let expected = count.map { [$0] + extents.dropFirst() } ?? extents
            guard let found = computed[label], let rows = expected.first, let width = extents.last, width > 0,
                found.shape.extents.withoutOnes == expected.withoutOnes
            else {
                let shape = computed[label]?.shape.extents ?? []
                throw Mismatch(message: "\(label) has shape \(Shape(shape)), the reference \(wanted.shape)")
            }
            let numbers = wanted.floats.prefix(rows * (wanted.shape.count / max(1, extents.first ?? 1)))
            let seen = stride(from: 0, to: numbers.count, by: width).map { start -> Float in
                numbers[start..<start + width].reduce(0, +) < 0.5 ? 0 : 1
            }
            result.append(
                Self.compare(numbers, found.floats, label, tolerance: tolerance, mask: seen, width: width))
        }
        return result
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
