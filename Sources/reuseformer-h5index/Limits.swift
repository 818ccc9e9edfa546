/// What the helper is willing to do for one file.
struct Limits {
    /// Groups, datasets and committed types.
    var objects = 200_000
    /// Links over all groups.
    var links = 400_000
    /// Groups inside groups.
    var depth = 64
    /// Bytes of a path.
    var pathBytes = 64 << 10
    /// Bytes of attribute values and names over the whole file.
    var attributeBytes = 16 << 20
    /// Bytes of values that go into the document itself: compact, converted or text data.
    var inlineBytes = 24 << 20
    /// Chunks over all datasets.
    var chunks = 500_000
    /// Bytes of the document; the parent refuses more.
    var documentBytes = 64 << 20

    /// Sets a limit by the name that it has on the command line.
    ///
    /// - Returns: Whether there is one of that name.
    mutating func set(_ name: Substring, to value: Int) -> Bool {
        switch name {
        case "objects": objects = value
        case "links": links = value
        case "depth": depth = value
        case "path-bytes": pathBytes = value
        case "attribute-bytes": attributeBytes = value
        case "inline-bytes": inlineBytes = value
        case "chunks": chunks = value
        case "document-bytes": documentBytes = min(value, Int.max >> 1)
        default: return false
        }
        return true
    }
}

/// Subtracts from what is left of a limit.
struct Budget {
    private(set) var left: Int
    let what: String

    init(_ limit: Int, _ what: String) {
        left = limit
        self.what = what
    }

    mutating func spend(_ amount: Int, at path: [UInt8]) throws(Refusal) {
        guard amount >= 0, amount <= left else { throw Refusal(.limit, path, "too many or too large \(what)") }
        left -= amount
    }
}
