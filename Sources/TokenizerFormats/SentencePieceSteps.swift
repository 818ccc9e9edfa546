import Platform
import Tokenization

/// The steps that a family's class of the reference puts around a SentencePiece vocabulary.
struct SentencePieceSteps: Sendable {
    var normalizer: Normalizer?
    var preTokenizer: PreTokenizer?
    var decoder: TokenDecoder

    /// U+2581, which stands for a space.
    static let space = Array("\u{2581}".utf8)

    private init(_ normalizers: [Normalizer], _ preTokenizers: [PreTokenizer], _ decoder: TokenDecoder) {
        normalizer = normalizers.isEmpty ? nil : normalizers.count == 1 ? normalizers[0] : .sequence(normalizers)
        preTokenizer =
            preTokenizers.isEmpty ? nil : preTokenizers.count == 1 ? preTokenizers[0] : .sequence(preTokenizers)
        self.decoder = decoder
    }

    /// Expressions of ours, which always compile.
    private static func pattern(_ expression: String) -> Pattern {
        (try? Pattern(expression: expression)) ?? Pattern(literal: [0x20, 0x20])
    }

    private static let runsOfSpaces = pattern(" {2,}")
    private static let lineEnds = pattern(#"\s{2,}|[\n\r\t]"#)

    private static func metaspace(_ scheme: Metaspace.PrependScheme, cuts: Bool = true) -> PreTokenizer {
        .metaspace(Metaspace(replacement: space, prependScheme: scheme, cutsWords: cuts))
    }

    private static func decoder(_ scheme: Metaspace.PrependScheme) -> TokenDecoder {
        .metaspace(replacement: space, dropsFirst: scheme != .never)
    }

    /// Quotes, accents and case as ALBERT's authors cleaned them.
    private static func cleanUp(keepsAccents: Bool, lowercases: Bool) -> [Normalizer] {
        var steps: [Normalizer] = [
            .replace(Pattern(literal: Array("``".utf8)), with: Array("\"".utf8)),
            .replace(Pattern(literal: Array("''".utf8)), with: Array("\"".utf8)),
        ]
        if !keepsAccents { steps += [.unicode(.nfkd), .stripAccents] }
        if lowercases { steps.append(.lowercase) }
        return steps
    }

    // MARK: Generation 4

    /// XLM-RoBERTa, CamemBERT, T5.
    static func plain(map: CharacterMap?, _ scheme: Metaspace.PrependScheme) -> SentencePieceSteps {
        SentencePieceSteps(
            (map.map { [.precompiled($0)] } ?? [])
                + [.strip(left: false, right: true), .replace(runsOfSpaces, with: space)],
            [metaspace(scheme)], decoder(scheme))
    }

    /// ALBERT and FNet.
    static func albert(map: CharacterMap?, keepsAccents: Bool, lowercases: Bool) -> SentencePieceSteps {
        SentencePieceSteps(
            cleanUp(keepsAccents: keepsAccents, lowercases: lowercases) + (map.map { [.precompiled($0)] } ?? [])
                + [.replace(runsOfSpaces, with: [0x20])],
            [metaspace(.always)], decoder(.always))
    }

    /// DeBERTa's second and third version.
    static func deberta(map: CharacterMap?, lowercases: Bool, splitsAtPunctuation: Bool) -> SentencePieceSteps {
        SentencePieceSteps(
            (lowercases ? [.lowercase] : []) + [.strip(left: true, right: true)]
                + (map.map { [.precompiled($0)] } ?? []) + [.replace(runsOfSpaces, with: [0x20])],
            (splitsAtPunctuation ? [.punctuation(.isolated)] : []) + [metaspace(.always)], decoder(.always))
    }

    /// Llama. The old way puts a space before every stretch between special tokens, the new one before the text.
    static func llama(isLegacy: Bool, addsPrefixSpace: Bool) -> SentencePieceSteps {
        let joined: [TokenDecoder] = [.replace(Pattern(literal: space), with: [0x20]), .byteFallback, .fuse]
        let decoder = TokenDecoder.sequence(addsPrefixSpace ? joined + [.strip([0x20], start: 1, end: 0)] : joined)
        guard isLegacy else {
            return SentencePieceSteps([], [metaspace(addsPrefixSpace ? .first : .never, cuts: false)], decoder)
        }
        return SentencePieceSteps(
            (addsPrefixSpace ? [.prepend(space)] : []) + [.replace(Pattern(literal: [0x20]), with: space)], [],
            decoder)
    }

    /// Gemma, of both generations.
    static let gemma = SentencePieceSteps(
        [.replace(Pattern(literal: [0x20]), with: space)],
        [.split(Pattern(literal: [0x20]), .mergedWithPrevious, inverted: false)],
        .sequence([.replace(Pattern(literal: space), with: [0x20]), .byteFallback, .fuse]))

    // MARK: Generation 5

    /// What generation 5 builds for a class; `nil` for classes whose steps the file describes.
    init?(rebuilding name: String, _ config: TokenizerConfig, map: CharacterMap?) {
        let scheme: Metaspace.PrependScheme = config.addsPrefixSpace ?? true ? .always : .never
        let words: [PreTokenizer] = [.whitespaceSplit, Self.metaspace(scheme)]
        let mapped: [Normalizer] = map.map { [.precompiled($0)] } ?? []
        switch name {
        case "AlbertTokenizer":
            let steps = Self.cleanUp(
                keepsAccents: config.keepsAccents ?? false, lowercases: config.lowercases ?? true)
            self.init(steps + mapped, words, Self.decoder(scheme))
        case "T5Tokenizer", "MT5Tokenizer":
            self.init(mapped, [.whitespaceSplit, Self.metaspace(.always)], Self.decoder(.always))
        case "XLMRobertaTokenizer", "CamembertTokenizer":
            self.init(mapped, words, Self.decoder(scheme))
        case "DebertaV2Tokenizer":
            let start: Metaspace.PrependScheme = config.addsPrefixSpace ?? true ? .always : .first
            self.init(
                (config.lowercases ?? false ? [.lowercase] : [])
                    + [.replace(Self.lineEnds, with: [0x20]), .unicode(.nfc), .strip(left: false, right: true)],
                (config.splitsAtPunctuation ?? false ? [.punctuation(.isolated)] : []) + [Self.metaspace(start)],
                Self.decoder(start))
        case "LlamaTokenizer":
            let adds = config.addsPrefixSpace ?? true
            self = .llama(isLegacy: false, addsPrefixSpace: adds)
            if adds, config.isLegacy == true { preTokenizer = Self.metaspace(.always, cuts: false) }
        case "CodeLlamaTokenizer":
            self = .llama(isLegacy: false, addsPrefixSpace: config.addsPrefixSpace ?? true)
        case "GemmaTokenizer": self = .gemma
        default: return nil
        }
    }
}
