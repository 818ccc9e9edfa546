import JSON
import KerasFiles
import ModelGraph

/// What a call of a layer reads and gives: tensors, maps, and what operations compute about their shapes.
package indirect enum KerasValue: Sendable {
    case tensor(LayerValue)
    /// All extents of a tensor, the batch first.
    case shape(LayerValue)
    /// One extent of a tensor, counted from the batch.
    case extent(LayerValue, axis: Int)
    /// The numbers 0, 1, 2 … along the rows of a value, `[rows]` without a batch.
    case positions(LayerValue)
    case list([KerasValue])
    case slice(start: KerasValue, stop: KerasValue, step: KerasValue)
    case ellipsis
    case constant(JSONValue)
    /// Numbers that are known before anything runs.
    case array(ConstantArray)
    /// Values by name.
    case named([String: KerasValue])
    /// The attention maps of a layer.
    case maps(AttentionMaps)

    /// Nothing was handed in.
    package static let none = KerasValue.constant(.null)

    /// Whether nothing was handed in.
    package var isNone: Bool { if case .constant(.null) = self { true } else { false } }
    /// The value where it is one tensor.
    package var tensor: LayerValue? { if case .tensor(let value) = self { value } else { nil } }
    /// The value where the configuration holds it.
    package var constant: JSONValue? { if case .constant(let value) = self { value } else { nil } }

    /// All tensors, those in lists included.
    package var tensors: [LayerValue] {
        switch self {
        case .tensor(let value): [value]
        case .list(let elements): elements.flatMap(\.tensors)
        case .named(let members): members.sorted { $0.key < $1.key }.flatMap(\.value.tensors)
        default: []
        }
    }

    /// A whole number that is known now, within the bounds of graphs.
    package var integer: Int? {
        switch self {
        case .constant(let value): value.boundedInteger
        case .array(let array):
            array.number.flatMap { Int(exactly: $0) }.flatMap { JSONValue.integer($0).boundedInteger }
        case .extent(let value, let axis): axis > 0 && axis <= value.axes.count ? value.extents[axis - 1] : nil
        default: nil
        }
    }
}

extension KerasValue {
    /// The argument, or what it lists.
    package var elements: [KerasValue] {
        switch self {
        case .list(let elements): elements.flatMap(\.elements)
        case .named(let members): members.sorted { $0.key < $1.key }.flatMap(\.value.elements)
        default: [self]
        }
    }

    /// The value without the masks that were taken off its tensors.
    package func unmasked(_ names: Set<String>) -> KerasValue {
        if names.isEmpty { return self }
        switch self {
        case .tensor(let value): return names.contains(value.name) ? .tensor(value.withoutMask) : self
        case .list(let elements): return .list(elements.map { $0.unmasked(names) })
        case .named(let members): return .named(members.mapValues { $0.unmasked(names) })
        default: return self
        }
    }

    /// The value without the mask that Keras hangs on a tensor.
    package var withoutMask: KerasValue {
        guard case .tensor(let value) = self else { return self }
        return .tensor(value.withoutMask)
    }
}

extension JSONValue {
    /// A whole number within the bounds of graphs, either way.
    package var boundedInteger: Int? {
        intValue.flatMap { (-GraphLimit.extent...GraphLimit.extent).contains($0) ? $0 : nil }
    }
}
