/// Bounds on what a tokenizer file may ask for.
///
/// The largest published tokenizers have 262 144 tokens of 3 MiB together in 33 MiB of JSON; each bound lies well
/// above that and keeps the memory that a hostile file can claim below a gigabyte.
package enum Limits {
    /// Bytes of one file.
    package static let fileBytes = 128 << 20
    /// Tokens in a vocabulary; also one more than the largest id.
    package static let tokens = 4 << 20
    /// Bytes of one token.
    package static let tokenBytes = 4096
    /// Bytes of all tokens together.
    package static let vocabularyBytes = 15 << 20
    /// Steps of a chain of normalizers, pre-tokenizers or decoders.
    package static let chainSteps = 64
    /// JSON values that a chain is written with, nested chains included.
    package static let chainValues = 8192
    /// Bytes of a text that stands before, behind or in place of parts of a user's text.
    package static let affixBytes = 256
    /// Bytes that a mapped character may become; the longest in use has 33.
    package static let mappedBytes = 256
    /// Bytes that replacing may make of one token when decoding.
    package static let decodedTokenBytes = 1 << 20

    /// Bytes that normalizing may make of a text; steps that would pass it leave the text as it is. Known chains need
    /// 22 times a text's bytes at most (NFKC, then bytes as characters); a chain of replacements that double could
    /// otherwise fill any memory.
    package static func normalizedBytes(of byteCount: Int) -> Int { byteCount * 32 + 4096 }
    /// Entries in a post-processing template.
    package static let templatePieces = 256
    /// Characters of a regular expression.
    package static let patternCharacters = 4096
}
