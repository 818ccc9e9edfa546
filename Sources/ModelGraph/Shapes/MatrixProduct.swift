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
