/// A reader of foreign bytes, with the bytes as its only input.
///
/// The libFuzzer program (scripts/fuzz) gives it invented bytes; FuzzTests gives it those of `fixtures/fuzz`, among
/// them everything that once brought it down. A target ends in good order whatever the bytes are, within bounded
/// memory; it traps when a promise of the reader is broken.
package struct FuzzTarget: Sendable {
    /// Name of its folder in `fixtures/fuzz`.
    package let name: String
    /// Reads.
    package let run: @Sendable (UnsafeRawBufferPointer) -> Void

    init(_ name: String, _ run: @escaping @Sendable (UnsafeRawBufferPointer) -> Void) {
        self.name = name
        self.run = run
    }

    /// All targets.
    package static let all: [FuzzTarget] = [
        .index, .filters, .superblock, .userBlock, .manifest, .plan, .config, .spec, .tokenizerJSON, .vocabulary,
        .bytePairs, .sentencePiece, .tokenizerConfig, .kerasHubTokenizer, .numpyArchive, .numpyArray, .safetensors,
        .kerasModel, .kerasLayer, .archive, .shards, .picture, .preparation, .sentenceModules,
        .generation, .records,
    ]
}

/// Bytes that are taken from the front, a few at a time.
struct Intake {
    private(set) var rest: UnsafeRawBufferPointer.SubSequence

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

    /// The next byte; 0 when there is none.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// The next `count` bytes, or as many as there are.
    mutating func take(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// What stands before the next zero byte; the zero is taken too.
    mutating func upToZero() -> [UInt8] {
        let part = Array(rest.prefix { $0 != 0 })
        rest = rest.dropFirst(part.count + 1)
        return part
    }

    /// A little-endian number of that many bytes.
    mutating func number(bytes: Int) -> Int { take(bytes).reversed().reduce(0) { $0 << 8 | Int($1) } }

    /// Everything that is left.
    mutating func all() -> [UInt8] { take(rest.count) }
}
