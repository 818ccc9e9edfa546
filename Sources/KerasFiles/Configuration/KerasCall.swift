import JSON

/// What a layer was called with.
package struct KerasCall: Sendable {
    /// By position.
    package let arguments: [KerasArgument]
    /// By name.
    package let keywords: [String: KerasArgument]

    package init(arguments: [KerasArgument], keywords: [String: KerasArgument]) {
        self.arguments = arguments
        self.keywords = keywords
    }

    /// Results of other layers that the call reads, in the order of the arguments.
    package var references: [KerasReference] {
        arguments.flatMap(\.references) + keywords.sorted { $0.key < $1.key }.flatMap(\.value.references)
    }
}

/// One argument of a call.
package indirect enum KerasArgument: Sendable {
    /// A tensor that another call gives.
    case reference(KerasReference)
    /// A list or tuple.
    case list([KerasArgument])
    /// `start:stop:step`.
    case slice(start: KerasArgument, stop: KerasArgument, step: KerasArgument)
    /// `...`
    case ellipsis
    /// Numbers, texts and flags of the configuration; null where nothing was handed in.
    case constant(JSONValue)
    /// Values by name.
    case named([String: KerasArgument])
    /// Numbers that the configuration holds as a tensor.
    case array(ConstantArray)

    /// Results of other layers in it.
    package var references: [KerasReference] {
        switch self {
        case .reference(let reference): [reference]
        case .list(let elements): elements.flatMap(\.references)
        case .named(let members): members.sorted { $0.key < $1.key }.flatMap(\.value.references)
        case .slice(let start, let stop, let step): start.references + stop.references + step.references
        case .ellipsis, .constant, .array: []
        }
    }
}

/// A tensor by the layer that gave it.
package struct KerasReference: Sendable, Hashable {
    /// Name of the layer.
    package let layer: String
    /// Which of the layer's calls, as the writer counts.
    package let call: Int
    /// Which of the call's results.
    package let result: Int

    package init(layer: String, call: Int, result: Int) {
        self.layer = layer
        self.call = call
        self.result = result
    }
}
