/// A functional or sequential Keras model as its configuration describes it: layers, and the calls that connect them.
package struct KerasModel: Sendable {
    /// One result of the model.
    package struct Output: Sendable {
        /// The key where results have names; `nil` otherwise.
        package let name: String?
        /// The call that gives it.
        package let source: KerasReference

        package init(name: String?, source: KerasReference) {
            self.name = name
            self.source = source
        }
    }

    /// The name that its writer gave it.
    package let name: String
    /// In the model's own order: the one that classes are counted in, and that weights are stored in.
    package let layers: [KerasLayer]
    /// Results of its input layers, in the order in which callers hand them in.
    package let inputs: [KerasReference]
    /// Results in the order in which callers are given them.
    package let outputs: [Output]
    /// Whether its weights may be trained; a frozen model's are stored in another order.
    package let isTrainable: Bool
    /// The release that wrote it.
    package let generation: KerasGeneration
    /// Whether attention leaves the masks of what it reads where they are, as Keras 3 did before its release 3.8.
    package var attentionLeavesMasks = false

    package init(
        name: String, layers: [KerasLayer], inputs: [KerasReference], outputs: [Output], isTrainable: Bool,
        generation: KerasGeneration, attentionLeavesMasks: Bool = false
    ) {
        self.name = name
        self.layers = layers
        self.inputs = inputs
        self.outputs = outputs
        self.isTrainable = isTrainable
        self.generation = generation
        self.attentionLeavesMasks = attentionLeavesMasks
    }

    /// The layer of a name.
    package func layer(named name: String) -> KerasLayer? { layers.first { $0.name == name } }
}
