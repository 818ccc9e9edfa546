import JSON
import ModelGraph

/// A tensor that a layer gives, as a value of our graph.
///
/// Keras's tensors have any number of axes; ours have rows and a width. Each axis behind the batch is one of the rows'
/// (several of them lie in row-major order), the width, or of extent 1.
struct LayerValue: Sendable, Hashable {
    /// What an axis of the framework's tensor is here.
    enum Axis: Sendable, Hashable {
        /// Counts rows; `nil`: so many as the sequence has.
        case rows(Int?)
        case width
        case one
    }

    /// Name of the value: a graph input or a node.
    var name: String
    /// Axes behind the batch. Row axes come before the width.
    var axes: [Axis]
    var rows: RowSpace
    var width: Int
    /// The mask that Keras hangs on the tensor: a value with one column along the same rows, 0: hidden.
    var mask: String?
    /// Whether the elements are whole numbers.
    var isInteger: Bool

    init(
        name: String, axes: [Axis], rows: RowSpace, width: Int, mask: String? = nil, isInteger: Bool = false
    ) {
        self.name = name
        self.axes = axes
        self.rows = rows
        self.width = width
        self.mask = mask
        self.isInteger = isInteger
    }

    /// `[batch, rows, width]`, the usual form of a stream.
    var isStream: Bool { axes.count == 2 && axes[1] == .width && axes[0].isRows }
    /// `[batch, width]`.
    var isVector: Bool { axes == [.width] }
    /// Whether no axis is the width: one number a row.
    var isColumn: Bool { !axes.contains(.width) }

    /// Extents of all axes; `nil` for one that differs between sequences.
    var extents: [Int?] {
        axes.map { axis in
            switch axis {
            case .rows(let count): count
            case .width: width
            case .one: 1
            }
        }
    }

    /// Numbers of a sequence; `nil` where that differs.
    var count: Int? {
        var count = 1
        for extent in extents {
            guard let extent else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { return nil }
            count = product
        }
        return count
    }

    /// As the framework prints it: `[batch, 16, 24]`.
    var shapeText: String {
        "[" + (["batch"] + extents.map { $0.map(String.init) ?? "?" }).joined(separator: ", ") + "]"
    }
}

extension LayerValue.Axis {
    var isRows: Bool { if case .rows = self { true } else { false } }
}

/// Attention maps as one layer hands them to another: whose they are.
struct AttentionMaps: Sendable, Hashable {
    /// The heads that compute them, in the order in which the layer gives them.
    var heads: [HeadID]
    /// The masks under which they were made.
    var masking: Attention.Masking?
    /// Names of the masks' values.
    var masks: [String]
}

/// What a call of a layer reads and gives: tensors, maps, and what operations compute about their shapes.
indirect enum KerasValue: Sendable {
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
    /// Values by name.
    case named([String: KerasValue])
    /// The attention maps of a layer.
    case maps(AttentionMaps)

    /// Nothing was handed in.
    static let none = KerasValue.constant(.null)

    var isNone: Bool { if case .constant(.null) = self { true } else { false } }
    var tensor: LayerValue? { if case .tensor(let value) = self { value } else { nil } }
    var constant: JSONValue? { if case .constant(let value) = self { value } else { nil } }

    /// All tensors, those in lists included.
    var tensors: [LayerValue] {
        switch self {
        case .tensor(let value): [value]
        case .list(let elements): elements.flatMap(\.tensors)
        case .named(let members): members.sorted { $0.key < $1.key }.flatMap(\.value.tensors)
        default: []
        }
    }

    /// A whole number that is known now, and small enough to be reckoned with.
    var integer: Int? {
        switch self {
        case .constant(let value): value.boundedInteger
        case .extent(let value, let axis): axis > 0 && axis <= value.axes.count ? value.extents[axis - 1] : nil
        default: nil
        }
    }
}

extension JSONValue {
    /// A whole number within the bounds of graphs, either way.
    var boundedInteger: Int? {
        intValue.flatMap { (-GraphLimit.extent...GraphLimit.extent).contains($0) ? $0 : nil }
    }
}
