import JSON
import Platform

/// The keys of one JSON object, each of which is used, set aside for a reason, or refused.
struct AccountedObject {
    /// Path of the file, for messages.
    let path: String
    /// Keys that nobody has looked at.
    private var open: [String: JSONValue]
    /// Keys that nothing depends on, with the reason.
    private(set) var harmless: [(key: String, reason: String)] = []

    /// - Throws: When the value is no object.
    init(_ value: JSONValue, path: String) throws(FileError) {
        guard let members = value.objectValue else { throw FileError(.corrupt, path: path, "is no JSON object") }
        self.path = path
        open = members
    }

    /// The value of a key, which counts as used; `nil` where there is none or it is null.
    mutating func take(_ key: String) -> JSONValue? {
        let value = open.removeValue(forKey: key)
        return value?.isNull == true ? nil : value
    }

    /// A text.
    ///
    /// - Throws: When the key has another value.
    mutating func text(_ key: String) throws(FileError) -> String? {
        guard let value = take(key) else { return nil }
        guard let text = value.stringValue else { throw misfit(key, value, "a text") }
        return text
    }

    /// A truth value.
    mutating func flag(_ key: String) throws(FileError) -> Bool? {
        guard let value = take(key) else { return nil }
        guard let flag = value.boolValue else { throw misfit(key, value, "true or false") }
        return flag
    }

    /// A whole number above 0.
    mutating func count(_ key: String) throws(FileError) -> Int? {
        guard let value = take(key) else { return nil }
        guard let count = value.intValue, count > 0 else { throw misfit(key, value, "a whole number above 0") }
        return count
    }

    /// Sets a key aside: results do not depend on it.
    mutating func setAside(_ key: String, because reason: String) {
        if open.removeValue(forKey: key) != nil { harmless.append((key, reason)) }
    }

    /// Refuses what nobody has looked at.
    func finish() throws(FileError) {
        // A key without a value asks for nothing.
        let rest = open.filter { !$0.value.isNull && $0.value != .object([:]) && $0.value != .array([]) }
        guard !rest.isEmpty else { return }
        throw FileError(
            .unsupported, path: path,
            rest.sorted { $0.key < $1.key }.map {
                "\"\($0.key.printable)\" is \($0.value.shortDescription), which is not handled"
            })
    }

    /// A value that is not handled.
    func unsupported(_ key: String, _ value: JSONValue) -> FileError {
        FileError(.unsupported, path: path, "\"\(key)\" is \(value.shortDescription), which is not handled")
    }

    private func misfit(_ key: String, _ value: JSONValue, _ wanted: String) -> FileError {
        FileError(.corrupt, path: path, "\"\(key)\" is \(value.shortDescription), expected \(wanted)")
    }
}
