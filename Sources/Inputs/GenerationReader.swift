import JSON
import ModelGraph
import Platform

/// Reads one file's settings of generated texts.
struct GenerationReader {
    let file: String
    let json: JSONValue
    let ignored: Set<String>

    /// Lengths and places beyond this come from damaged files.
    private static let largest = 1 << 24

    /// A value that is there and is not to be passed over.
    subscript(key: String) -> JSONValue? {
        guard !ignored.contains(key), let value = json[key], !value.isNull else { return nil }
        return value
    }

    func corrupt(_ key: String, _ reason: String) -> FileError {
        FileError(.corrupt, path: file, "\"\(key)\" \(reason)")
    }

    func unsupported(_ key: String, _ value: JSONValue, _ reason: String) -> FileError {
        .unsupported(
            file: file, field: key, found: "\(value.shortDescription) (\(reason))",
            remedy: "--ignore-config \(key.printable) passes over it")
    }

    /// An id or a list of them; empty for anything else.
    func ids(_ key: String) -> [Int32] {
        guard let value = self[key] else { return [] }
        return (value.arrayValue ?? [value]).compactMap { $0.intValue.flatMap { Int32(exactly: $0) } }
    }

    /// An id or a list of them.
    func idList(_ key: String) throws(FileError) -> [Int32] {
        guard let value = self[key] else { return [] }
        let list = value.arrayValue ?? [value]
        let ids = ids(key)
        guard ids.count == list.count else { throw corrupt(key, "is no list of token ids") }
        return ids
    }

    func flag(_ key: String) throws(FileError) -> Bool {
        guard let value = self[key] else { return false }
        guard let flag = value.boolValue else { throw corrupt(key, "is neither true nor false") }
        return flag
    }

    /// A whole number that is not negative.
    func count(_ key: String) throws(FileError) -> Int? {
        guard let value = self[key] else { return nil }
        guard let number = value.intValue, (0...Self.largest).contains(number) else {
            throw corrupt(key, "is no number of 0…\(Self.largest)")
        }
        return number
    }

    /// A factor above 0; 1 where nothing is said.
    func penalty(_ key: String) throws(FileError) -> Float {
        guard let value = self[key] else { return 1 }
        guard let number = value.doubleValue, number > 0, number.isFinite, Float(number).isNormal else {
            throw corrupt(key, "is no number above 0")
        }
        return Float(number)
    }

    /// Lists of ids.
    func sequences(_ key: String) throws(FileError) -> [[Int32]] {
        guard let value = self[key] else { return [] }
        var result: [[Int32]] = []
        for entry in value.arrayValue ?? [.null] {
            guard let list = entry.arrayValue, !list.isEmpty else { throw corrupt(key, "is no list of lists of ids") }
            let ids = list.compactMap { $0.intValue.flatMap { Int32(exactly: $0) } }
            guard ids.count == list.count else { throw corrupt(key, "is no list of lists of ids") }
            result.append(ids)
        }
        return result
    }

    /// `[[[ids], bias], …]`.
    func biases(_ key: String) throws(FileError) -> [GenerationRules.Bias] {
        guard let value = self[key] else { return [] }
        var result: [GenerationRules.Bias] = []
        for entry in value.arrayValue ?? [.null] {
            guard let pair = entry.arrayValue, pair.count == 2, let list = pair[0].arrayValue, !list.isEmpty,
                let bias = pair[1].doubleValue
            else { throw corrupt(key, "is no list of ids with a number each") }
            let ids = list.compactMap { $0.intValue.flatMap { Int32(exactly: $0) } }
            guard ids.count == list.count else { throw corrupt(key, "is no list of ids with a number each") }
            result.append(GenerationRules.Bias(ids: ids, value: Float(bias)))
        }
        return result
    }

    /// `[start, factor]`.
    func endGrowth(_ key: String) throws(FileError) -> GenerationRules.EndGrowth? {
        guard let value = self[key] else { return nil }
        guard let pair = value.arrayValue, pair.count == 2, let start = pair[0].intValue,
            (0...Self.largest).contains(start), let factor = pair[1].doubleValue, factor > 0, factor.isFinite
        else { throw corrupt(key, "is no start and factor") }
        return GenerationRules.EndGrowth(start: start, factor: factor)
    }

    /// Keys among some that are there, with their values, in words.
    func asked(_ keys: [String]) -> [String] {
        keys.compactMap { key in self[key].map { "\(key) \($0.shortDescription)" } }
    }
}

/// What each key of `generation_config.json` means here: every one is used, harmless for a reason, or refused by name.
package enum GenerationKeys {
    /// Keys that count only where tokens are drawn.
    static let drawing = [
        "temperature", "top_k", "top_p", "min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff",
    ]

    private static let used: Set<String> = Set(
        drawing + [
            "eos_token_id", "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id",
            "forced_decoder_ids", "suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "sequence_bias",
            "repetition_penalty", "encoder_repetition_penalty", "no_repeat_ngram_size",
            "encoder_no_repeat_ngram_size", "min_length", "min_new_tokens", "max_length", "max_new_tokens",
            "exponential_decay_length_penalty", "remove_invalid_values", "do_sample", "num_beams", "num_beam_groups",
            "diversity_penalty", "length_penalty", "early_stopping", "language", "task", "lang_to_id", "task_to_id",
            "no_timestamps_token_id", "return_timestamps", "bos_token_id",
        ])

    private static let harmless: [KeyRule] = {
        func rule(_ keys: String, _ reason: String, at values: [JSONValue]? = nil) -> KeyRule {
            KeyRule(keys: keys.split(separator: " ").map(String.init), values: values, reason: reason)
        }
        return [
            rule("pad_token_id", "texts are not padded"),
            rule(
                "_from_model_config transformers_version _commit_hash trust_remote_code",
                "says where the file came from"),
            rule(
                "output_attentions output_hidden_states output_scores output_logits return_dict_in_generate "
                    + "num_return_sequences return_token_timestamps return_segments",
                "says what else is returned"),
            rule(
                "use_cache cache_implementation cache_config return_legacy_cache low_memory disable_compile "
                    + "compile_config prefill_chunk_size continuous_batching_config use_model_defaults use_mtp "
                    + "mtp_num_draft_tokens",
                "changes the speed only"),
            rule(
                "is_assistant num_assistant_tokens num_assistant_tokens_schedule assistant_confidence_threshold "
                    + "assistant_early_exit assistant_lookbehind target_lookbehind prompt_lookup_num_tokens "
                    + "max_matching_ngram_size speculator_config",
                "other models propose tokens, which the model itself accepts or not"),
            rule("renormalize_logits", "keeps the order of the scores"),
            rule(
                "alignment_heads median_filter_width max_initial_timestamp_index prev_sot_token_id is_multilingual "
                    + "condition_on_prev_tokens logprob_threshold no_speech_threshold compression_ratio_threshold "
                    + "num_segment_frames",
                "concerns times of speech, which are not written"),
            rule("chat_format user_token_id assistant_token_id", "concerns conversations"),
            rule("guidance_scale", "asks for nothing", at: [.integer(1)]),
            rule("penalty_alpha", "asks for nothing", at: [.integer(0)]),
            rule("token_healing", "switched off", at: [.bool(false)]),
        ]
    }()

    private static let refused: [KeyRule] = [
        KeyRule(
            keys: [
                "guidance_scale", "penalty_alpha", "token_healing", "watermarking_config", "dola_layers",
                "stop_strings", "max_time", "force_words_ids", "constraints",
            ],
            reason: "it changes what is written and is not done")
    ]

    /// What becomes of each key of `generation_config.json`.
    package static func ledger(of document: JSONValue, ignoring ignored: Set<String>) -> KeyLedger {
        KeyLedger(
            of: document, in: "generation_config.json", used: used, harmless: harmless, refused: refused,
            waived: ignored.intersection(document.objectValue.map { Set($0.keys) } ?? []))
    }

    /// Refuses keys of `generation_config.json` that ask for what is not done.
    static func check(_ reader: GenerationReader) throws(FileError) {
        if let error = ledger(of: reader.json, ignoring: reader.ignored).error(path: reader.file) { throw error }
    }

    /// Whether `config.json` names a release of transformers at or above a generation.
    static func namesRelease(_ generation: Int, _ config: JSONValue) -> Bool {
        let number = config["transformers_version"]?.stringValue.flatMap { Int($0.prefix { $0.isNumber }) }
        return number.map { $0 >= generation } ?? false
    }

    /// Whether a model's configuration has settings of generation that are not the usual ones.
    static func asksForSomething(_ config: JSONValue) -> Bool {
        let usual: [String: [JSONValue]] = [
            "max_length": [.integer(20)], "min_length": [.integer(0)], "do_sample": [.bool(false)],
            "early_stopping": [.bool(false)], "num_beams": [.integer(1)], "temperature": [.integer(1)],
            "top_k": [.integer(50)], "top_p": [.integer(1)], "typical_p": [.integer(1)],
            "repetition_penalty": [.integer(1)], "length_penalty": [.integer(1)],
            "no_repeat_ngram_size": [.integer(0)], "encoder_no_repeat_ngram_size": [.integer(0)],
            "bad_words_ids": [], "forced_bos_token_id": [], "forced_eos_token_id": [],
            "remove_invalid_values": [.bool(false)], "exponential_decay_length_penalty": [], "suppress_tokens": [],
            "begin_suppress_tokens": [], "num_beam_groups": [.integer(1)], "diversity_penalty": [.integer(0)],
        ]
        return usual.contains { key, values in
            guard let value = config[key], !value.isNull else { return false }
            return !values.contains { $0 == value || ($0.doubleValue != nil && $0.doubleValue == value.doubleValue) }
        }
    }
}
