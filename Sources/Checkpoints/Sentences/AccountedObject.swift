import JSON
import Platform

/// The settings in one JSON object, each of which is used, set aside for a reason, or refused.
struct AccountedObject {
    /// Path of the file, for messages.
    let path: String
    /// Name of the file below its folder.
    private let name: String
    /// As it was written.
    private let written: JSONValue
    /// Without what the caller said does not count.
    private let document: JSONValue
    private let waived: Set<String>
    private var used: Set<String> = []
    private var harmless: [KeyRule] = []

    /// - Parameter waived: Paths of members that the caller does not want to count.
    /// - Throws: When the value is no object.
    init(_ value: JSONValue, name: String, path: String, waived: Set<String>) throws(FileError) {
        guard value.objectValue != nil else { throw FileError(.corrupt, path: path, "is no JSON object") }
        self.path = path
        self.name = name
        written = value
        self.waived = waived.filter { value[path: $0] != nil }
        document = value.removing(self.waived)
    }

    /// The value of a key, members of members by dots, which counts as used; `nil` where there is none or it is null.
    mutating func take(_ key: String) -> JSONValue? {
        used.insert(key)
        let value = document[path: key]
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

    /// Sets keys aside: results do not depend on them.
    mutating func setAside(_ keys: String..., because reason: String) {
        harmless.append(KeyRule(keys: keys, reason: reason))
    }

    /// What became of every key.
    ///
    /// - Throws: When one could change a result and nobody has looked at it.
    func finish() throws(FileError) -> KeyLedger {
        let empty = (written.objectValue ?? [:]).filter { $0.value == .object([:]) || $0.value == .array([]) }
        let rule = KeyRule(keys: empty.keys.sorted(), reason: "empty: it asks for nothing")
        let ledger = KeyLedger(
            of: written, in: name, used: used, harmless: harmless + (empty.isEmpty ? [] : [rule]), waived: waived)
        // The ledger says the file's name itself.
        let folder = path.hasSuffix("/" + name) ? String(path.dropLast(name.count + 1)) : path
        if let error = ledger.error(path: folder) { throw error }
        return ledger
    }

    /// A value that is not handled.
    func unsupported(_ key: String, _ value: JSONValue) -> FileError {
        FileError(
            .unsupported, path: path, "\"\(key)\" is \(value.settingText), which is not handled",
            remedy: KeyLedger.remedy(for: [key]))
    }

    private func misfit(_ key: String, _ value: JSONValue, _ wanted: String) -> FileError {
        FileError(.corrupt, path: path, "\"\(key)\" is \(value.settingText), expected \(wanted)")
    }
}
