import JSON
import Platform

/// Which head a checkpoint is read with: the one of the class that its configuration names, as far as it is stored.
///
/// What is stored decides alone only where no class is named: a file may hold the pooler of a base model that a token
/// classifier never reads, or both heads of a pre-training whose class has neither.
package struct HeadChoice {
    /// Why specs leave tensors out that another class than the named one reads.
    package static let unreadReason = "of a head that the class does not have"

    /// Our name of the head.
    let head: String
    /// What a user should know of the choice.
    let notes: [String]

    init(
        _ heads: [ArchitectureSpec.Setting.Head], _ setting: ArchitectureSpec.Setting, _ resolver: SettingsResolver,
        _ settings: Settings
    ) throws(Problem) {
        var candidates: [ArchitectureSpec.Setting.Head] = []
        for head in heads {
            if let when = head.when, try !resolver.holds(when, for: setting, settings) { continue }
            candidates.append(head)
        }
        func isStored(_ parameter: String) -> Bool { resolver.storedShape(of: parameter) != nil }
        let named = resolver.config.classNames(of: setting)
        guard !named.isEmpty else {
            let stored = candidates.first { ($0.stores?.list ?? []).allSatisfy(isStored) }
            guard let stored else {
                throw Problem(.unsupported, "config.json names no class, and none of the family's heads is stored")
            }
            (head, notes) = (stored.head, [])
            return
        }
        for name in named {
            let fitting = candidates.filter { $0.classes?.list.contains { GlobPattern($0).matches(name) } ?? false }
            guard let first = fitting.first else { continue }
            let chosen = fitting.first { $0.stores?.list.first.map(isStored) ?? true }
            if let chosen {
                (head, notes) = (chosen.head, [])
                return
            }
            guard let base = candidates.first(where: { $0.stores == nil }) else {
                throw Problem(
                    .corrupt, "config.json names the class \"\(name.printable)\", and its head is not stored")
            }
            let lacking = first.stores?.list.first ?? ""
            head = base.head
            notes = [
                "config.json names the class \(name.printable), whose head (\(lacking)) is not stored: "
                    + "the model is read without a head"
            ]
            return
        }
        let known = Set(candidates.flatMap { $0.classes?.list ?? [] }).sorted().joined(separator: ", ")
        throw Problem(
            .unsupported,
            "config.json: \"architectures\" names \(named.map { "\"\($0.printable)\"" }.joined(separator: ", ")); "
                + "\(resolver.spec.name) is handled as \(known)")
    }
}

extension ModelConfiguration {
    /// The classes that the configuration names, without the part that only tells the framework.
    fileprivate func classNames(of setting: ArchitectureSpec.Setting) -> [String] {
        for key in keys(of: setting) {
            let words = (self[key]?.words ?? []).map { word in
                let framework = ["TF", "Flax"].first { word.hasPrefix($0) }
                return String(word.dropFirst(framework?.count ?? 0))
            }
            if !words.isEmpty { return words }
        }
        return []
    }
}
