/// What is noted while a document that people write is read: keys that nothing has asked for, keys that stand twice,
/// and in a second reading whatever else is wrong, so that all of it is told at once.
///
/// Values of several types may read one object; a key is unknown where none of them has it.
final class ReadingRecord {
    private struct Object {
        let field: JSONField
        var unknown: Set<String>
        /// Whether a type that read the object has a key.
        var tests: [(String) -> Bool]
        /// Whether it was read to its end: what nobody came to is not unknown.
        var isWhole = true
    }

    /// Thrown in the place of an error that is noted, by what has nothing to go on with.
    struct Noted: Error {}

    /// Whether reading goes on after a mistake, with something in the place of what cannot be read.
    let collects: Bool

    /// By the index of the object's field.
    private var objects: [Int: Object] = [:]
    /// Keys that stand twice in one object, by the index of the second value.
    private var repeated: [Int: DocumentComplaint] = [:]
    private var noted: [DocumentComplaint] = []

    /// More complaints than anybody reads: reading ends there.
    static let most = 200

    /// Whether so much is wrong that reading on tells nobody anything.
    var isFull: Bool { noted.count >= Self.most }

    init(collects: Bool) { self.collects = collects }

    /// Notes that a type with these keys reads an object.
    func note<Key: CodingKey>(_ type: Key.Type, in field: JSONField, keys: [String]) {
        let unknown = Set(keys.filter { Key(stringValue: $0) == nil })
        let test = { (name: String) in Key(stringValue: name) != nil }
        if objects[field.index] == nil {
            objects[field.index] = Object(field: field, unknown: unknown, tests: [test])
            noteRepeated(in: field, keys: keys)
        } else {
            objects[field.index]?.unknown.formIntersection(unknown)
            objects[field.index]?.tests.append(test)
        }
    }

    private func noteRepeated(in field: JSONField, keys: [String]) {
        guard Set(keys).count < keys.count else { return }
        var seen: Set<String> = []
        for (key, value) in field.objectValue ?? [] where !seen.insert(key).inserted {
            repeated[value.index] = DocumentComplaint(value, "the key \"\(key.printable)\" stands here twice")
        }
    }

    /// Notes why a value cannot be read. What follows from something inside it that is noted already is passed over.
    func note(_ error: any Error, reading field: JSONField) {
        if field.kind == .object { objects[field.index]?.isWhole = false }
        guard !(error is Noted), !isFull else { return }
        let complaint = DocumentComplaint(error, in: field.document.root)
        let inside = complaint.field.index..<Int(field.document.nodes[complaint.field.index].next)
        // Of several keys that are missing none follows from another.
        guard complaint.missing != nil || !noted.contains(where: { inside.contains($0.field.index) }) else { return }
        noted.append(complaint)
    }

    /// All that is wrong, in the order of the text.
    var complaints: [DocumentComplaint] {
        let unknown = unknownKeys
        let meant = Set(unknown.compactMap { key in key.meant.map { Member(object: key.object, key: $0) } })
        // A mistyped key explains a missing one better than what is missing.
        let missing = noted.filter { complaint in
            complaint.missing.map { !meant.contains(Member(object: complaint.field.index, key: $0)) } ?? true
        }
        let all = missing + Array(repeated.values) + unknown.map(\.complaint)
        return Array(all.sorted { $0.field.index < $1.field.index }.prefix(Self.most))
    }

    private struct Member: Hashable {
        let object: Int
        let key: String
    }

    /// A key that nothing has, and the one that was meant.
    private struct Unknown {
        let object: Int
        let meant: String?
        let complaint: DocumentComplaint
    }

    /// Keys that nothing has, the first ones of the text.
    private var unknownKeys: [Unknown] {
        var result: [Unknown] = []
        let strange = objects.values.filter { !$0.unknown.isEmpty }.sorted { $0.field.index < $1.field.index }
        // Advice takes a thousand times what reading a key does.
        for object in strange.prefix(Self.most) where result.count < Self.most { result += unknownKeys(of: object) }
        return result
    }

    private func unknownKeys(of object: Object) -> [Unknown] {
        let members = object.field.objectValue ?? []
        let known = Set(members.map(\.key)).subtracting(object.unknown)
        let strange = members.filter { object.unknown.contains($0.key) }.prefix(Self.most)
        return strange.compactMap { member -> Unknown? in
            let near = Self.spellings(of: member.key).first { name in
                !known.contains(name) && object.tests.contains { $0(name) }
            }
            guard object.isWhole || near != nil else { return nil }
            let advice = near.map { "; did you mean \"\($0)\"?" } ?? ""
            return Unknown(
                object: object.field.index, meant: near,
                complaint: DocumentComplaint(
                    member.value, "the key \"\(member.key.printable)\" is not known here\(advice)"))
        }
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
