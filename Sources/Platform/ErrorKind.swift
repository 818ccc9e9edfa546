/// What kind of trouble an error is, without the particulars: what a caller decides by.
package enum ErrorKind: String, Sendable, Hashable, CaseIterable {
    /// The request is wrong: an option, a plan, a budget, a document that a person wrote.
    case usage
    /// Recognised, but not something that is handled.
    case unsupported
    /// The input contradicts itself, is damaged or hostile, or too large for its own good.
    case corrupt
    /// Not found, no permission, disk full.
    case inputOutput
    /// A defect of the program or of its installation, whatever the input.
    case defect
    /// The work was asked to end before it was done.
    case cancelled
}

/// An error that knows its kind.
package protocol KindedError: Error, CustomStringConvertible {
    /// What kind of trouble it is.
    var kind: ErrorKind { get }
}
