/// Bounds on what a tokenizer file may ask for.
///
/// The largest published tokenizers have 262 144 tokens of 3 MiB together in 33 MiB of JSON; each bound leaves room
/// above that and keeps the memory that a hostile file can claim below a gigabyte.
enum Limits {
    /// Bytes of one file.
    static let fileBytes = 128 << 20
    /// Values (numbers, strings, lists, objects) in one JSON file.
    static let jsonValues = 8 << 20
    /// Nesting of JSON lists and objects.
    static let jsonDepth = 64
    /// Tokens in a vocabulary; also one more than the largest id.
    static let tokens = 4 << 20
    /// Bytes of one token.
    static let tokenBytes = 4096
    /// Bytes of all tokens together.
    static let vocabularyBytes = 15 << 20
    /// Steps of a chain of normalizers, pre-tokenizers or decoders, nested ones included.
    static let chainSteps = 64
    /// Entries in a post-processing template.
    static let templatePieces = 256
    /// Characters of a regular expression.
    static let patternCharacters = 4096
}
