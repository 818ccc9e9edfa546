/// Reads `Decodable` values from a field of a JSON text.
///
/// A coding path has one step, which leads to the field: names and positions are put together only for messages.
struct FieldDecoder: Decoder {
    let field: JSONField
    /// Notes which keys are asked for; `nil`: more keys than are read are no mistake.
    var record: ReadingRecord?

    var codingPath: [any CodingKey] { [FieldKey(field: field)] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try KeyedFields(field, record))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try ListedFields(field, record) }

    func singleValueContainer() -> any SingleValueDecodingContainer { SingleField(field: field, record: record) }
}

/// A step of a coding path that leads to a field from the outermost value.
struct FieldKey: CodingKey {
    let field: JSONField

    init(field: JSONField) { self.field = field }
    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }

    var stringValue: String { field.path }
    var intValue: Int? { nil }
}

/// A step of a coding path with a name of our own.
private struct NamedKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension JSONField {
    /// An element of a list; `nil` when there is none.
    func element(_ number: Int) -> JSONField? {
        arrayValue.flatMap { $0.indices.contains(number) ? $0[number] : nil }
    }

    /// The error of a value that is something else than is wanted.
    fileprivate func unlike(_ type: Any.Type, _ expected: String) -> DecodingError {
        let path = [FieldKey(field: self)]
        guard !isNull else { return .valueNotFound(type, .init(codingPath: path, debugDescription: "is null")) }
        return .typeMismatch(
            type,
            .init(codingPath: path, debugDescription: "\(expected) was expected, not \(shortDescription)"))
    }

    fileprivate func wanted<Value>(_ value: Value?, _ expected: String) throws -> Value {
        guard let value else { throw unlike(Value.self, expected) }
        return value
    }

    fileprivate func whole<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
        let bounds = Integer.bitWidth < 64 ? "a whole number from \(Integer.min) to \(Integer.max)" : "a whole number"
        return try wanted(wholeNumber(type), bounds)
    }

    /// Reads a value. Where mistakes are collected one is noted, and something stands in for the value.
    ///
    /// - Throws: `ReadingRecord.Noted` in place of a mistake that is noted, where nothing can stand in.
    func read<Value: Decodable>(_ type: Value.Type, _ record: ReadingRecord?) throws -> Value {
        guard let record, record.collects else { return try readOnce(type, record) }
        if kind == .array, let list = type as? any ElementwiseReadable.Type,
            let value = list.read(self, record) as? Value
        {
            return value
        }
        do { return try readOnce(type, record) } catch {
            record.note(error, reading: self)
            guard let value = placeholder(for: type) else { throw ReadingRecord.Noted() }
            return value
        }
    }

    private func readOnce<Value: Decodable>(_ type: Value.Type, _ record: ReadingRecord?) throws -> Value {
        do {
            return try Value(from: FieldDecoder(field: self, record: record))
        } catch DecodingError.dataCorrupted(let context) {
            // An enumeration says only that its raw value is another one, in words about types.
            guard let word = stringValue, let type = Value.self as? any RawRepresentable.Type else {
                throw DecodingError.dataCorrupted(context)
            }
            let known = names(of: type)
            let list = known.isEmpty ? "is not known here" : "is none of \(known.joined(separator: ", "))"
            throw DecodingError.dataCorrupted(
                .init(codingPath: context.codingPath, debugDescription: "\"\(word.printable)\" \(list)"))
        }
    }
}

/// One value.
private struct SingleField: SingleValueDecodingContainer {
    let field: JSONField
    let record: ReadingRecord?

    var codingPath: [any CodingKey] { [FieldKey(field: field)] }

    func decodeNil() -> Bool { field.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try field.wanted(field.boolValue, "true or false") }
    func decode(_ type: String.Type) throws -> String { try field.wanted(field.stringValue, "a string") }
    func decode(_ type: Double.Type) throws -> Double { try field.wanted(field.finiteNumber(type), "a finite number") }
    func decode(_ type: Float.Type) throws -> Float {
        try field.wanted(field.finiteNumber(type), "a finite number of single precision")
    }
    func decode(_ type: Int.Type) throws -> Int { try field.whole(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try field.whole(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try field.whole(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try field.whole(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try field.whole(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try field.whole(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try field.whole(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try field.whole(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try field.whole(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try field.whole(type) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try field.read(type, record) }
}

/// The members of an object. Of several with one key the first one counts.
private struct KeyedFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let field: JSONField
    private let members: [String: JSONField]
    private let record: ReadingRecord?

    init(_ field: JSONField, _ record: ReadingRecord?) throws {
        guard let members = field.objectValue else { throw field.unlike([String: Any].self, "an object") }
        self.field = field
        self.members = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
        self.record = record
        record?.note(Key.self, in: field, keys: members.map(\.key))
    }

    var codingPath: [any CodingKey] { [FieldKey(field: field)] }
    var allKeys: [Key] { members.keys.compactMap(Key.init) }
    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

    private func member(_ key: any CodingKey) throws -> JSONField {
        guard let member = members[key.stringValue] else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: codingPath, debugDescription: "\"\(key.stringValue)\" is missing"))
        }
        return member
    }

    func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let found: JSONField
        do { found = try member(key) } catch {
            guard let record, record.collects else { throw error }
            record.note(error, reading: field)
            guard let value = placeholder(for: type) else { throw ReadingRecord.Noted() }
            return value
        }
        return try found.read(type, record)
    }
    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let member = members[key.stringValue], !member.isNull else { return nil }
        do { return try member.read(type, record) } catch is ReadingRecord.Noted { return nil }
    }

    func nestedContainer<Inner: CodingKey>(
        keyedBy type: Inner.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Inner> {
        KeyedDecodingContainer(try KeyedFields<Inner>(try member(key), record))
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try ListedFields(try member(key), record)
    }
    func superDecoder() throws -> any Decoder {
        FieldDecoder(field: try member(NamedKey(stringValue: "super")), record: record)
    }
    func superDecoder(forKey key: Key) throws -> any Decoder {
        FieldDecoder(field: try member(key), record: record)
    }
}

/// The elements of a list, one after another.
private struct ListedFields: UnkeyedDecodingContainer {
    let field: JSONField
    private let elements: [JSONField]
    private let record: ReadingRecord?
    private(set) var currentIndex = 0

    init(_ field: JSONField, _ record: ReadingRecord?) throws {
        guard let elements = field.arrayValue else { throw field.unlike([Any].self, "a list") }
        self.field = field
        self.elements = elements
        self.record = record
    }

    var codingPath: [any CodingKey] { [FieldKey(field: field)] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex == elements.count }

    private mutating func next<Value>(_ read: (JSONField) throws -> Value) throws -> Value {
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                Value.self,
                .init(codingPath: codingPath, debugDescription: "has only \(elements.count) elements"))
        }
        let value = try read(elements[currentIndex])
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, elements[currentIndex].isNull else { return false }
        currentIndex += 1
        return true
    }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try next { [record] in try $0.read(type, record) }
    }
    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try next { [record] in KeyedDecodingContainer(try KeyedFields<Key>($0, record)) }
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next { [record] in try ListedFields($0, record) }
    }
    mutating func superDecoder() throws -> any Decoder {
        try next { [record] in FieldDecoder(field: $0, record: record) }
    }
}

/// Raw values of an enumeration, where it can list them.
private func names(of type: any RawRepresentable.Type) -> [String] {
    func list<Cases: CaseIterable>(_ type: Cases.Type) -> [String] {
        type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    }
    return (type as? any CaseIterable.Type).map { list($0) } ?? []
}
