import JSON
import Platform

extension SettingsResolver {
    /// The flags that a key tells, one a layer.
    func told(
        _ value: JSONValue, _ list: ArchitectureSpec.Setting.List, of setting: ArchitectureSpec.Setting, key: String,
        _ settings: Settings
    ) throws(Problem) -> Settings.Value {
        guard let members = value.arrayValue else {
            throw Problem(.corrupt, "config.json: \"\(key)\" is \(value.settingText), expected a list")
        }
        let count = try count(of: list, for: setting, settings)
        guard members.count == count else {
            throw Problem(.corrupt, "config.json: \"\(key)\" has \(members.count) entries, expected \(count)")
        }
        var flags: [Bool] = []
        for member in members {
            let word = member.stringValue ?? member.shortDescription
            guard let flag = list.values[word] else {
                let allowed = list.values.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
                throw Problem(
                    .unsupported, "config.json: \"\(key)\" holds \(member.settingText); known are \(allowed)")
            }
            flags.append(flag)
        }
        if let needed = list.needs, settings[needed] == nil, flags.contains(true) {
            throw Problem(
                .unsupported,
                "config.json: \"\(key)\" sets what needs \(needed), which no key of the configuration gives")
        }
        return .flags(flags)
    }

    /// The flags that a condition gives, one a layer.
    func flags(
        of list: ArchitectureSpec.Setting.List, _ condition: Condition, for setting: ArchitectureSpec.Setting,
        _ settings: Settings
    ) throws(Problem) -> Settings.Value {
        var flags: [Bool] = []
        for index in 0..<(try count(of: list, for: setting, settings)) {
            flags.append(try holds(condition, for: setting, settings.setting(list.index, to: .integer(index))))
        }
        return .flags(flags)
    }

    private func count(
        of list: ArchitectureSpec.Setting.List, for setting: ArchitectureSpec.Setting, _ settings: Settings
    ) throws(Problem) -> Int {
        do throws(Expression.Failure) {
            return try list.count.count(in: settings, from: 0, upTo: Expression.largestRepetition)
        } catch {
            throw Problem(.corrupt, "\(setting.name): \(error.message)")
        }
    }
}
