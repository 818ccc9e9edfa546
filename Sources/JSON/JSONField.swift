import Platform

/// A value inside a JSON text, that can tell where it stands, so that every complaint can name it.
package struct JSONField: Sendable {
    package let document: JSONDocument
    /// Index of the value among those of the text.
    let index: Int

    /// The file's name.
    package var file: String { document.file }
    /// What the value is.
    package var kind: JSONDocument.Kind { document.nodes[index].kind }
    /// Whether the value is `null`.
    package var isNull: Bool { kind == .null }
    /// Number of values (and keys) inside this one, at any depth.
    package var innerCount: Int { Int(document.nodes[index].next) - index - 1 }

    /// The bytes of a number.
    private var rawBytes: ArraySlice<UInt8> {
        let node = document.nodes[index]
        return document.bytes[Int(node.start)..<Int(node.end)]
    }

    /// The text of a number.
    var rawText: String { String(decoding: rawBytes, as: UTF8.self) }
}

// MARK: What a value is, if it is that

extension JSONField {
    /// The text of a string; `nil` for anything else.
    package var stringValue: String? { document.text(at: index) }

    /// A number as it is written; `nil` for anything else.
    package var numberText: String? { kind == .number ? rawText : nil }

    /// A truth value; `nil` for anything else.
    package var boolValue: Bool? {
        switch kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// A number without sign, point and exponent that fits into 64 bits; `nil` for anything else.
    package var uint64Value: UInt64? {
        guard kind == .number else { return nil }
        var result: UInt64 = 0
        for byte in rawBytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let (tens, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(byte & 15))
            guard !overflow, !carry else { return nil }
            result = sum
        }
        return result
    }

    /// A whole number of a type, also one that is written as `12.0` or `1e3`; `nil` for anything else.
    func wholeNumber<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
        guard kind == .number else { return nil }
        let text = rawText
        return Integer(text) ?? Double(text).flatMap { Integer(exactly: $0) }
    }

    /// A finite number; `nil` for anything else.
    func finiteNumber<Number: BinaryFloatingPoint & LosslessStringConvertible>(_ type: Number.Type) -> Number? {
        guard kind == .number, let value = Number(rawText), value.isFinite else { return nil }
        return value
    }

    /// The elements of a list; `nil` for anything else.
    package var arrayValue: [JSONField]? { kind == .array ? Array(children(step: 1)) : nil }

    /// The keys and values of an object, in the order of the text; `nil` for anything else.
    package var objectValue: [(key: String, value: JSONField)]? {
        guard kind == .object else { return nil }
        return children(step: 2).map { (document.text(at: $0.index) ?? "", $0.following) }
    }

    /// The value after a key.
    private var following: JSONField { JSONField(document: document, index: index + 1) }

    /// Elements, or keys, directly inside.
    private func children(step: Int) -> some Sequence<JSONField> {
        let nodes = document.nodes
        let end = Int(nodes[index].next)
        // A key is followed by its value, so what comes after the value is what comes next.
        return sequence(first: index + 1) { Int(nodes[$0 + step - 1].next) }.lazy.prefix { $0 < end }
            .map { JSONField(document: document, index: $0) }
    }

    /// The member of an object with a key, the first one of several; `nil` when there is none, and for anything else.
    package func member(_ key: String) -> JSONField? {
        guard kind == .object else { return nil }
        return children(step: 2).first { document.isString(at: $0.index, key) }?.following
    }
}

extension JSONField {
    /// For messages: short, on one line.
    package var shortDescription: String {
        switch kind {
        case .null: "null"
        case .true: "true"
        case .false: "false"
        case .number: rawText.printable
        case .string: "\"\((stringValue ?? "").printable)\""
        case .array: "a list"
        case .object: "an object"
        }
    }
}

// MARK: Where a value stands

extension JSONField {
    /// Line and column of its first character.
    package var position: JSONDocument.Position {
        let node = document.nodes[index]
        return JSONDocument.Position(of: Int(node.start) - (node.kind == .string ? 1 : 0), in: document.bytes)
    }

    /// Names and indices from the outermost value, such as `layers[2].heads`; empty for that one itself.
    ///
    /// Found by walking from the outermost value: for messages, not for every value of a long list.
    package var path: String {
        var path = ""
        var field = document.root
        while field.index != index {
            let isObject = field.kind == .object
            var inner: JSONField?
            var number = 0
            for child in field.children(step: isObject ? 2 : 1) {
                let value = isObject ? child.following : child
                if index < Int(document.nodes[value.index].next) {
                    let key = isObject ? document.text(at: child.index) : nil
                    path += key.map { (path.isEmpty ? "" : ".") + $0 } ?? "[\(number)]"
                    inner = value
                    break
                }
                number += 1
            }
            guard let inner else { return path }
            field = inner
        }
        return path
    }

    /// Position and path, such as `line 3 column 7, rope_scaling.factor`.
    package var location: String {
        let path = path
        return path.isEmpty ? "\(position)" : "\(position), \(path.escaped)"
    }

    /// A complaint about this value.
    package func malformed(_ reason: String) -> FileError { .damaged(file, location, reason) }

    /// A complaint about a value that is understood and not handled.
    package func unsupported(_ found: String, remedy: String) -> FileError {
        .unsupported(file: file, field: location, found: found, remedy: remedy)
    }
}
