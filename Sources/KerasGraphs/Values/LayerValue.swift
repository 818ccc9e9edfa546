import ModelGraph

/// A tensor that a layer gives, as a value of our graph.
///
/// Keras's tensors have any number of axes; ours have rows and a width. Each axis behind the batch is one of the rows'
/// (several of them lie in row-major order), the width, or of extent 1.
package struct LayerValue: Sendable, Hashable {
    /// What an axis of the framework's tensor is here.
    package enum Axis: Sendable, Hashable {
        /// Counts rows; `nil`: so many as the sequence has.
        case rows(Int?)
        case width
        case one
    }

    /// Name of the value: a graph input or a node.
    package var name: String
    /// Axes behind the batch. Row axes come before the width.
    package var axes: [Axis]
    package var rows: RowSpace
    package var width: Int
    /// The mask that Keras hangs on the tensor: a value with one column along the same rows, 0: hidden.
    package var mask: String?
    /// Whether the elements are whole numbers.
    package var isInteger: Bool
    /// Whether the framework's tensor has an axis for the batch in front; otherwise `axes` are all that it has.
    package var hasBatch = true

    package init(
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
    package var isStream: Bool { axes.count == 2 && axes[1] == .width && axes[0].isRows }
    /// `[batch, width]`.
    package var isVector: Bool { axes == [.width] }
    /// Whether no axis is the width: one number a row.
    package var isColumn: Bool { !axes.contains(.width) }

    /// Extents of all axes; `nil` for one that differs between sequences.
    package var extents: [Int?] {
        axes.map { axis in
            switch axis {
            case .rows(let count): count
            case .width: width
            case .one: 1
            }
        }
    }

    /// Numbers of a sequence; `nil` where that differs.
    package var count: Int? {
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
    package var shapeText: String {
        "[" + (["batch"] + extents.map { $0.map(String.init) ?? "?" }).joined(separator: ", ") + "]"
    }
}

extension LayerValue.Axis {
    /// Whether the axis counts rows.
    package var isRows: Bool { if case .rows = self { true } else { false } }
}

extension LayerValue {
    /// Whether two values are one tensor.
    package func isSame(as other: LayerValue) -> Bool { name == other.name && axes == other.axes }

    /// The value without the mask that Keras hangs on it: operations hand no mask on.
    package var withoutMask: LayerValue {
        var result = self
        result.mask = nil
        return result
    }
}

extension [LayerValue.Axis] {
    /// A last axis of extent 1 is the width where nothing else is.
    package var withWidth: Self { last == .one && !contains(.width) ? dropLast() + [.width] : self }
}
