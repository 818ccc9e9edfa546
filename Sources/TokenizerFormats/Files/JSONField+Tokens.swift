import JSON
import Platform
import Tokenization

extension JSONField {
    /// UTF-8 bytes of a text that is put into users' texts, and therefore must be short.
    func affix() throws(FileError) -> [UInt8] {
        let bytes = try bytes()
        guard bytes.count <= Limits.affixBytes else {
            throw .limit(file: file, field: "\(path) (bytes)", limit: Limits.affixBytes, found: bytes.count)
        }
        return bytes
    }

    /// A token id.
    func tokenID() throws(FileError) -> Int32 {
        Int32(try integer(in: 0...Limits.tokens - 1))
    }
}
