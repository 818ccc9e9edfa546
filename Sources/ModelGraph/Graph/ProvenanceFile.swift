import Platform

extension Model.Provenance {
    /// A file that was read.
    package struct File: Sendable, Hashable, Codable {
        /// Name without folders.
        package let name: String
        /// SHA-256 of the contents, 64 hexadecimal digits.
        ///
        /// - Complexity: Of a file that was opened and not yet asked for it, one pass over its contents.
        package var sha256: String { digest.text }

        private let digest: DigestOnce

        package init(name: String, sha256: String) {
            self.name = name
            digest = DigestOnce(sha256)
        }

        /// - Parameter sha256: Computes the digest: when it is first asked for, since a model can run without it.
        package init(name: String, computing sha256: @escaping @Sendable () -> String) {
            self.name = name
            digest = DigestOnce(computing: sha256)
        }

        package static func == (left: File, right: File) -> Bool {
            left.name == right.name && (left.digest === right.digest || left.sha256 == right.sha256)
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(name)
            hasher.combine(sha256)
        }

        private enum Key: String, CodingKey {
            case name, sha256
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            self.init(
                name: try container.decode(String.self, forKey: .name),
                sha256: try container.decode(String.self, forKey: .sha256))
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(name, forKey: .name)
            try container.encode(sha256, forKey: .sha256)
        }
    }
}

/// A digest that is computed at most once, when it is first asked for.
private final class DigestOnce: Sendable {
    private enum State {
        case known(String)
        case pending(@Sendable () -> String)
    }

    private let state: Lock<State>

    init(_ text: String) { state = Lock(.known(text)) }

    init(computing compute: @escaping @Sendable () -> String) { state = Lock(.pending(compute)) }

    var text: String {
        state.withLock { state in
            switch state {
            case .known(let text): return text
            case .pending(let compute):
                let text = compute()
                state = .known(text)
                return text
            }
        }
    }
}
