extension ArchitectureSpec.Setting {
    /// A flag for each layer: `layer_types`, `no_rope_layers`. Conditions read it as `name[i]`. Where the setting's
    /// `when` does not hold its keys do not count, and the condition gives the flags.
    package struct List: Sendable, Hashable {
        /// How many flags there are; a list of another length is an error.
        package var count: Expression
        /// Name of the index, from 0, in `condition`.
        package var index: String
        /// The flag of each index where no key is there; `nil`: the setting's default, or none.
        package var condition: Condition?
        /// From the checkpoint's words (numbers and truth values as they are written) to flags; any other is an error.
        package var values: [String: Bool]
        /// A setting above that has to be set where the checkpoint sets a flag: the width of a window.
        package var needs: String?

        var names: Set<String> {
            count.names.union((condition?.names ?? []).subtracting([index])).union([needs].compactMap(\.self))
        }
    }

    /// A head that the family can have.
    package struct Head: Sendable, Hashable, Codable {
        /// Our name of it: the setting's value.
        package var head: String
        /// Names of the framework's classes that have it, patterns with `*`; `TF` and `Flax` do not count.
        package var classes: ArchitectureSpec.Names?
        /// Parameters of the head, `<node>/<parameter>`. A class whose first one is not stored is read without a head;
        /// where no class is named, the first head with all of them stored counts.
        package var stores: ArchitectureSpec.Names?
        /// The entry counts under this condition only.
        package var when: Condition?
    }
}
