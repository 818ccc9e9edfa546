/// What an input of a graph holds, where it is not one of the usual inputs of a text (`input_ids`, `attention_mask`,
/// `token_type_ids`).
///
/// Such an input is a value: other nodes read it by its name. All its rows are computed, whatever a mask says; masks
/// are values too, and nodes that heed one have it as an input.
package struct InputLayout: Sendable, Hashable {
    /// What the elements are.
    package enum Content: String, Sendable, Hashable, Codable {
        /// Rows of tables: read by embeddings.
        case ids
        /// Anything else: features, pixels, masks (0: hidden).
        case numbers
    }

    /// What the elements are.
    package var content: Content
    /// What one row belongs to.
    package var rows: RowSpace
    /// Numbers of a row.
    package var width: Int
    /// Whether it is a mask of pairs, `[batch, queries, keys]`: its rows are queries, and each has one number a key of
    /// the attention that reads it.
    package var isPairs: Bool
    /// Extents between the batch and the width that the framework's array has instead of one axis of rows:
    /// `[height, width]` of an image; empty otherwise.
    package var grid: [Int]
    /// Whether the width stands before the grid in the framework's array: `[batch, channels, height, width]`.
    package var isChannelsFirst: Bool
    /// The value of all elements where the input is not given; `nil`: it must be given.
    package var absent: Float?
    /// An input of the model whose zeros hide ids of this one: their rows are not looked at. It has no layout itself.
    package var mask: String?

    package init(
        content: Content = .numbers, rows: RowSpace, width: Int = 1, isPairs: Bool = false, grid: [Int] = [],
        isChannelsFirst: Bool = false, absent: Float? = nil, mask: String? = nil
    ) {
        self.mask = mask
        self.content = content
        self.rows = rows
        self.width = width
        self.isPairs = isPairs
        self.grid = grid
        self.isChannelsFirst = isChannelsFirst
        self.absent = absent
    }

    /// What is wrong with the layout's own numbers; `nil` when they make sense.
    var problem: String? {
        guard (1...GraphLimit.extent).contains(width) else { return "width is \(width)" }
        switch rows {
        case .count(let count):
            guard (1...GraphLimit.extent).contains(count) else { return "has \(count) rows" }
        case .axis(let axis):
            guard axis.steps.isEmpty, !axis.name.isEmpty else { return "lies along no axis" }
        case .tokens, .sequences: break
        }
        if mask != nil {
            guard content == .ids, case .axis = rows else { return "only ids along an axis can be hidden by a mask" }
        }
        if content == .ids, width != 1 || isPairs { return "ids have one number a row" }
        if isPairs, width != 1 { return "a mask of pairs has no width of its own" }
        guard !grid.isEmpty else { return nil }
        var positions = 1
        for extent in grid {
            let (product, overflow) = positions.multipliedReportingOverflow(by: extent)
            guard extent > 0, !overflow, product <= GraphLimit.extent else { return "the grid is out of bounds" }
            positions = product
        }
        return rows == .count(positions) ? nil : "the grid has \(positions) positions, the rows are \(rows)"
    }
}

extension InputLayout: Codable {
    private enum Key: String, CodingKey { case content, rows, width, isPairs, grid, isChannelsFirst, absent, mask }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            content: try container.decode(Content.self, forKey: .content),
            rows: try container.decode(RowSpace.self, forKey: .rows),
            width: try container.decodeIfPresent(Int.self, forKey: .width) ?? 1,
            isPairs: try container.decodeIfPresent(Bool.self, forKey: .isPairs) ?? false,
            grid: try container.decodeIfPresent([Int].self, forKey: .grid) ?? [],
            isChannelsFirst: try container.decodeIfPresent(Bool.self, forKey: .isChannelsFirst) ?? false,
            absent: try container.decodeIfPresent(Float.self, forKey: .absent),
            mask: try container.decodeIfPresent(String.self, forKey: .mask))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(content, forKey: .content)
        try container.encode(rows, forKey: .rows)
        try container.encode(width, forKey: .width)
        if isPairs { try container.encode(isPairs, forKey: .isPairs) }
        if !grid.isEmpty { try container.encode(grid, forKey: .grid) }
        if isChannelsFirst { try container.encode(isChannelsFirst, forKey: .isChannelsFirst) }
        try container.encodeIfPresent(absent, forKey: .absent)
        try container.encodeIfPresent(mask, forKey: .mask)
    }
}
