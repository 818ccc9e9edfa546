import JSON

/// A checkpoint's configuration as specs read it: the one way from a key to its value.
package struct ModelConfiguration: Sendable, Hashable {
    /// An empty object where there is none.
    package let document: JSONValue
    /// Whose keys it uses: `hf`, `kerashub`.
    package let vocabulary: String

    package init(_ document: JSONValue, vocabulary: String) {
        self.document = document
        self.vocabulary = vocabulary
    }

    /// The value of a key, members of members by dots; `nil` where there is none or it is null.
    subscript(key: String) -> JSONValue? {
        guard let value = document[path: key], !value.isNull else { return nil }
        return value
    }

    /// Whether a key is there, and null.
    func isNull(_ key: String) -> Bool { document[path: key]?.isNull ?? false }

    /// The keys that a setting is told by, in the order in which they are tried.
    func keys(of setting: ArchitectureSpec.Setting) -> [String] { setting.keys?[vocabulary]?.list ?? [] }

    /// What is used where no key is there; JSON's null: the setting stays unset.
    func vocabularyDefault(of setting: ArchitectureSpec.Setting) -> JSONValue? { setting.defaults?[vocabulary] }
}
