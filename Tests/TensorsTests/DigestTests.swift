import Files
import Tensors
import Testing

@Suite("SHA-256")
struct DigestTests {
    // FIPS 180-2, appendix B, and the empty message.
    static let vectors = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    @Test("SHA-256 agrees with the standard's own examples", arguments: vectors)
    func standard(message: String, expected: String) {
        #expect(Digest(of: Array(message.utf8)).hex == expected)
    }

    @Test("SHA-256 is the same whatever pieces the bytes come in", arguments: [1, 3, 63, 64, 65, 1000])
    func pieces(length: Int) {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var hasher = SHA256()
        for start in stride(from: 0, to: bytes.count, by: length) {
            bytes[start..<min(start + length, bytes.count)].withUnsafeBytes { hasher.update($0) }
        }
        #expect(hasher.finalize() == Digest(of: bytes))
    }

    @Test("the SHA-256 of a tensor is that of its little-endian bytes")
    func tensor() {
        #expect(Tensor([1, -2], shape: [2]).digest == Digest(of: [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]))
    }

    @Test("a digest is read from hexadecimal digits of either case")
    func hexadecimal() throws {
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let digest = try #require(Digest(hex: text))
        #expect(digest.hex == text)
        #expect(Digest(hex: text.uppercased()) == digest)
        #expect(Digest(bytes: digest.bytes) == digest)
    }

    @Test(
        "a digest is read from 64 hexadecimal digits only",
        arguments: [
            "", "ab", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
            String(repeating: "0", count: 63) + "g", String(repeating: "0", count: 62) + "é",
            "0x" + String(repeating: "0", count: 62), String(repeating: "０", count: 64),
        ])
    func notHexadecimal(_ text: String) { #expect(Digest(hex: text) == nil) }
}
