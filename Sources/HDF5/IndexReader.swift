import JSON

extension IndexDocument {
    /// Typed access to the members of one JSON object; each failure says which member of which object is wrong.
    struct Reader {
        private let members: [String: JSONField]
        /// The path of the HDF5 object that is being read.
        let path: String

        init(_ value: JSONField, _ path: String) throws(IndexFormError) {
            guard let list = value.objectValue else { throw IndexFormError(path: path, reason: "not an object") }
            var members = Dictionary<String, JSONField>(minimumCapacity: list.count)
            for (key, value) in list {
                guard members.updateValue(value, forKey: key) == nil else {
                    throw IndexFormError(path: path, reason: "'\(key)' occurs twice")
                }
            }
            self.members = members
            self.path = path
        }

        func error(_ reason: String) -> IndexFormError { IndexFormError(path: path, reason: reason) }

        func value(_ key: String) throws(IndexFormError) -> JSONField {
            guard let value = members[key] else { throw error("'\(key)' is missing") }
            return value
        }

        func optional(
            _ key: String, _ make: (JSONField, String) throws(IndexFormError) -> Reader
        ) throws(IndexFormError) -> Reader? {
            guard let value = members[key] else { return nil }
            return try make(value, path)
        }

        func number(_ key: String) throws(IndexFormError) -> UInt64 {
            try unwrap(try value(key).uint64Value, key)
        }

        func integer(_ key: String) throws(IndexFormError) -> Int {
            try unwrap(try value(key).integer, key)
        }

        func text(_ key: String) throws(IndexFormError) -> String {
            try unwrap(try value(key).stringValue, key)
        }

        func list(_ key: String) throws(IndexFormError) -> [JSONField] {
            try unwrap(try value(key).arrayValue, key)
        }

        func integers(_ key: String) throws(IndexFormError) -> [Int] {
            try unwrap(try value(key).integers, key)
        }

        /// `false` when absent.
        func flag(_ key: String) throws(IndexFormError) -> Bool {
            guard let value = members[key] else { return false }
            return try unwrap(value.boolValue, key)
        }

        func optionalText(_ key: String) throws(IndexFormError) -> String? {
            members[key] == nil ? nil : try text(key)
        }

        func optionalList(_ key: String) throws(IndexFormError) -> [JSONField]? {
            members[key] == nil ? nil : try list(key)
        }

        func optionalIntegers(_ key: String) throws(IndexFormError) -> [Int]? {
            members[key] == nil ? nil : try integers(key)
        }

        func optionalBytes(_ key: String) throws(IndexFormError) -> [UInt8]? {
            guard let value = members[key] else { return nil }
            return try unwrap(value.stringValue.flatMap { Base64.decode(Array($0.utf8)) }, key)
        }

        func optionalTexts(_ key: String) throws(IndexFormError) -> [String]? {
            guard let list = try optionalList(key) else { return nil }
            var texts: [String] = []
            texts.reserveCapacity(list.count)
            for value in list { texts.append(try unwrap(value.stringValue, key)) }
            return texts
        }

        private func unwrap<Value>(_ value: Value?, _ key: String) throws(IndexFormError) -> Value {
            guard let value else { throw error("'\(key)' has the wrong type or range") }
            return value
        }
    }
}

extension JSONField {
    /// A number that fits into `Int`; `nil` for anything else.
    var integer: Int? { uint64Value.flatMap { Int(exactly: $0) } }

    /// The numbers of a list, if all of them fit into `Int`; `nil` otherwise.
    var integers: [Int]? {
        guard let elements = arrayValue else { return nil }
        var result: [Int] = []
        result.reserveCapacity(elements.count)
        for element in elements {
            guard let integer = element.integer else { return nil }
            result.append(integer)
        }
        return result
    }
}
