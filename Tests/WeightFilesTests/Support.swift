import Archives
import TestSupport

/// The repository's `fixtures`.
let fixtures = Repository.fixture("")

/// A zip archive of some members, stored or deflated.
func zipArchive(_ members: [(name: String, contents: [UInt8])], isDeflated: Bool) -> [UInt8] {
    func bytes(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, contents) in members {
        let data = isDeflated ? deflated(contents) : contents
        let checksum = contents.withUnsafeBytes { Int(zipChecksum($0)) }
        // Version, flags, method, time and date, checksum, sizes, lengths of name and extra field.
        let common =
            bytes(20, 2) + bytes(0, 2) + bytes(isDeflated ? 8 : 0, 2) + bytes(0x0021_0000, 4) + bytes(checksum, 4)
            + bytes(data.count, 4) + bytes(contents.count, 4) + bytes(name.utf8.count, 2) + bytes(0, 2)
        directory += bytes(0x0201_4B50, 4) + bytes(20, 2) + common + bytes(0, 10) + bytes(file.count, 4) + name.utf8
        file += bytes(0x0403_4B50, 4) + common + name.utf8 + data
    }
    let end =
        bytes(0x0605_4B50, 4) + bytes(0, 4) + bytes(members.count, 2) + bytes(members.count, 2)
        + bytes(directory.count, 4) + bytes(file.count, 4) + bytes(0, 2)
    return file + directory + end
}

/// A deflate stream whose blocks are stored (RFC 1951, section 3.2.4): valid, and needs no compressor.
private func deflated(_ contents: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = []
    var start = 0
    repeat {
        let end = min(start + 65535, contents.count)
        let count = UInt16(end - start)
        stream.append(end == contents.count ? 1 : 0)
        for value in [count, ~count] { stream += [UInt8(value & 0xFF), UInt8(value >> 8)] }
        stream += contents[start..<end]
        start = end
    } while start < contents.count
    return stream
}
