/// The rows of each window of a grid, pooled. What a window sees beyond the edges does not count.
package struct LocalPooling: Sendable, Hashable, Codable {
    /// What becomes of a window's rows.
    package enum Function: String, Sendable, Hashable, Codable {
        /// The largest number of each column.
        case max
        /// The mean of each column.
        case mean
    }

    /// What becomes of a window's rows.
    package var function: Function
    /// Extents of the grid that the rows form, row-major; empty: the rows lie along one axis of any length.
    package var grid: [Int]
    /// One window an axis of the grid; a single one without a grid.
    package var windows: [Window]

    package init(_ function: Function, grid: [Int] = [], windows: [Window]) {
        self.function = function
        self.grid = grid
        self.windows = windows
    }

    /// Windows along each axis of the grid; `nil` where one is out of bounds.
    package var resultGrid: [Int]? { windows.counts(over: grid) }

    var numbersProblem: String? {
        if let problem = grid.gridProblem { return problem }
        guard windows.count == max(grid.count, 1) else {
            return "has \(windows.count) windows for a grid of \(grid.count) axes"
        }
        for window in windows {
            if let problem = window.problem { return problem }
        }
        return grid.isEmpty || resultGrid != nil ? nil : "a window is larger than the grid"
    }
}

/// Rows of a grid at other places: repeated, set apart by zeros, padded with zeros, cut off.
package struct Respacing: Sendable, Hashable, Codable {
    /// What happens along one axis, in this order.
    package struct Axis: Sendable, Hashable, Codable {
        /// Positions that each position becomes.
        package var times: Int
        /// Whether they all have its numbers; otherwise only the first has, and the others are zeros.
        package var isRepeated: Bool
        /// Zeros put before the first position; negative: positions that are cut off there.
        package var before: Int
        /// The same behind the last one.
        package var after: Int

        package init(times: Int = 1, isRepeated: Bool = true, before: Int = 0, after: Int = 0) {
            self.times = times
            self.isRepeated = isRepeated
            self.before = before
            self.after = after
        }

        /// Positions that `length` become; `nil` where none are left, or too many.
        package func length(_ length: Int) -> Int? {
            let result = length * times + before + after
            return (1...GraphLimit.extent).contains(result) ? result : nil
        }
    }

    /// Extents of the grid that the rows form, row-major; empty: the rows lie along one axis of any length.
    package var grid: [Int]
    /// One an axis of the grid; a single one without a grid.
    package var axes: [Axis]

    package init(grid: [Int] = [], axes: [Axis]) {
        self.grid = grid
        self.axes = axes
    }

    /// Positions along each axis of the grid afterwards; `nil` where that is out of bounds.
    package var resultGrid: [Int]? {
        var result: [Int] = []
        for (extent, axis) in zip(grid, axes) {
            guard let length = axis.length(extent) else { return nil }
            result.append(length)
        }
        return result
    }

    var numbersProblem: String? {
        if let problem = grid.gridProblem { return problem }
        guard axes.count == max(grid.count, 1) else {
            return "says what happens along \(axes.count) axes of a grid of \(grid.count)"
        }
        let bound = 1 << 20
        for axis in axes {
            guard (1...bound).contains(axis.times), (-bound...bound).contains(axis.before),
                (-bound...bound).contains(axis.after)
            else { return "numbers of positions must be within \(bound)" }
        }
        return grid.isEmpty || resultGrid != nil ? nil : "nothing is left of the grid, or too much"
    }
}

extension [Window] {
    /// Windows along each axis of a grid; `nil` where none fits.
    package func counts(over grid: [Int]) -> [Int]? {
        var result: [Int] = []
        for (extent, window) in zip(grid, self) {
            guard let count = window.count(over: extent), count > 0 else { return nil }
            result.append(count)
        }
        return result
    }
}

extension [Int] {
    /// Axes that a grid may have.
    static let mostAxes = 4

    /// What is wrong with the extents of a grid; `nil` when they make sense.
    fileprivate var gridProblem: String? {
        guard count <= Self.mostAxes else { return "the grid has \(count) axes" }
        var positions = 1
        for extent in self {
            let (product, overflow) = positions.multipliedReportingOverflow(by: extent)
            guard extent > 0, !overflow, product <= GraphLimit.extent else { return "the grid is out of bounds" }
            positions = product
        }
        return nil
    }
}

extension RowSpace {
    /// The axis after its positions went to other places; `nil` where none are left, or too many.
    package func applying(respacing axis: Respacing.Axis) -> RowSpace? {
        var rows: RowSpace? = self
        if axis.times != 1 { rows = rows?.applying(.times(axis.times)) }
        let more = axis.before + axis.after
        return more == 0 ? rows : rows?.applying(.longer(by: more))
    }
}
