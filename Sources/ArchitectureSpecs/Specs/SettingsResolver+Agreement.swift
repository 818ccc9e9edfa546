import JSON
import ModelGraph
import Platform

extension SettingsResolver {
    /// Makes sure that the further keys of a setting say what the first one says, where they have to (`mustAgree`), and
    /// that two objects which stretch rotary positions stretch them alike.
    ///
    /// Releases of transformers differ in which of `rope_parameters`, `rope_scaling` and the older keys counts: a
    /// configuration that holds two of them with different values has no one meaning.
    ///
    /// - Parameters:
    ///   - key: The first key that is there.
    ///   - value: Its value.
    /// - Throws: `unsupported`, naming both keys and values.
    func checkAgreement(
        on setting: ArchitectureSpec.Setting, key: String, _ value: JSONValue, _ settings: Settings
    ) throws(Problem) {
        let isRotary = if case .rotary = setting.kind { true } else { false }
        guard isRotary || setting.mustAgree == true else { return }
        let others = config.keys(of: setting).drop { $0 != key }.dropFirst()
        // A member of an object stands for what the object says.
        for other in others where !key.hasPrefix(other + ".") {
            guard let found = config[other], found != value else { continue }
            if case .rotary(let rotary) = setting.kind {
                let first = try scaling(value, rotary, of: setting, key: key, settings)
                guard try first != scaling(found, rotary, of: setting, key: other, settings) else { continue }
            } else if let number = value.doubleValue, number == found.doubleValue {
                continue
            }
            throw Problem(
                .unsupported,
                "config.json: \"\(key)\" is \(value.settingText) and \"\(other)\" is \(found.settingText): which of "
                    + "them counts depends on the release of the framework; leave one of them out, or give "
                    + "--ignore-config \(other)")
        }
    }
}
