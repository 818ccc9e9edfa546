import Files
import JSON
import ModelGraph
import Platform
import WeightFiles

/// What a sentence-transformers folder says of texts, from `sentence_bert_config.json` beside the transformer and
/// `config_sentence_transformers.json` beside `modules.json`.
struct SentenceTexts: Sendable {
    var traits = SentenceTraits()
    /// Whether the folder is a cross-encoder's: it scores pairs of texts and makes no embeddings.
    private(set) var isCrossEncoder = false
    /// What makes scores of a cross-encoder's logits; `nil` where the folder does not say it.
    private(set) var pairActivation: Activation?
    /// The files that were read.
    private(set) var files: [(name: String, file: MappedFile)] = []
    /// What became of their keys.
    private(set) var ledgers: [KeyLedger] = []

    /// Names of the transformer's settings in all releases; the first one that is there counts.
    private static let settingsNames = [
        "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
        "sentence_camembert_config.json", "sentence_albert_config.json", "sentence_xlm-roberta_config.json",
        "sentence_xlnet_config.json",
    ]
    private static let folderName = "config_sentence_transformers.json"

    /// - Parameter waived: Keys that the caller does not want to count.
    init(_ folder: CheckpointFolder, waived: Set<String>) throws(FileError) {
        if let name = Self.settingsNames.first(where: { folder.exists($0) }) {
            var object = try open(folder.entry(name), folder, waived)
            try readTransformer(&object)
            ledgers.append(try object.finish())
        }
        if folder.exists(folder.rootEntry(Self.folderName)) {
            var object = try open(folder.rootEntry(Self.folderName), folder, waived)
            try readFolder(&object)
            ledgers.append(try object.finish())
        }
        // Where the folder does not say it, the tokenizer's own limit holds; the model's holds in any case.
        if traits.maximumTokens == nil, folder.exists("tokenizer_config.json") {
            let limit = try folder.document(folder.entry("tokenizer_config.json"))["model_max_length"]
            traits.maximumTokens = limit?.intValue.flatMap { (1...1 << 30).contains($0) ? $0 : nil }
        }
    }

    private mutating func open(
        _ entry: FileEntry, _ folder: CheckpointFolder, _ waived: Set<String>
    ) throws(FileError) -> AccountedObject {
        let file = try folder.file(entry)
        files.append((entry.name, file))
        return try AccountedObject(
            try folder.document(entry), name: entry.name, path: entry.path, waived: waived)
    }

    /// `sentence_bert_config.json`.
    private mutating func readTransformer(_ object: inout AccountedObject) throws(FileError) {
        traits.maximumTokens = try object.count("max_seq_length")
        traits.isLowerCase = try object.flag("do_lower_case") ?? false
        for arguments in ["model_args", "model_kwargs", "config_args", "config_kwargs", "tokenizer_args"] {
            object.setAside(
                "\(arguments).trust_remote_code", "\(arguments).cache_dir", "\(arguments).revision",
                "\(arguments).token", "\(arguments).local_files_only", because: "it says where files come from")
            object.setAside(
                "\(arguments).torch_dtype", "\(arguments).dtype", because: "everything is computed in float32")
            object.setAside("\(arguments).attn_implementation", because: "all of them compute the same")
        }
        for arguments in ["tokenizer_args", "processor_kwargs"] {
            let limit = try object.count("\(arguments).model_max_length")
            traits.maximumTokens = traits.maximumTokens ?? limit
        }
        switch try object.text("transformer_task") {
        case nil, "feature-extraction"?: break
        case "sequence-classification"?: isCrossEncoder = true
        case let task?: throw object.unsupported("transformer_task", .string(task))
        }
        let wanted = isCrossEncoder ? ["logits"] : ["last_hidden_state"]
        // Other kinds of inputs than texts are not asked for.
        if let value = object.take("modality_config") {
            guard let text = value["text"], text["method"]?.stringValue ?? "forward" == "forward",
                wanted.contains(text["method_output_name"]?.stringValue ?? wanted[0])
            else { throw object.unsupported("modality_config", value) }
        }
        let output = isCrossEncoder ? "scores" : "token_embeddings"
        if let name = try object.text("module_output_name"), name != output {
            throw object.unsupported("module_output_name", .string(name))
        }
        object.setAside("architecture", because: "config.json says it")
        if let isOn = try object.flag("mask_prompt"), isOn { throw object.unsupported("mask_prompt", .bool(true)) }
    }

    /// `config_sentence_transformers.json`.
    private mutating func readFolder(_ object: inout AccountedObject) throws(FileError) {
        object.setAside("__version__", because: "it says who wrote the folder")
        object.setAside("similarity_fn_name", because: "it says how embeddings are compared once they are made")
        switch try object.text("model_type") {
        case nil, "SentenceTransformer"?: break
        case "CrossEncoder"?: isCrossEncoder = true
        case let type?: throw object.unsupported("model_type", .string(type))
        }
        if let name = try object.text("activation_fn") {
            guard let function = TorchActivation.function(name) else {
                throw object.unsupported("activation_fn", .string(name))
            }
            pairActivation = function
        }
        if let value = object.take("prompts") {
            guard let prompts = value.objectValue else { throw object.unsupported("prompts", value) }
            for (name, prompt) in prompts where !prompt.isNull {
                guard let text = prompt.stringValue else { throw object.unsupported("prompts", prompt) }
                traits.prompts[name] = text
            }
        }
        if let name = try object.text("default_prompt_name") {
            guard traits.prompts[name] != nil else {
                throw FileError(
                    .corrupt, path: object.path,
                    "\"default_prompt_name\" is \"\(name.printable)\", and \"prompts\" has no such name")
            }
            traits.defaultPrompt = name
        }
    }
}
