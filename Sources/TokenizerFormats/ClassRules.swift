import JSON
import Platform
import Tokenization

/// What a class of the reference does beyond what `tokenizer.json` describes.
///
/// Generation 4 changes single settings of the steps that it finds; generation 5 builds the steps of its own classes
/// anew and takes vocabulary, character map and post-processor from the file.
struct ClassRules: Sendable {
    let config: TokenizerConfig

    private static let bertClasses: Set = [
        "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer",
        "LayoutLMTokenizer", "LxmertTokenizer", "SqueezeBertTokenizer", "FunnelTokenizer", "RetriBertTokenizer",
        "MPNetTokenizer", "RealmTokenizer", "DPRReaderTokenizer", "DPRQuestionEncoderTokenizer",
        "DPRContextEncoderTokenizer", "LayoutLMv2Tokenizer", "SplinterTokenizer",
    ]
    private static let classesWithPrefixSpace: Set = ["LayoutLMv3Tokenizer"]
    /// Classes for which generation 5 builds BERT's steps whatever the file says.
    private static let rebuiltBertClasses = bertClasses.subtracting([
        "ConvBertTokenizer", "RetriBertTokenizer", "RealmTokenizer", "LayoutLMv2Tokenizer", "SplinterTokenizer",
    ])
    /// Classes that generation 5 gives GPT-2's cut whatever the file says, with the space before a text that they add
    /// where nothing is said.
    private static let byteLevelClasses: [String: Bool] = [
        "GPT2Tokenizer": false, "RobertaTokenizer": false, "BartTokenizer": false, "LongformerTokenizer": false,
        "LEDTokenizer": false, "MvpTokenizer": false, "CodeGenTokenizer": false, "DebertaTokenizer": false,
        "GPTNeoXTokenizer": false, "BlenderbotTokenizer": true,
    ]
    /// Kinds of models whose files generation 5 takes as they are, whatever class they name.
    private static let plainModels: Set = [
        "phi3", "phimoe", "granite", "granitemoe", "mistral", "mixtral", "modernbert", "olmo2", "olmo3", "stablelm",
        "persimmon", "jamba", "glm", "glm4", "gpt_bigcode", "umt5", "xlm-roberta-xl", "nemotron", "nystromformer",
    ]

    /// The class's name, unless generation 5 would not use it for this kind of model.
    private var rebuiltClass: String? {
        guard config.release.isFive, let name = config.className else { return nil }
        if let kind = config.modelKind, Self.plainModels.contains(kind) { return nil }
        return name
    }

    /// Changes the steps of a `tokenizer.json` as the class does.
    func adopt(_ normalizer: inout Normalizer?, _ preTokenizer: inout PreTokenizer?, _ decoder: inout TokenDecoder?) {
        guard config.release.isFive else {
            adoptBert(&normalizer)
            return adoptPrefixSpace(&preTokenizer)
        }
        guard let name = rebuiltClass else { return }
        if Self.rebuiltBertClasses.contains(name) {
            let lowercases = config.lowercases ?? true
            normalizer = .bert(
                BertNormalizer(
                    cleansText: true, separatesIdeographs: config.separatesIdeographs ?? true,
                    stripsAccents: config.stripsAccents ?? lowercases, lowercases: lowercases))
            preTokenizer = .bert
        } else if let adds = Self.byteLevelClasses[name] {
            normalizer = name == "GPTNeoXTokenizer" ? .unicode(.nfc) : nil
            preTokenizer = .byteLevel(ByteLevel(addsPrefixSpace: config.addsPrefixSpace ?? adds, cutsWords: true))
        } else if name == "Qwen2Tokenizer", let steps = BytePairFiles.qwenSteps(config) {
            (normalizer, preTokenizer) = steps
        } else if preTokenizer?.spellsBytes != true,
            let steps = SentencePieceSteps(rebuilding: name, config, map: normalizer?.characterMap)
        {
            normalizer = steps.normalizer
            preTokenizer = steps.preTokenizer
            decoder = steps.decoder
        }
    }

    private func adoptBert(_ normalizer: inout Normalizer?) {
        guard case .bert(var step)? = normalizer else { return }
        if let name = config.className {
            // Another class does not look at these settings.
            guard Self.bertClasses.contains(name) else { return }
            step.lowercases = config.lowercases ?? true
            step.stripsAccents = config.stripsAccents ?? step.lowercases
            // One class does not pass this on.
            if name != "MPNetTokenizer" {
                step.separatesIdeographs = config.separatesIdeographs ?? true
            }
        } else {
            if let lowercases = config.lowercases, lowercases != step.lowercases {
                step.lowercases = lowercases
                step.stripsAccents = lowercases
            }
            step.stripsAccents = config.stripsAccents ?? step.stripsAccents
            step.separatesIdeographs = config.separatesIdeographs ?? step.separatesIdeographs
        }
        normalizer = .bert(step)
    }

    private func adoptPrefixSpace(_ preTokenizer: inout PreTokenizer?) {
        let fallback = config.className.map { Self.classesWithPrefixSpace.contains($0) }
        guard let adds = config.addsPrefixSpace ?? fallback else { return }
        switch preTokenizer {
        case .byteLevel(var step)?:
            step.addsPrefixSpace = adds
            preTokenizer = .byteLevel(step)
        case .metaspace(var step)? where config.addsPrefixSpace != nil && readsOlderFiles:
            // The reference reads the model file itself for this setting; the steps that it makes then are these.
            step.prependScheme = adds ? (config.isLegacy == false ? .first : .always) : .never
            preTokenizer = .metaspace(step)
        default: break
        }
    }

    /// Whether the vocabulary's own file counts beside a `tokenizer.json`: generation 4 asks Llama's for the space
    /// before a text.
    var readsOlderFiles: Bool {
        if config.prefersOlderFiles { return true }
        guard !config.release.isFive, config.addsPrefixSpace != nil else { return false }
        return ["LlamaTokenizer", "CodeLlamaTokenizer"].contains(config.className)
    }

    /// The mask of a class, which takes the spaces before it, where no file names one.
    var mask: AddedToken? {
        guard config.roles[.mask] == nil, let name = config.className else { return nil }
        let content: String
        switch name {
        case "AlbertTokenizer", "RemBertTokenizer", "BigBirdTokenizer", "DebertaTokenizer": content = "[MASK]"
        case "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer", "MvpTokenizer",
            "BlenderbotTokenizer", "XLMRobertaTokenizer", "CamembertTokenizer", "BarthezTokenizer", "MPNetTokenizer":
            content = "<mask>"
        default: return nil
        }
        let keepsInFive: Set = ["CamembertTokenizer", "MPNetTokenizer", "BlenderbotTokenizer"]
        guard !config.release.isFive || keepsInFive.contains(name) else { return nil }
        return AddedToken(content: Array(content.utf8), takesSpacesBefore: true)
    }

    // MARK: Tokens around a text

    /// Whether the class puts its own tokens at the ends of a text, and which when no file says it.
    private var frame: (beginning: Bool, end: Bool)? {
        switch config.className {
        case "LlamaTokenizer"?, "CodeLlamaTokenizer"?, "GemmaTokenizer"?, "CohereTokenizer"?: (true, false)
        case "GPTNeoXTokenizer"?: (false, false)
        default: nil
        }
    }

    /// Puts the tokens around a text that the class's flags ask for, over those of the file.
    ///
    /// - Parameter hasProcessor: Whether the file itself says which tokens stand around a text.
    /// - Returns: What to tell a user: both readings differ, and which was taken.
    func adoptFrame(_ parts: inout TokenizerParts, hasProcessor: Bool) throws(FileError) -> String? {
        guard let frame else { return nil }
        let asks = (config.addsBeginning ?? frame.beginning, config.addsEnd ?? frame.end)
        let framed = try Self.template(beginning: asks.0, end: asks.1, parts, config)
        let isFlagged = config.addsBeginning != nil || config.addsEnd != nil
        guard hasProcessor else {
            parts.template = framed
            return nil
        }
        let differs = framed.single != parts.template.single
        if config.release.isFive {
            if config.className == "GPTNeoXTokenizer" {
                parts.template = .plain
                return nil
            }
            guard differs, isFlagged else { return nil }
            return "add_bos_token and add_eos_token of tokenizer_config.json are not those of tokenizer.json, which "
                + "counts as in transformers 5 (\(config.release.reason))"
        }
        parts.template = framed
        guard differs else { return nil }
        return "add_bos_token and add_eos_token of tokenizer_config.json count, not the post_processor of "
            + "tokenizer.json, as in transformers 4 (\(config.release.reason))"
    }

    /// A beginning and an end around each text, of type 0 and 1.
    static func template(
        beginning: Bool, end: Bool, _ parts: TokenizerParts, _ config: TokenizerConfig
    ) throws(FileError) -> Template {
        var single: [Template.Part] = [.text(isSecond: false, typeID: 0)]
        var second: [Template.Part] = [.text(isSecond: true, typeID: 1)]
        if beginning {
            let id = try id(of: .bos, "add_bos_token", parts)
            single.insert(.special([id], typeID: 0), at: 0)
            second.insert(.special([id], typeID: 1), at: 0)
        }
        if end {
            let id = try id(of: .eos, "add_eos_token", parts)
            single.append(.special([id], typeID: 0))
            second.append(.special([id], typeID: 1))
        }
        return Template(single: single, pair: single + second)
    }

    private static func id(
        of role: SpecialRole, _ flag: String, _ parts: TokenizerParts
    ) throws(FileError) -> Int32 {
        if let id = parts.specialTokens[keyPath: role.keyPath] { return id }
        throw .malformed(
            file: "tokenizer_config.json", field: flag, reason: "no file names the \(role.rawValue)",
            remedy: "name it in tokenizer_config.json, or set the flag to false")
    }
}

extension PreTokenizer {
    /// Whether it writes bytes as characters somewhere.
    fileprivate var spellsBytes: Bool {
        switch self {
        case .byteLevel: true
        case .sequence(let steps): steps.contains(where: \.spellsBytes)
        default: false
        }
    }
}

extension Normalizer {
    /// The compiled character map in it.
    fileprivate var characterMap: CharacterMap? {
        switch self {
        case .precompiled(let map): map
        case .sequence(let steps): steps.lazy.compactMap(\.characterMap).first
        default: nil
        }
    }
}
