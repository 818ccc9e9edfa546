import JSON
import Platform

/// The class of the reference library that reads a folder's tokenizer files, and where that is said.
///
/// `tokenizer_config.json` names it, else `config.json`, else it follows from the kind of model. File names say
/// nothing: four families keep their vocabulary in a `spiece.model`, three in a `sentencepiece.bpe.model`.
struct TokenizerClass: Sendable, Hashable {
    /// The name without the ending `Fast`, such as `BertTokenizer`.
    let name: String
    /// File that says so.
    let file: String
    /// Its key: `tokenizer_class`, or `model_type` where only the kind of model is known.
    let key: String

    /// The class that the files speak for; `nil` when nothing does.
    init?(configuration: JSONField?, model: JSONField?) throws(FileError) {
        for json in [configuration, model] {
            guard let json, json.kind == .object, let name = try json.string("tokenizer_class") else { continue }
            self.init(name: name, file: json.file, key: "tokenizer_class")
            return
        }
        guard let model, model.kind == .object, let kind = try model.string("model_type"),
            let name = Self.classesByModel[kind]
        else { return nil }
        self.init(name: name, file: model.file, key: "model_type")
    }

    init(name: String, file: String, key: String) {
        self.name = name.hasSuffix("Fast") ? String(name.dropLast(4)) : name
        self.file = file
        self.key = key
    }

    /// Whether its texts are cut by code of the library that no file describes: MeCab's words, characters of a word …
    var isCodeOnly: Bool { Self.codeOnly.contains(name) }

    /// Whether it is a class of the library whose steps `tokenizer.json` describes.
    var isDescribed: Bool { Self.described.contains(name) }

    /// What is said of a class that cannot be read here.
    func unsupported(_ found: String, remedy: String) -> FileError {
        .unsupported(file: file, field: key, found: "the tokenizer “\(name.printable)”\(found)", remedy: remedy)
    }

    /// Kinds of models (`model_type`) and their class where no file names one.
    ///
    /// Source: the table of `AutoTokenizer` in transformers 4.57.
    private static let classesByModel: [String: String] = {
        let kinds: [String: String] = [
            "BertTokenizer": "bert ernie megatron-bert nezha qdqbert nomic_bert",
            "DistilBertTokenizer": "distilbert", "ElectraTokenizer": "electra", "MobileBertTokenizer": "mobilebert",
            "ConvBertTokenizer": "convbert", "LayoutLMTokenizer": "layoutlm", "LxmertTokenizer": "lxmert",
            "SqueezeBertTokenizer": "squeezebert", "FunnelTokenizer": "funnel", "RetriBertTokenizer": "retribert",
            "RoFormerTokenizer": "roformer", "MPNetTokenizer": "mpnet", "DebertaTokenizer": "deberta",
            "AlbertTokenizer": "albert nystromformer yoso", "FNetTokenizer": "fnet",
            "RemBertTokenizer": "rembert", "BigBirdTokenizer": "big_bird", "XLNetTokenizer": "xlnet",
            "RobertaTokenizer": "roberta roberta-prelayernorm data2vec-text ibert mega mra",
            "BartTokenizer": "bart", "LongformerTokenizer": "longformer", "LEDTokenizer": "led",
            "MvpTokenizer": "mvp", "BlenderbotTokenizer": "blenderbot",
            "CamembertTokenizer": "camembert", "BarthezTokenizer": "barthez",
            "XLMRobertaTokenizer": "xlm-roberta xlm-roberta-xl xmod", "XGLMTokenizer": "xglm",
            "DebertaV2Tokenizer": "deberta-v2", "T5Tokenizer": "t5 longt5 switch_transformers umt5",
            "MT5Tokenizer": "mt5", "PegasusTokenizer": "pegasus pegasus_x bigbird_pegasus",
            "GPT2Tokenizer": "gpt2 gptj gpt_neo gpt_bigcode opt granite granitemoe starcoder2 olmo3",
            "GPTNeoXTokenizer": "gpt_neox mpt olmo olmo2 stablelm", "BloomTokenizer": "bloom",
            "CodeGenTokenizer": "codegen phi", "CLIPTokenizer": "clip clip_text_model",
            "LlamaTokenizer": "llama mistral mixtral phi3 phimoe persimmon jamba", "CodeLlamaTokenizer": "code_llama",
            "GemmaTokenizer": "gemma gemma2 gemma3 gemma3_text t5gemma", "CohereTokenizer": "cohere cohere2",
            "Qwen2Tokenizer": "qwen2 qwen2_moe qwen3 qwen3_moe", "WhisperTokenizer": "whisper",
            "PreTrainedTokenizer": "falcon modernbert smollm3 glm glm4 nemotron gpt_oss",
            "BertJapaneseTokenizer": "bert-japanese", "SiglipTokenizer": "siglip siglip_text_model",
            "EsmTokenizer": "esm", "ByT5Tokenizer": "byt5", "CanineTokenizer": "canine", "XLMTokenizer": "xlm",
            "FlaubertTokenizer": "flaubert", "CTRLTokenizer": "ctrl", "PhobertTokenizer": "phobert",
            "BertweetTokenizer": "bertweet", "MarianTokenizer": "marian", "M2M100Tokenizer": "m2m_100",
            "LukeTokenizer": "luke", "ErnieMTokenizer": "ernie_m", "ProphetNetTokenizer": "prophetnet",
            "TransfoXLTokenizer": "transfo-xl", "BertGenerationTokenizer": "bert-generation",
            "GPTSw3Tokenizer": "gpt-sw3", "RoCBertTokenizer": "roc_bert",
        ]
        var result: [String: String] = [:]
        for (name, models) in kinds { for model in models.split(separator: " ") { result[String(model)] = name } }
        return result
    }()

    /// Classes written in Python only.
    private static let codeOnly: Set = [
        "BertJapaneseTokenizer", "SiglipTokenizer", "EsmTokenizer", "ByT5Tokenizer", "CanineTokenizer", "XLMTokenizer",
        "FlaubertTokenizer", "CTRLTokenizer", "PhobertTokenizer", "BertweetTokenizer", "MarianTokenizer",
        "M2M100Tokenizer", "LukeTokenizer", "MLukeTokenizer", "ErnieMTokenizer", "ProphetNetTokenizer",
        "XLMProphetNetTokenizer", "TransfoXLTokenizer", "BertGenerationTokenizer", "GPTSw3Tokenizer",
        "RoCBertTokenizer", "BioGptTokenizer", "BartphoTokenizer", "BlenderbotSmallTokenizer", "ClvpTokenizer",
        "CpmAntTokenizer", "FSMTTokenizer", "GPTNeoXJapaneseTokenizer", "GPTSanJapaneseTokenizer", "JukeboxTokenizer",
        "MgpstrTokenizer", "MyT5Tokenizer", "PerceiverTokenizer", "PLBartTokenizer", "RagTokenizer",
        "Speech2TextTokenizer", "Speech2Text2Tokenizer", "SpeechT5Tokenizer", "TapasTokenizer", "TapexTokenizer",
        "VitsTokenizer", "Wav2Vec2CTCTokenizer", "Wav2Vec2PhonemeCTCTokenizer", "DiaTokenizer",
        "MistralCommonTokenizer", "MistralCommonBackend",
    ]

    /// Classes over the `tokenizers` library, those of `classesByModel` among them.
    private static let described: Set<String> = Set(classesByModel.values).subtracting(codeOnly).union([
        "PreTrainedTokenizer", "TokenizersBackend", "PythonBackend", "CpmTokenizer", "HerbertTokenizer",
        "LayoutLMv2Tokenizer", "LayoutLMv3Tokenizer", "LayoutXLMTokenizer", "MarkupLMTokenizer", "MBartTokenizer",
        "MBart50Tokenizer", "NllbTokenizer", "OpenAIGPTTokenizer", "RealmTokenizer", "ReformerTokenizer",
        "SeamlessM4TTokenizer", "SplinterTokenizer", "UdopTokenizer", "DPRReaderTokenizer",
        "DPRQuestionEncoderTokenizer", "DPRContextEncoderTokenizer", "NougatTokenizer", "ParakeetTokenizer",
        "MoshiTokenizer", "EsmcTokenizer",
    ])
}

/// The generation of the reference library whose reading of the files counts, where two read them differently.
struct TokenizerRelease: Sendable, Hashable {
    enum Generation: Int, Sendable { case four = 4, five = 5 }

    let generation: Generation
    /// What speaks for it, for messages.
    let reason: String

    /// Generation 5 writes `backend` into `tokenizer_config.json`, and its number into `config.json` as every
    /// release does. Files that name neither are read as generation 4 does.
    init(configuration: JSONField?, model: JSONField?) throws(FileError) {
        if let configuration, configuration.kind == .object, try configuration.optional("backend") != nil {
            self.init(.five, "\(configuration.file) names a backend")
            return
        }
        if let model, model.kind == .object, let field = try model.optional("transformers_version"),
            let version = field.stringValue
        {
            let major = Int(version.prefix { $0.isNumber }) ?? 4
            self.init(major >= 5 ? .five : .four, "\(model.file) names transformers \(version.printable)")
            return
        }
        self.init(.four, "no file names the release of transformers")
    }

    init(_ generation: Generation, _ reason: String) {
        self.generation = generation
        self.reason = reason
    }

    var isFive: Bool { generation == .five }
}
