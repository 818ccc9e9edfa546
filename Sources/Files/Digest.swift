import CCrypto

/// A SHA-256 digest.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
    /// The 32 bytes.
    package let bytes: [UInt8]

    /// A digest from 32 bytes; `nil` for any other number.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    fileprivate init(_ hasher: consuming SHA256) {
        var result = [UInt8](repeating: 0, count: 32)
        let isSound = hasher.finish(into: &result)
        // OpenSSL fails here only when the machine is out of memory: no file can bring that about.
        precondition(isSound, "SHA-256 is not available")
        bytes = result
    }

    /// A digest from 64 hexadecimal digits; `nil` for anything else.
    package init?(hex: String) {
        let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64, hex.utf8.count == 64 else { return nil }
        bytes = stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }

    /// Digest of a run of bytes.
    package init(of data: UnsafeRawBufferPointer) {
        var hasher = SHA256()
        hasher.update(data)
        self = hasher.finalize()
    }

    /// Digest of an array of bytes.
    package init(of data: [UInt8]) {
        self = data.withUnsafeBytes { Digest(of: $0) }
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    package var description: String { hex }
}

/// Computes a SHA-256 digest piece by piece, by OpenSSL's accelerated code.
package struct SHA256: ~Copyable {
    private let context: OpaquePointer?
    /// Whether every step so far succeeded.
    private var isSound: Bool

    /// Starts an empty digest.
    package init() {
        context = EVP_MD_CTX_new()
        isSound = context != nil && EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    package mutating func update(_ data: UnsafeRawBufferPointer) {
        guard !data.isEmpty, isSound else { return }
        isSound = EVP_DigestUpdate(context, data.baseAddress, data.count) == 1
    }

    /// Ends the computation.
    package consuming func finalize() -> Digest {
        Digest(self)
    }

    /// Writes the 32 bytes; `false` when any step failed.
    fileprivate mutating func finish(into result: inout [UInt8]) -> Bool {
        var length: UInt32 = 0
        return isSound && EVP_DigestFinal_ex(context, &result, &length) == 1
    }
}
