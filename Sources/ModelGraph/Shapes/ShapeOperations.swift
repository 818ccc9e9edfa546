import Tensors

/// Each sequence's numbers under another shape: read row by row as an array, axes exchanged, cut into rows again.
///
/// Flattening, reshaping and permuting of axes; only where the number of rows is the same for every sequence.
package struct Rearrangement: Sendable, Hashable, Codable {
    /// Extents of the array that the rows are read as.
    package var extents: [Int]
    /// Which axis of the array stands where in the result: `[1, 0]` transposes.
    package var order: [Int]
    /// Rows of the result; `nil`: one row a sequence.
    package var rows: Int?

    package init(extents: [Int], order: [Int]? = nil, rows: Int?) {
        self.extents = extents
        self.order = order ?? Array(extents.indices)
        self.rows = rows
    }
}

/// A part of a value: some rows of each sequence, or some columns.
package struct Slice: Sendable, Hashable {
    /// What is counted.
    package enum Axis: String, Sendable, Hashable, Codable {
        case rows, width
    }

    /// What is counted.
    package var axis: Axis
    /// First of them; negative: counted from the end.
    package var start: Int
    /// How many; `nil`: all from `start` on, less `less`.
    package var count: Int?
    /// How many are left out at the end, where `count` is `nil`.
    package var less: Int
    /// Whether a single row becomes the row of its sequence.
    package var isSqueezed: Bool
    /// From one that is taken to the next: 2 takes every second one, the first included.
    package var step: Int

    package init(
        axis: Axis, start: Int, count: Int? = nil, less: Int = 0, isSqueezed: Bool = false, step: Int = 1
    ) {
        self.step = step
        self.axis = axis
        self.start = start
        self.count = count
        self.less = less
        self.isSqueezed = isSqueezed
    }

    /// How many of `length` are taken; `nil` when there are not so many.
    package func taken(of length: Int) -> Int? { range(of: length).map { ($0.count + step - 1) / step } }

    /// The chosen range out of `length`, before every `step`th of it is taken; `nil` when there are not so many.
    package func range(of length: Int) -> Range<Int>? {
        let first = start < 0 ? length + start : start
        let last = count.map { first + $0 } ?? length - less
        return first >= 0 && first <= last && last <= length ? first..<last : nil
    }

    var problem: String? {
        let bound = GraphLimit.extent
        guard (-bound...bound).contains(start), (0...bound).contains(less), (1...bound).contains(count ?? 1),
            (1...bound).contains(step)
        else {
            return "the slice is out of bounds"
        }
        return isSqueezed && (count != 1 || axis != .rows) ? "only a single row can stand for its sequence" : nil
    }
}

extension Slice: Codable {
    private enum Key: String, CodingKey { case axis, start, count, less, isSqueezed, step }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            axis: try container.decode(Axis.self, forKey: .axis), start: try container.decode(Int.self, forKey: .start),
            count: try container.decodeIfPresent(Int.self, forKey: .count),
            less: try container.decode(Int.self, forKey: .less),
            isSqueezed: try container.decode(Bool.self, forKey: .isSqueezed),
            step: try container.decodeIfPresent(Int.self, forKey: .step) ?? 1)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(axis, forKey: .axis)
        try container.encode(start, forKey: .start)
        try container.encodeIfPresent(count, forKey: .count)
        try container.encode(less, forKey: .less)
        try container.encode(isSqueezed, forKey: .isSqueezed)
        if step != 1 { try container.encode(step, forKey: .step) }
    }
}

/// `factor · x · scale + shift + offset` for each column: an inference-time batch norm, a rescaling.
///
/// Parameters: `scale` `[width]`, `offset` `[width]`, where it has them.
package struct Affine: Sendable, Hashable, Codable {
    /// Width of a row.
    package var width: Int
    /// Factor of all columns.
    package var factor: Float
    /// Added to all columns.
    package var shift: Float
    /// Whether each column has a factor of its own.
    package var hasScale: Bool
    /// Whether each column has an offset of its own.
    package var hasOffset: Bool

    package init(width: Int, factor: Float = 1, shift: Float = 0, hasScale: Bool = false, hasOffset: Bool = false) {
        self.width = width
        self.factor = factor
        self.shift = shift
        self.hasScale = hasScale
        self.hasOffset = hasOffset
    }

    var parameters: [Parameter] {
        (hasScale ? [Parameter("scale", [width])] : []) + (hasOffset ? [Parameter("offset", [width])] : [])
    }
}

/// Rows that are the model's own. Parameter: `rows` `[count, width]`.
///
/// Without an input each sequence gets all of them (a class token); with one, as many as the input has rows, from row
/// `offset` on (a table of positions).
package struct Table: Sendable, Hashable {
    /// Rows of the table.
    package var count: Int
    /// Width of a row.
    package var width: Int
    /// Whether it has an input, along whose rows it is laid.
    package var isAlongInput: Bool
    /// Row of the table that belongs to the input's first row; 0 without an input.
    package var offset: Int
    /// For a table of places of a picture: how it is laid over pictures of another size; `nil`: it is not.
    package var resampling: Resampling?
    /// Sequences that have rows of their own each, one block of rows after the other, in the order of the batch; such a
    /// model takes batches of just so many. `nil`: all sequences have the same rows.
    package var sequences: Int?

    package init(
        count: Int, width: Int, isAlongInput: Bool, offset: Int = 0, resampling: Resampling? = nil,
        sequences: Int? = nil
    ) {
        self.resampling = resampling
        self.sequences = sequences
        self.offset = offset
        self.count = count
        self.width = width
        self.isAlongInput = isAlongInput
    }

    var parameters: [Parameter] { [Parameter("rows", [count, width])] }
}

extension Table: Codable {
    private enum Key: String, CodingKey { case count, width, isAlongInput, offset, resampling, sequences }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            count: try container.decode(Int.self, forKey: .count),
            width: try container.decode(Int.self, forKey: .width),
            isAlongInput: try container.decode(Bool.self, forKey: .isAlongInput),
            offset: try container.decodeIfPresent(Int.self, forKey: .offset) ?? 0,
            resampling: try container.decodeIfPresent(Resampling.self, forKey: .resampling),
            sequences: try container.decodeIfPresent(Int.self, forKey: .sequences))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(count, forKey: .count)
        try container.encode(width, forKey: .width)
        try container.encode(isAlongInput, forKey: .isAlongInput)
        if offset != 0 { try container.encode(offset, forKey: .offset) }
        try container.encodeIfPresent(resampling, forKey: .resampling)
        try container.encodeIfPresent(sequences, forKey: .sequences)
    }
}

/// Along what values are put together.
package enum Concatenation: String, Sendable, Hashable, Codable {
    case rows, width
}
