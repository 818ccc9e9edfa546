import ModelGraph
import Tensors

/// Which stored tensors give the parameters of one graph, before any is looked for.
package struct ParameterSources: Sendable {
    /// What gives one parameter.
    package struct Source: Sendable {
        /// Common names of tensors, to be tried in order.
        package let names: [String]
        /// Common names under which further copies may be stored, or the only one.
        package let copies: [String]
        /// How the tensor becomes the parameter.
        package let layout: TensorLayout
        /// Makes the parameter from all tensors of the names; `nil`: the first that is there is taken by the layout.
        package let computation: Computation?

        /// The first tensor of some names, taken by a layout.
        package init(names: [String], copies: [String] = [], layout: TensorLayout) {
            self.names = names
            self.copies = copies
            self.layout = layout
            computation = nil
        }

        /// A computation over several tensors.
        package init(_ computation: Computation) {
            names = computation.names
            copies = []
            layout = TensorLayout(.reshape)
            self.computation = computation
        }
    }

    /// A parameter that is computed from stored tensors: dequantised, or folded together.
    package struct Computation: Sendable {
        /// Common names of the tensors that it needs; all of them.
        package let names: [String]
        /// Shape of the result; the parameter has as many elements.
        package let shape: Shape
        /// The result; `nil` when the contents make no sense.
        package let make: @Sendable ([Tensor]) -> Tensor?

        package init(names: [String], shape: Shape, make: @escaping @Sendable ([Tensor]) -> Tensor?) {
            self.names = names
            self.shape = shape
            self.make = make
        }
    }

    /// Tensors that are left out on purpose.
    package struct Ignored: Sendable {
        /// Patterns with `*` over common names.
        package let names: [String]
        /// Why results do not depend on them.
        package let reason: String

        package init(names: [String], reason: String) {
            self.names = names
            self.reason = reason
        }
    }

    /// One a parameter.
    package var sources: [ParameterID: Source]
    /// Tensors that no parameter needs, with reasons.
    package var ignored: [Ignored]

    package init(_ sources: [ParameterID: Source] = [:], ignored: [Ignored] = []) {
        self.sources = sources
        self.ignored = ignored
    }
}
