/// Variables that one object inside a layer owns: those of a layer itself, or of its query projection.
package struct VariableGroup: Sendable, Hashable {
    /// One variable.
    package struct Variable: Sendable, Hashable {
        /// Keras's own name for it: `kernel`.
        package let name: String
        /// Whether training changes it: moving averages come after everything that is trained.
        package let isTrainable: Bool

        package init(_ name: String, isTrainable: Bool = true) {
            self.name = name
            self.isTrainable = isTrainable
        }
    }

    /// The object's attribute name inside the layer, without underscores in front; empty for the layer itself.
    package let object: String
    /// In the order in which they were created.
    package let variables: [Variable]

    package init(_ object: String = "", _ variables: [Variable]) {
        self.object = object
        self.variables = variables
    }

    package init(_ object: String = "", _ names: [String]) {
        self.init(object, names.map { Variable($0) })
    }

    /// A kernel, and a bias where there is one.
    package static func kernel(_ object: String = "", hasBias: Bool) -> VariableGroup {
        VariableGroup(object, hasBias ? ["kernel", "bias"] : ["kernel"])
    }
}
