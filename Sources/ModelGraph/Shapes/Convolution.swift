import Tensors

/// Windows over positions, each multiplied by one matrix: patches of an image, strided convolutions along time.
///
/// Parameters: `weight` `[positions of a window · inputWidth / groups, outputWidth]` (positions in row-major order of
/// the grid), `bias` `[outputWidth]`.
///
/// With groups, columns of the input and of the result are cut into as many equal parts, and each part of the result
/// sees its part of the input only: `groups` equal to `inputWidth` is a depthwise convolution.
package struct Convolution: Sendable, Hashable {
    /// Extents of the grid that the rows form, row-major; empty: the rows lie along one axis of any length.
    package var grid: [Int]
    /// One window an axis of the grid; a single one without a grid.
    package var windows: [Window]
    /// Width of the input's rows.
    package var inputWidth: Int
    /// Width of the result's rows.
    package var outputWidth: Int
    /// Whether a bias is added.
    package var hasBias: Bool
    /// Parts of the columns that do not see each other.
    package var groups: Int

    package init(
        grid: [Int] = [], windows: [Window], inputWidth: Int, outputWidth: Int, hasBias: Bool = true, groups: Int = 1
    ) {
        self.groups = groups
        self.grid = grid
        self.windows = windows
        self.inputWidth = inputWidth
        self.outputWidth = outputWidth
        self.hasBias = hasBias
    }

    /// Positions that one window looks at.
    package var windowSize: Int { windows.reduce(1) { $0 * $1.size } }

    /// Windows along each axis of the grid; `nil` where one is out of bounds.
    package var resultGrid: [Int]? { windows.counts(over: grid) }

    /// Columns of the input that a column of the result sees. Groups are checked before this is asked for.
    package var groupWidth: Int { inputWidth / max(groups, 1) }

    var parameters: [Parameter] {
        [Parameter("weight", [windowSize * groupWidth, outputWidth])]
            + (hasBias ? [Parameter("bias", [outputWidth])] : [])
    }
}

extension Convolution: Codable {
    private enum Key: String, CodingKey { case grid, windows, inputWidth, outputWidth, hasBias, groups }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            grid: try container.decode([Int].self, forKey: .grid),
            windows: try container.decode([Window].self, forKey: .windows),
            inputWidth: try container.decode(Int.self, forKey: .inputWidth),
            outputWidth: try container.decode(Int.self, forKey: .outputWidth),
            hasBias: try container.decode(Bool.self, forKey: .hasBias),
            groups: try container.decodeIfPresent(Int.self, forKey: .groups) ?? 1)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(grid, forKey: .grid)
        try container.encode(windows, forKey: .windows)
        try container.encode(inputWidth, forKey: .inputWidth)
        try container.encode(outputWidth, forKey: .outputWidth)
        try container.encode(hasBias, forKey: .hasBias)
        if groups != 1 { try container.encode(groups, forKey: .groups) }
    }
}
