extension ShapeRule {
    /// Shape of pooled windows.
    func shape(of pooling: LocalPooling, _ input: ValueShape) throws(ShapeFailure) -> ValueShape {
        guard !pooling.grid.isEmpty else {
            guard input.rows != .sequences, let window = pooling.windows.first,
                let rows = input.rows.applying(.windows(window))
            else { throw ShapeFailure("no window fits along \(input.rows)") }
            return ValueShape(rows: rows, width: input.width)
        }
        return try gridShape(pooling.resultGrid, of: pooling.grid, input)
    }

    /// Shape of rows at other places.
    func shape(of respacing: Respacing, _ input: ValueShape) throws(ShapeFailure) -> ValueShape {
        guard !respacing.grid.isEmpty else {
            guard input.rows != .sequences, let axis = respacing.axes.first,
                let rows = input.rows.applying(respacing: axis)
            else { throw ShapeFailure("nothing is left of the rows along \(input.rows), or too much") }
            return ValueShape(rows: rows, width: input.width)
        }
        return try gridShape(respacing.resultGrid, of: respacing.grid, input)
    }

    private func gridShape(_ result: [Int]?, of grid: [Int], _ input: ValueShape) throws(ShapeFailure) -> ValueShape {
        let positions = grid.reduce(1, *)
        guard input.rows == .count(positions), let result else {
            throw ShapeFailure("the grid has \(positions) positions, the input has rows along \(input.rows)")
        }
        let count = result.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 }
        guard count <= GraphLimit.extent else { throw ShapeFailure("gives more than \(GraphLimit.extent) rows") }
        return ValueShape(rows: .count(count), width: input.width)
    }
}
