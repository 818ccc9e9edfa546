import JSON
import Platform

/// What each key of a tokenizer's files means here: every one is used, harmless for a reason, or refused by name.
package enum TokenizerKeys {
    /// What becomes of a key.
    package enum Use: Sendable, Hashable {
        /// What it says is done.
        case used
        /// It cannot change a token; the reason.
        case harmless(String)
        /// Only these values are read, written as JSON; another one is refused.
        case only([String], String)
    }

    /// The keys of `tokenizer_config.json`.
    package static let configuration: [String: Use] = {
        var uses: [String: Use] = [:]
        func add(_ keys: String, _ use: Use) {
            for key in keys.split(separator: " ") { uses[String(key)] = use }
        }
        add("tokenizer_class do_lower_case strip_accents tokenize_chinese_chars add_prefix_space add_bos_token", .used)
        add("add_eos_token extra_ids clean_up_tokenization_spaces truncation_side model_max_length max_len", .used)
        add("pad_token mask_token unk_token cls_token sep_token bos_token eos_token", .used)
        add("additional_special_tokens extra_special_tokens added_tokens_decoder", .used)
        add("keep_accents split_by_punct legacy from_slow backend model_input_names", .used)
        add(
            "name_or_path _name_or_path special_tokens_map_file tokenizer_file added_tokens_file vocab_file merges_file "
                + "is_local local_files_only _commit_hash _is_local trust_remote_code transformers_version "
                + "use_auth_token token fast_tokenizer_files init_inputs local_rank device tokenizer_version",
            .harmless("says where files came from"))
        add("auto_map", .harmless("names code for other programs; the class is what tokenizer_class says"))
        add("use_fast tokenizer_type processor_class image_processor_type verbose", .harmless("names classes only"))
        add(
            "chat_template default_chat_template use_default_system_prompt response_schema add_generation_prompt "
                + "image_token audio_token video_token boi_token eoi_token image_token_id vision_bos_token "
                + "vision_eos_token model_specific_special_tokens",
            .harmless("concerns conversations, not the tokens of a text"))
        add(
            "padding_side pad_to_multiple_of pad_token_type_id padding max_length stride truncation "
                + "truncation_strategy max_seq_length return_tensors return_attention_mask",
            .harmless("texts are neither padded nor cut by it"))
        add(
            "errors trim_offsets spaces_between_special_tokens decode_with_prefix_space keep_newlines",
            .harmless("concerns decoding or offsets, not ids"))
        add(
            "do_basic_tokenize never_split remove_space wordpieces_prefix unk_id bos_token_id eos_token_id pad_token_id "
                + "unk_token_id cls_token_id sep_token_id mask_token_id vocab_size cls_token_type_id "
                + "gradient_checkpointing position_embedding_type hidden_size max_position_embeddings "
                + "return_special_tokens_mask return_token_type_ids cls_token_at_end",
            .harmless("the reference's class reads it from elsewhere, or not at all"))
        add(
            "language task predict_timestamps src_lang tgt_lang language_codes",
            .harmless("concerns speech and translation classes"))
        add("vocab_type", .only([#""spm""#, #""bpe""#, #""wordpiece""#], "the file of the vocabulary tells its kind"))
        add("sp_model_kwargs", .only(["an empty object"], "options of SentencePiece that draw tokens"))
        add("split_special_tokens", .only(["false"], "special tokens that are read as plain text"))
        add("fix_mistral_regex", .only(["false"], "another pattern than the file's own"))
        add("word_tokenizer_type", .only([#""basic""#], "words that come from another program"))
        add("subword_tokenizer_type", .only([#""wordpiece""#], "subwords that come from another program"))
        add("mecab_kwargs jumanpp_kwargs sudachi_kwargs", .only([], "words that come from another program"))
        return uses
    }()

    /// Refuses what a key of `tokenizer_config.json` asks for and is not done, by name and value.
    static func check(_ json: JSONField, ignoring ignored: Set<String>) throws(FileError) {
        for (key, value) in json.objectValue ?? [] where !value.isNull && !ignored.contains(key) {
            switch configuration[key] {
            case .used?, .harmless?: continue
            case .only(let known, let what)?:
                if known.contains(value.settingText) { continue }
                throw refusal(value, key, "it asks for \(what)")
            case nil:
                // Whatever is empty asks for nothing.
                if value.innerCount == 0, value.kind == .object || value.kind == .array { continue }
                throw refusal(value, key, "the key is neither used nor known to be harmless")
            }
        }
    }

    private static func refusal(_ value: JSONField, _ key: String, _ reason: String) -> FileError {
        .unsupported(
            file: value.file, field: key, found: "\(value.shortDescription) (\(reason))",
            remedy: "--ignore-config \(key.printable) passes over it")
    }
}

extension JSONField {
    /// A plain value as JSON, an empty object in words.
    fileprivate var settingText: String {
        kind == .object && innerCount == 0 ? "an empty object" : shortDescription
    }

    /// Refuses members of a step that are not read, by name and value.
    ///
    /// - Parameters:
    ///   - used: Keys that are read, `type` aside.
    ///   - harmless: Keys that cannot change a token: offsets, above all.
    func checkMembers(_ used: [String], harmless: [String] = []) throws(FileError) {
        for (key, value) in objectValue ?? [] where key != "type" && !value.isNull {
            if used.contains(key) || harmless.contains(key) { continue }
            throw .unsupported(
                file: file, field: value.location, found: "\(value.shortDescription) for the key “\(key.printable)”",
                remedy: "use a tokenizer without it, or convert the texts to ids elsewhere")
        }
    }
}
