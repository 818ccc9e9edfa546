/// Which keys of a document were asked for, so that a mistyped one is told instead of being passed over.
///
/// Values of several types may read one object; a key is unknown where none of them has it.
final class KeyRecord {
    private struct Object {
        let field: JSONField
        var unknown: Set<String>
        /// Whether a type that read the object has a key.
        var tests: [(String) -> Bool]
    }

    /// By the index of the object's field.
    private var objects: [Int: Object] = [:]

    /// Notes that a type with these keys reads an object.
    func note<Key: CodingKey>(_ type: Key.Type, in field: JSONField, keys: [String]) {
        let unknown = Set(keys.filter { Key(stringValue: $0) == nil })
        let test = { (name: String) in Key(stringValue: name) != nil }
        if objects[field.index] == nil {
            objects[field.index] = Object(field: field, unknown: unknown, tests: [test])
        } else {
            objects[field.index]?.unknown.formIntersection(unknown)
            objects[field.index]?.tests.append(test)
        }
    }

    /// The first key that nothing has, in the order of the text; `nil` where there is none.
    var firstUnknown: (field: JSONField, key: String, suggestion: String?)? {
        for (_, object) in objects.sorted(by: { $0.key < $1.key }) where !object.unknown.isEmpty {
            guard let member = object.field.objectValue?.first(where: { object.unknown.contains($0.key) }) else {
                continue
            }
            let near = Self.spellings(of: member.key).first { name in object.tests.contains { $0(name) } }
            return (member.value, member.key, near)
        }
        return nil
    }

    /// Words that are one slip of the fingers away: letters exchanged, missing, doubled or wrong.
    private static func spellings(of word: String) -> [String] {
        // Longer words are no names of ours.
        guard word.count <= 40 else { return [] }
        let letters = Array(word)
        let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        var result: [String] = []
        for index in letters.indices.dropLast() {
            var changed = letters
            changed.swapAt(index, index + 1)
            result.append(String(changed))
        }
        for index in letters.indices {
            var changed = letters
            changed.remove(at: index)
            result.append(String(changed))
        }
        for index in 0...letters.count {
            for letter in alphabet {
                result.append(String(letters[..<index] + [letter] + letters[index...]))
                if index < letters.count {
                    result.append(String(letters[..<index] + [letter] + letters[(index + 1)...]))
                }
            }
        }
        return result
    }
}
