extension ShapeRule {
    /// Shape of a recurrent node's value.
    func shape(of recurrent: Recurrent, _ arguments: [ValueShape]) throws(ShapeFailure) -> ValueShape {
        guard arguments.count == recurrent.inputCount, let rows = arguments.first else {
            throw ShapeFailure("has \(arguments.count) inputs, takes \(recurrent.inputCount)")
        }
        guard rows.width == recurrent.inputWidth else {
            throw ShapeFailure("input has width \(rows.width), expected \(recurrent.inputWidth)")
        }
        if recurrent.hasMask, arguments[1] != ValueShape(rows: rows.rows, width: 1) {
            throw ShapeFailure("the mask has shape \(arguments[1]), expected [batch, \(rows.rows), 1]")
        }
        let state = ValueShape(rows: .sequences, width: recurrent.units)
        for given in arguments.dropFirst(recurrent.hasMask ? 2 : 1) where given != state {
            throw ShapeFailure("a first state has shape \(given), expected \(state)")
        }
        return switch recurrent.output {
        case .rows: ValueShape(rows: rows.rows, width: recurrent.units)
        case .last: state
        case .states: ValueShape(rows: .sequences, width: recurrent.units * recurrent.cell.stateCount)
        }
    }
}
