import Platform

/// What became of every member of a settings file: a configuration, a tokenizer's or a preprocessor's settings.
///
/// A member is used, harmless for a stated reason, taken out on the user's word, or refused. There is no fifth way: a
/// setting that nobody looked at is how a model comes out wrong without a word.
///
///     let ledger = KeyLedger(of: document, in: "config.json", used: ["hidden_size"], harmless: rules)
///     if let error = ledger.error(path: path) { throw error }
package struct KeyLedger: Sendable, Hashable {
    /// What became of a member.
    package enum Fate: Sendable, Hashable {
        /// The result depends on it, as it should.
        case used
        /// No result depends on it, for this reason.
        case harmless(String)
        /// The user said that it does not count.
        case waived
        /// It could change a result, and nothing heeds it at its value: what is known of it.
        case refused(String)
    }

    /// A member and its fate.
    package struct Entry: Sendable, Hashable {
        /// Its path, `rope_scaling.factor`.
        package let key: String
        /// Its value.
        package let value: JSONValue
        /// What became of it.
        package let fate: Fate

        package init(key: String, value: JSONValue, fate: Fate) {
            self.key = key
            self.value = value
            self.fate = fate
        }
    }

    /// Members that no rule is about.
    package enum Unknown: Sendable, Hashable {
        /// All are refused.
        case refused
        /// Only those are refused whose name says that they could matter: one that has one of these words between its
        /// underscores. The rest is no setting that the framework reads, and harmless for this reason. For files whose
        /// settings are all known, and to which people add members of their own.
        case judged(words: Set<String>, reason: String)
    }

    /// Name of the file, as messages call it.
    package let file: String
    /// In the order of their paths.
    package private(set) var entries: [Entry] = []

    /// Accounts for all members of a document.
    ///
    /// - Parameters:
    ///   - document: An object; anything else has no members.
    ///   - file: Name of the file, as messages call it.
    ///   - used: Paths of members that are read. One that names an object stands for all of it; members of objects that
    ///     are named one by one (`rope_scaling.factor`) are each accounted for. `*` stands for any text.
    ///   - harmless: Rules of members that change nothing; the first that is about a key and holds counts.
    ///   - refused: Rules of members that matter and are never heeded, with what they mean, where no rule of `harmless`
    ///     is about them.
    ///   - common: Rules like `harmless`, for members that no rule of it is about.
    ///   - unknown: What becomes of members that no rule is about.
    ///   - waived: Paths that the user does not want to count. The caller takes them out before it reads.
    package init(
        of document: JSONValue, in file: String, used: Set<String>, harmless: [KeyRule], refused: [KeyRule] = [],
        common: [KeyRule] = [], unknown: Unknown = .refused, waived: Set<String> = []
    ) {
        self.file = file
        let reader = Reader(
            used: used.filter { !$0.contains("*") }, usedPatterns: used.filter { $0.contains("*") }.sorted(),
            harmless: harmless, refused: refused, common: common, unknown: unknown, waived: waived)
        reader.append(document, at: "", to: &entries)
        // What the caller has taken out already is told all the same.
        let seen = Set(entries.map(\.key))
        entries += waived.subtracting(seen).sorted().map { Entry(key: $0, value: .null, fate: .waived) }
    }

    /// Members that could change a result and are not heeded.
    package var refusals: [Entry] {
        entries.filter { if case .refused = $0.fate { true } else { false } }
    }

    /// The refusals as problems, each naming file, key and value.
    package var problems: [Problem] {
        refusals.map { entry in
            let what = if case .refused(let reason) = entry.fate { reason } else { "" }
            return Problem(
                .unsupported, "\(file): \"\(entry.key.printable)\" is \(entry.value.settingText); \(what)")
        }
    }

    /// The refusals as one error; `nil` when there are none.
    ///
    /// - Parameter path: The file or folder as the caller named it.
    package func error(path: String) -> FileError? {
        let problems = problems
        guard !problems.isEmpty else { return nil }
        return FileError(problems, path: path, remedy: Self.remedy(for: refusals.map(\.key)))
    }

    /// What a user can do about keys that are refused.
    package static func remedy(for keys: [String]) -> String {
        let options = keys.prefix(4).map { "--ignore-config \($0.printable)" }.joined(separator: " ")
        return "if it changes nothing about the outputs, \(options) reads the model as if it were not there"
    }
}

extension KeyLedger {
    /// Walks through a document.
    private struct Reader {
        let used: Set<String>
        let usedPatterns: [String]
        let harmless: [KeyRule]
        let refused: [KeyRule]
        let common: [KeyRule]
        let unknown: Unknown
        let waived: Set<String>

        func append(_ value: JSONValue, at path: String, to entries: inout [Entry]) {
            for (name, member) in (value.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
                let key = path.isEmpty ? name : "\(path).\(name)"
                if !waived.contains(key), isOpened(key), case .object(let members) = member, !members.isEmpty {
                    append(member, at: key, to: &entries)
                } else {
                    entries.append(Entry(key: key, value: member, fate: fate(of: key, member)))
                }
            }
        }

        /// Whether members of an object are told one by one.
        private func isOpened(_ key: String) -> Bool {
            let rules = harmless + refused + common
            guard !isUsed(key), !rules.contains(where: { $0.isAbout(key) }) else { return false }
            let prefix = key + "."
            return used.contains { $0.hasPrefix(prefix) } || usedPatterns.contains { $0.hasPrefix(prefix) }
                || rules.contains { $0.keys.contains { $0.hasPrefix(prefix) } }
        }

        private func isUsed(_ key: String) -> Bool {
            used.contains(key) || usedPatterns.contains { GlobPattern($0).matches(key) }
        }

        private func fate(of key: String, _ value: JSONValue) -> Fate {
            if waived.contains(key) { return .waived }
            if isUsed(key) { return .used }
            let prefix = key + "."
            // A list whose members are read by their numbers.
            if value.arrayValue != nil, used.contains(where: { $0.hasPrefix(prefix) }) { return .used }
            if value.isNull { return .harmless("null: it is not set") }
            var about = harmless.filter { $0.isAbout(key) }
            if about.isEmpty {
                if let rule = refused.first(where: { $0.isAbout(key) && $0.holds(at: value) }) {
                    return .refused(rule.reason)
                }
                about = common.filter { $0.isAbout(key) }
            }
            if let rule = about.first(where: { $0.holds(at: value) }) { return .harmless(rule.reason) }
            if about.isEmpty, case .judged(let words, let reason) = unknown {
                if value.isOff { return .harmless("switched off, and \(reason)") }
                if words.isDisjoint(with: key.settingWords) { return .harmless(reason) }
            }
            let allowed = about.flatMap { $0.values ?? [] }.map(\.settingText)
            return .refused(
                allowed.isEmpty
                    ? "nothing here knows what that does to the outputs"
                    : "that changes the outputs and is not handled; known to change nothing: "
                        + allowed.joined(separator: ", "))
        }
    }
}

extension JSONValue {
    /// A setting's value for messages: as it stands in the file, shortened.
    package var settingText: String {
        switch self {
        case .array(let values):
            let shown = values.prefix(6).map(\.settingText).joined(separator: ", ")
            return "[" + shown + (values.count > 6 ? ", …]" : "]")
        case .object(let members):
            let shown = members.sorted { $0.key < $1.key }.prefix(6)
                .map { "\"\($0.key.printable)\": \($0.value.isLeaf ? $0.value.settingText : "…")" }
            return "{" + shown.joined(separator: ", ") + (members.count > 6 ? ", …}" : "}")
        case .string(let text): return "\"\(text.prefix(80).printable)\""
        default: return shortDescription
        }
    }

    /// False, or empty: what a setting that is not used looks like.
    fileprivate var isOff: Bool {
        switch self {
        case .bool(let value): !value
        case .array(let values): values.isEmpty
        case .object(let members): members.isEmpty
        case .string(let text): text.isEmpty
        case .null: true
        case .integer, .number: false
        }
    }

    private var isLeaf: Bool { arrayValue == nil && objectValue == nil }

    /// The document without some members, given by their paths.
    package func removing(_ keys: Set<String>) -> JSONValue {
        guard !keys.isEmpty, case .object(var members) = self else { return self }
        for name in members.keys {
            if keys.contains(name) {
                members[name] = nil
            } else {
                let prefix = name + "."
                let inner = keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
                if !inner.isEmpty { members[name] = members[name]?.removing(Set(inner)) }
            }
        }
        return .object(members)
    }
}

extension String {
    /// The words of a setting's name: `rope_scaling.low_freq` is rope, scaling, low and freq.
    fileprivate var settingWords: [String] {
        split { $0 == "_" || $0 == "." || $0 == "-" }.map { $0.lowercased() }
    }
}
