/// What can go wrong between tokenizer files and a ``Tokenizer``.
///
/// Every case names the file, the field in it (a path such as `model.vocab`, or a line), and what to do.
public enum TokenizationError: Error, Sendable, Hashable {
    /// None of the files a tokenizer can be made of is there.
    case missing(looked: [String])
    /// A file exists but could not be read.
    case unreadable(file: String, reason: String)
    /// The file contradicts its format, or itself.
    case malformed(file: String, field: String, reason: String, remedy: String)
    /// The file is sound, but asks for something this tool does not do.
    case unsupported(file: String, field: String, found: String, remedy: String)
    /// A size in the file is beyond what any real tokenizer needs.
    case limit(file: String, field: String, limit: Int, found: Int)
}

extension TokenizationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let looked):
            "no tokenizer found: none of \(looked.joined(separator: ", ")) is there; "
                + "copy the tokenizer files of the model beside its weights"
        case .unreadable(let file, let reason):
            "\(file): cannot be read (\(reason)); check that it exists and that you may read it"
        case .malformed(let file, let field, let reason, let remedy):
            "\(TokenizationError.place(file, field)): \(reason); \(remedy)"
        case .unsupported(let file, let field, let found, let remedy):
            "\(TokenizationError.place(file, field)): \(found) is not supported; \(remedy)"
        case .limit(let file, let field, let limit, let found):
            "\(TokenizationError.place(file, field)): \(found) exceeds the limit of \(limit); "
                + "the file is damaged or is not a tokenizer"
        }
    }

    private static func place(_ file: String, _ field: String) -> String {
        field.isEmpty ? file : "\(file), \(field)"
    }
}

extension TokenizationError {
    /// Remedy for files that contradict their own format.
    package static let copyAgain = "copy the file again from where the model came from"

    /// A contradiction whose only cure is an undamaged file.
    package static func damaged(_ file: String, _ field: String, _ reason: String) -> TokenizationError {
        .malformed(file: file, field: field, reason: reason, remedy: copyAgain)
    }
}
