import Platform

/// One thing that is wrong with a document, and where.
struct DocumentComplaint {
    let field: JSONField
    let message: String
    /// The key that the field lacks, where that is what is wrong.
    var missing: String?

    init(_ field: JSONField, _ message: String) {
        self.field = field
        self.message = message
    }

    /// What a decoder threw.
    init(_ error: any Error, in root: JSONField) {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            self.init(Self.field(of: context, in: root), "\"\(key.stringValue)\" is missing")
            missing = key.stringValue
        case DecodingError.valueNotFound(_, let context), DecodingError.typeMismatch(_, let context),
            DecodingError.dataCorrupted(let context):
            self.init(Self.field(of: context, in: root), context.debugDescription)
        default: self.init(root, "cannot be read: \(error)")
        }
    }

    /// The decoder's own step leads to a field, steps behind it come from the type that was being read.
    private static func field(of context: DecodingError.Context, in root: JSONField) -> JSONField {
        var field = root
        for key in context.codingPath {
            if let key = key as? FieldKey {
                field = key.field
            } else if let inner = key.intValue.flatMap({ field.element($0) }) ?? field.member(key.stringValue) {
                field = inner
            }
        }
        return field
    }
}

extension Document.ReadError {
    /// So many are told with their places, each of which is looked for in the whole text.
    private static let told = 7

    /// - Returns: `nil` where nothing is wrong.
    init?(_ complaints: [DocumentComplaint]) {
        guard let first = complaints.first else { return nil }
        self.init(first)
        further = complaints.prefix(Self.told).dropFirst().map { Self($0).description }
        guard complaints.count > Self.told else { return }
        further.append("and \(complaints.count < ReadingRecord.most ? "\(complaints.count - Self.told)" : "many") more")
    }

    init(_ complaint: DocumentComplaint) {
        self.init(position: complaint.field.position, path: complaint.field.path, message: complaint.message)
    }
}
