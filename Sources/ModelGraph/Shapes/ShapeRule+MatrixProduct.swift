extension ShapeRule {
    /// Shape of a product of matrices.
    func shape(of product: MatrixProduct, _ arguments: [ValueShape]) throws(ShapeFailure) -> ValueShape {
        guard arguments.count == 2 else { throw ShapeFailure("multiplies two values, has \(arguments.count)") }
        let left = arguments[0], right = arguments[1]
        let failure = ShapeFailure(
            "\(product.count) matrices of \(left) and \(right)\(product.isTransposed ? ", transposed," : "") "
                + "do not go together")
        func isCut(_ rows: RowSpace) -> Bool {
            product.count == 1 || rows.fixedCount.map { $0.isMultiple(of: product.count) } ?? false
        }
        guard isCut(left.rows), isCut(right.rows) else { throw failure }
        if product.isTransposed {
            // The result's width is a number of rows.
            guard left.width == right.width, let rows = right.rows.fixedCount else { throw failure }
            return ValueShape(rows: left.rows, width: rows / product.count)
        }
        guard let rows = right.rows.fixedCount, rows / product.count == left.width else { throw failure }
        return ValueShape(rows: left.rows, width: right.width)
    }
}
