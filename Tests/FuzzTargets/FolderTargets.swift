import Checkpoints
import Inputs
import JSON
import ModelGraph

extension FuzzTarget {
    /// A folder of sentence-transformers: `modules.json`, the settings of a pooling, those of a dense layer, those of
    /// the transformer's texts and the folder's own, with zero bytes between. The transformer is a small BERT without
    /// weights.
    static let sentenceModules = FuzzTarget("sentence-modules") { bytes in
        var intake = Intake(bytes)
        let noWeights: [UInt8] = [2, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D]
        var files = ["config.json": Array(configuration.utf8), "model.safetensors": noWeights]
        let names = [
            "modules.json", "1_Pooling/config.json", "2_Dense/config.json", "sentence_bert_config.json",
            "config_sentence_transformers.json",
        ]
        for name in names {
            let part = intake.upToZero()
            if !part.isEmpty { files[name] = part }
        }
        withFolder(files) { path in
            guard let summary = try? Checkpoint.describe(path: path) else { return }
            precondition(summary.graph != nil || !summary.problems.isEmpty, "no model, and nothing is wrong")
        }
    }

    private static let configuration = #"""
        {"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 32,
         "intermediate_size": 16, "max_position_embeddings": 16, "architectures": ["BertModel"]}
        """#

    /// `generation_config.json`, a zero byte, `config.json`.
    static let generation = FuzzTarget("generation") { bytes in
        var intake = Intake(bytes)
        let own = intake.upToZero(), config = intake.all()
        var assets: [String: [UInt8]] = [:]
        if !own.isEmpty { assets["generation_config.json"] = own }
        if !config.isEmpty { assets["config.json"] = config }
        let settings = GenerationSettings(assets: assets, tokenizer: nil, ignoring: ["num_beams"])
        precondition((settings.maximumNewTokens ?? 0) >= 0 && (settings.maximumLength ?? 0) >= 0, "a negative length")
        if let document = try? JSONValue(parsing: own, file: "generation_config.json") {
            let ledger = GenerationKeys.ledger(of: document, ignoring: ["num_beams"])
            precondition(ledger.problems.count == ledger.refusals.count, "a refusal without a problem")
        }
    }

    /// A table, read as CSV, as TSV and as JSON Lines with its columns named.
    static let records = FuzzTarget("records") { bytes in
        for ending in ["csv", "tsv", "jsonl"] {
            withFile(Array(bytes), named: "table.\(ending)") { path in
                var columns = TableColumns()
                columns.texts = ["text"]
                columns.label = "label"
                guard var records = try? TextRecords(path: path, columns: columns, contents: .labelledTexts) else {
                    return
                }
                for _ in 0..<64 {
                    guard let record = try? records.next() else { break }
                    if case .fields(let fields) = record {
                        precondition(fields.count == 2, "another number of columns than was named")
                    }
                }
            }
        }
    }
}
