import Checkpoints
import Files
import Foundation
import Platform
import TestSupport
import Testing

@Suite("A file of a later version of the format")
struct NewerVersionTests {
    @Test("is sound and unsupported, and what helps is a newer program, not another copy")
    func newer() throws {
        // docs/format.md: magic, version, size of the block, length of the file, where the block table starts.
        var block: [UInt8] = [0x89, 0x52, 0x45, 0x55, 0x53, 0x45, 0x0D, 0x0A]
        func append<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.littleEndian) { block += $0 }
        }
        append(UInt32(99))
        append(UInt32(512))
        append(UInt64(1024))
        append(UInt64(992))
        block += [UInt8](repeating: 0, count: 32)
        block += Array(Digest(of: block).bytes)
        let file = block + [UInt8](repeating: 0, count: 1024 - block.count)
        let scratch = Scratch()
        try Data(file).write(to: scratch.url("later.reuse.h5"))
        do {
            _ = try Checkpoint.describe(path: scratch("later.reuse.h5"))
            Issue.record("was read")
        } catch {
            #expect(error.kind == .unsupported)
            #expect("\(error)".contains("format version 99") && "\(error)".contains("use a newer reuseformer"))
        }
    }
}
