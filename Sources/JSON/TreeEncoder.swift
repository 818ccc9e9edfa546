/// A document that is being put together: what an encoder has written so far.
final class JSONTree {
    enum Content {
        /// A number, `true`, `false` or `null`, as it is written.
        case literal(String)
        case string(String)
        case array([JSONTree])
        case object([String: JSONTree])
    }

    /// An object without members until something is written.
    var content = Content.object([:])

    /// A new member; an object before it is kept, anything else replaced.
    func member(_ key: String) -> JSONTree {
        var members: [String: JSONTree] = [:]
        if case .object(let written) = content { members = written }
        content = .literal("null")
        let tree = JSONTree()
        members[key] = tree
        content = .object(members)
        return tree
    }

    /// A new element; a list before it is kept, anything else replaced.
    func element() -> JSONTree {
        var elements: [JSONTree] = []
        if case .array(let written) = content { elements = written }
        content = .literal("null")
        let tree = JSONTree()
        elements.append(tree)
        content = .array(elements)
        return tree
    }
}

/// Puts `Encodable` values into a tree.
struct TreeEncoder: Encoder {
    let tree: JSONTree
    let codingPath: [any CodingKey]

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(KeyedTrees(tree: tree, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer { ListedTrees(tree: tree, codingPath: codingPath) }

    func singleValueContainer() -> any SingleValueEncodingContainer { SingleTree(tree: tree, codingPath: codingPath) }
}

/// One value.
private struct SingleTree: SingleValueEncodingContainer {
    let tree: JSONTree
    let codingPath: [any CodingKey]

    private func put(_ literal: String) { tree.content = .literal(literal) }

    private func put(_ number: some BinaryFloatingPoint & LosslessStringConvertible) throws {
        guard number.isFinite else {
            throw EncodingError.invalidValue(
                number, .init(codingPath: codingPath, debugDescription: "JSON has no number \(number)"))
        }
        let text = number.description
        put(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    func encodeNil() { put("null") }
    func encode(_ value: Bool) { put(value ? "true" : "false") }
    func encode(_ value: String) { tree.content = .string(value) }
    func encode(_ value: Double) throws { try put(value) }
    func encode(_ value: Float) throws { try put(value) }
    func encode(_ value: Int) { put(value.description) }
    func encode(_ value: Int8) { put(value.description) }
    func encode(_ value: Int16) { put(value.description) }
    func encode(_ value: Int32) { put(value.description) }
    func encode(_ value: Int64) { put(value.description) }
    func encode(_ value: UInt) { put(value.description) }
    func encode(_ value: UInt8) { put(value.description) }
    func encode(_ value: UInt16) { put(value.description) }
    func encode(_ value: UInt32) { put(value.description) }
    func encode(_ value: UInt64) { put(value.description) }
    func encode(_ value: some Encodable) throws {
        try value.encode(to: TreeEncoder(tree: tree, codingPath: codingPath))
    }
}

/// The members of an object.
private struct KeyedTrees<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let tree: JSONTree
    let codingPath: [any CodingKey]

    init(tree: JSONTree, codingPath: [any CodingKey]) {
        self.tree = tree
        self.codingPath = codingPath
        if case .object = tree.content { return }
        tree.content = .object([:])
    }

    func encodeNil(forKey key: Key) { tree.member(key.stringValue).content = .literal("null") }
    func encode(_ value: some Encodable, forKey key: Key) throws {
        try value.encode(to: encoder(key))
    }

    private func encoder(_ key: any CodingKey) -> TreeEncoder {
        TreeEncoder(tree: tree.member(key.stringValue), codingPath: codingPath + [key])
    }

    func nestedContainer<Inner: CodingKey>(keyedBy type: Inner.Type, forKey key: Key) -> KeyedEncodingContainer<Inner> {
        encoder(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder(key).unkeyedContainer() }
    func superEncoder() -> any Encoder {
        TreeEncoder(tree: tree.member("super"), codingPath: codingPath)
    }
    func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }
}

/// The elements of a list.
private struct ListedTrees: UnkeyedEncodingContainer {
    let tree: JSONTree
    let codingPath: [any CodingKey]

    init(tree: JSONTree, codingPath: [any CodingKey]) {
        self.tree = tree
        self.codingPath = codingPath
        if case .array = tree.content { return }
        tree.content = .array([])
    }

    var count: Int { if case .array(let elements) = tree.content { elements.count } else { 0 } }

    private func encoder() -> TreeEncoder { TreeEncoder(tree: tree.element(), codingPath: codingPath) }

    func encodeNil() { tree.element().content = .literal("null") }
    func encode(_ value: some Encodable) throws { try value.encode(to: encoder()) }
    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        encoder().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder() }
}
