/// The product of two matrices of each sequence: the first value's rows times the second's.
///
/// Where a sequence has several matrices, they stand one after the other in the rows of either value.
package struct MatrixProduct: Sendable, Hashable, Codable {
    /// Matrices of each sequence.
    package var count: Int
    /// Whether the rows of the second are its columns: numbers of the result are products of two rows.
    package var isTransposed: Bool

    package init(count: Int = 1, isTransposed: Bool = false) {
        self.count = count
        self.isTransposed = isTransposed
    }
}

/// Numbers made into shares of a whole: they add up to 1 along the rows or along each row.
package struct Distribution: Sendable, Hashable, Codable {
    /// How shares are made.
    package enum Function: String, Sendable, Hashable, Codable {
        case softmax
        /// The logarithm of the softmax.
        case logSoftmax = "log_softmax"
        /// The nearest point of the simplex: small numbers become 0.
        case sparsemax
    }

    /// How shares are made.
    package var function: Function
    /// What adds up to 1: the numbers of a row, or those of a column over all rows of the sequence.
    package var along: Concatenation

    package init(_ function: Function, along: Concatenation = .width) {
        self.function = function
        self.along = along
    }
}

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

extension RowSpace {
    /// Rows of every sequence alike; `nil` where they differ.
    fileprivate var fixedCount: Int? {
        switch self {
        case .count(let count): count
        case .sequences: 1
        case .tokens, .axis: nil
        }
    }
}
