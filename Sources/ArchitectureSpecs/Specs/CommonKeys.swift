import EmbeddedFiles
import JSON
import Platform

/// The keys that a framework writes into every configuration, whatever the family (`Keys/`): their one home.
package struct CommonKeys: Sendable, Hashable, Codable {
    /// What becomes of keys that neither these rules nor a family's are about.
    package struct Unknown: Sendable, Hashable, Codable {
        /// Words that a key's name has when it could matter; `nil`: all unknown keys are refused.
        var words: [String]?
        /// Why the others change nothing.
        var reason: String?
    }

    /// Keys that change no output.
    package var harmless: [KeyRule]
    /// Keys that always matter and are never heeded.
    package var refused: [KeyRule]
    package var unknown: Unknown

    /// The rules for a vocabulary of configurations.
    package static func rules(for vocabulary: String) throws(FileError) -> CommonKeys? {
        switch vocabulary {
        case "hf": try huggingFace.get()
        case "kerashub": try kerasHub.get()
        default: nil
        }
    }

    /// What a configuration asks for that is never done, whatever the family; `nil` when there is nothing.
    package static func refusal(of config: ModelConfiguration, path: String) throws(FileError) -> FileError? {
        guard let common = try rules(for: config.vocabulary) else { return nil }
        let ledger = KeyLedger(
            of: config.document, in: "config.json", used: [], harmless: [], refused: common.refused,
            unknown: .judged(words: [], reason: ""))
        return ledger.error(path: path)
    }

    private static let huggingFace = Result { () throws(FileError) in
        try CommonKeys(EmbeddedFile.bytes(of: "huggingface_keys.json", in: .keys))
    }
    private static let kerasHub = Result { () throws(FileError) in
        try CommonKeys(EmbeddedFile.bytes(of: "kerashub_keys.json", in: .keys))
    }

    private init(_ document: [UInt8]) throws(FileError) {
        do throws(Document.ReadError) {
            self = try Document.decode(CommonKeys.self, from: document)
        } catch {
            throw FileError(.defect, path: "built-in keys", "\(error)")
        }
    }
}

extension ArchitectureSpec {
    /// A key of the configuration that changes no output of the family's models.
    package struct Harmless: Sendable, Hashable {
        package var rule: KeyRule
        /// Over the settings; `nil`: always.
        package var when: Condition?
    }

    /// What becomes of every key of a configuration.
    ///
    /// - Parameters:
    ///   - settings: The checkpoint's.
    ///   - waived: Keys that the user does not want to count.
    package func ledger(
        of config: ModelConfiguration, _ settings: Settings, waived: Set<String>
    ) throws(FileError) -> KeyLedger? {
        guard let common = try CommonKeys.rules(for: config.vocabulary) else { return nil }
        // A setting that does not count under these settings uses no key.
        let read = self.config.filter { (try? $0.when.holds(in: settings)) ?? true }
        var used = Set(read.flatMap { config.keys(of: $0) })
        used.formUnion(recognise.compactMap(\.key))
        if let labels = traits?.labels?[config.vocabulary] { used.insert(labels) }
        var rules: [KeyRule] = []
        for harmless in self.harmless ?? [] {
            if (try? harmless.when.holds(in: settings)) ?? false { rules.append(harmless.rule) }
        }
        rules += ownClasses(config)
        var unknown = KeyLedger.Unknown.refused
        if let words = common.unknown.words, let reason = common.unknown.reason {
            unknown = .judged(words: Set(words), reason: reason)
        }
        return KeyLedger(
            of: config.document, in: "config.json", used: used, harmless: rules, refused: common.refused,
            common: common.harmless, unknown: unknown, waived: waived)
    }

    /// `auto_map` names code in the folder: harmless where its classes are those that the framework has itself.
    private func ownClasses(_ config: ModelConfiguration) -> [KeyRule] {
        var known: [String] = []
        for setting in self.config {
            if case .head(let heads) = setting.kind { known += heads.flatMap { $0.classes?.list ?? [] } }
        }
        if known.isEmpty { known = recognise.filter { $0.key == "architectures" }.flatMap { $0.matches?.list ?? [] } }
        let patterns = known.map { GlobPattern($0) }
        let reason = "the code in the folder is the framework's own class"
        return (config.document["auto_map"]?.objectValue ?? [:]).compactMap { key, value in
            let path = "auto_map.\(key)"
            if key == "AutoConfig" { return KeyRule(keys: [path], reason: "a class of settings") }
            guard let name = value.stringValue?.split(separator: ".").last.map(String.init),
                patterns.contains(where: { $0.matches(name) })
            else {
                // Opens the object, so that its members are told one by one.
                return KeyRule(keys: [path], values: [], reason: reason)
            }
            return KeyRule(keys: [path], reason: reason)
        }
    }
}

extension ArchitectureSpec.Harmless: Codable {
    private enum Key: String, CodingKey { case when }

    package init(from decoder: any Decoder) throws {
        rule = try KeyRule(from: decoder)
        when = try decoder.container(keyedBy: Key.self).decodeIfPresent(Condition.self, forKey: .when)
    }

    package func encode(to encoder: any Encoder) throws {
        try rule.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(when, forKey: .when)
    }
}
