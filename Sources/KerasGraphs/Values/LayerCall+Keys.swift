import JSON
import KerasFiles
import Platform

extension LayerCall {
    /// Refuses keys of the configuration that nothing here knows: all but those that the class uses, those that cannot
    /// change a result, and those that are not set (null or false).
    ///
    /// - Parameter config: `nil`: the layer's own.
    package func refuseKeys(beside used: Set<String>, in config: JSONValue? = nil) throws(Problem) {
        let members = (config ?? self.config).objectValue ?? [:]
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            guard !used.contains(key), HarmlessKeys.reason(for: key) == nil, !value.isNull, value != .bool(false) else {
                continue
            }
            throw unsupported("\"\(key.printable)\" is \(value.shortDescription), which is not known here")
        }
    }
}
