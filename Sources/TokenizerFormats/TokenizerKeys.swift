import JSON
import Platform

/// What each key of `tokenizer_config.json` means here: every one is used, harmless for a reason, or refused by name.
package enum TokenizerKeys {
    /// The file that they are about.
    package static let file = "tokenizer_config.json"

    private static let used: Set<String> = words(
        "tokenizer_class do_lower_case strip_accents tokenize_chinese_chars add_prefix_space add_bos_token "
            + "add_eos_token extra_ids clean_up_tokenization_spaces truncation_side model_max_length "
            + "max_len pad_token mask_token "
            + "unk_token cls_token sep_token bos_token eos_token additional_special_tokens extra_special_tokens "
            + "added_tokens_decoder keep_accents split_by_punct legacy from_slow backend model_input_names")

    private static let harmless: [KeyRule] = [
        rule(
            "name_or_path _name_or_path special_tokens_map_file tokenizer_file added_tokens_file vocab_file "
                + "merges_file is_local local_files_only _commit_hash _is_local trust_remote_code transformers_version "
                + "use_auth_token token fast_tokenizer_files init_inputs local_rank device tokenizer_version",
            "says where files came from"),
        rule("auto_map", "names code for other programs; the class is what tokenizer_class says"),
        rule("use_fast tokenizer_type processor_class image_processor_type verbose", "names classes only"),
        rule(
            "chat_template default_chat_template use_default_system_prompt response_schema add_generation_prompt "
                + "image_token audio_token video_token boi_token eoi_token image_token_id vision_bos_token "
                + "vision_eos_token model_specific_special_tokens",
            "concerns conversations, not the tokens of a text"),
        rule(
            "padding_side pad_to_multiple_of pad_token_type_id padding max_length stride truncation "
                + "truncation_strategy max_seq_length return_tensors return_attention_mask",
            "texts are neither padded nor cut by it"),
        rule(
            "errors trim_offsets spaces_between_special_tokens decode_with_prefix_space keep_newlines",
            "concerns decoding or offsets, not ids"),
        rule(
            "do_basic_tokenize never_split remove_space wordpieces_prefix unk_id bos_token_id eos_token_id "
                + "pad_token_id unk_token_id cls_token_id sep_token_id mask_token_id vocab_size cls_token_type_id "
                + "gradient_checkpointing position_embedding_type hidden_size max_position_embeddings "
                + "return_special_tokens_mask return_token_type_ids cls_token_at_end full_tokenizer_file "
                + "max_len_single_sentence max_len_sentences_pair padding_strategy return_overflowing_tokens "
                + "torch_dtype dtype use_cache mask_token_sent offset bos_id eos_id pad_id",
            "the reference's class reads it from elsewhere, or not at all"),
        rule("language task predict_timestamps src_lang tgt_lang language_codes", "concerns speech and translation"),
        rule(
            "vocab_type", "the file of the vocabulary tells its kind",
            at: [.string("spm"), .string("bpe"), .string("wordpiece")]),
        rule("sp_model_kwargs", "asks for nothing", at: [.object([:])]),
        rule("split_special_tokens fix_mistral_regex", "switched off", at: [.bool(false)]),
        rule("word_tokenizer_type", "words are cut as always", at: [.string("basic")]),
        rule("subword_tokenizer_type", "subwords are cut as always", at: [.string("wordpiece")]),
    ]

    private static let refused: [KeyRule] = [
        rule(
            "word_tokenizer_type subword_tokenizer_type mecab_kwargs jumanpp_kwargs sudachi_kwargs",
            "words that come from another program are not read"),
        rule("sp_model_kwargs", "options of SentencePiece that draw tokens are not done"),
        rule("split_special_tokens", "special tokens are never read as plain text"),
        rule("fix_mistral_regex", "another pattern than the file's own is not used"),
    ]

    private static func words(_ keys: String) -> Set<String> { Set(keys.split(separator: " ").map(String.init)) }

    private static func rule(_ keys: String, _ reason: String, at values: [JSONValue]? = nil) -> KeyRule {
        KeyRule(keys: words(keys).sorted(), values: values, reason: reason)
    }

    /// What becomes of each key of a document.
    package static func ledger(of document: JSONValue, ignoring ignored: Set<String>) -> KeyLedger {
        KeyLedger(
            of: document, in: file, used: used, harmless: harmless, refused: refused,
            waived: ignored.intersection(document.objectValue.map { Set($0.keys) } ?? []))
    }

    /// Refuses what a key asks for and is not done, by name and value.
    static func check(_ json: JSONField, ignoring ignored: Set<String>) throws(FileError) {
        if let error = ledger(of: JSONValue(json), ignoring: ignored).error(path: json.file) { throw error }
    }
}

extension JSONField {
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
