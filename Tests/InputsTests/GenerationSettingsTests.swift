import Inputs
import ModelGraph
import Platform
import Testing

@Suite("What a model's files say about texts that it writes")
struct GenerationSettingsTests {
    private func settings(
        _ generation: String?, config: String = "{}", ignoring ignored: Set<String> = []
    ) -> GenerationSettings {
        var assets = ["config.json": Array(config.utf8)]
        if let generation { assets["generation_config.json"] = Array(generation.utf8) }
        return GenerationSettings(assets: assets, tokenizer: nil, ignoring: ignored)
    }

    @Test("every rule is read, from the file of its own or from the configuration of an older folder")
    func rules() {
        let text = #"""
            {"eos_token_id": [2, 3], "repetition_penalty": 1.5, "encoder_repetition_penalty": 2, "min_length": 4,
             "no_repeat_ngram_size": 3, "encoder_no_repeat_ngram_size": 2, "bad_words_ids": [[2], [5], [6, 7]],
             "sequence_bias": [[[1, 2], -3.5]], "forced_bos_token_id": 0, "forced_eos_token_id": 2,
             "suppress_tokens": [8, -1], "begin_suppress_tokens": [9], "remove_invalid_values": true,
             "exponential_decay_length_penalty": [10, 1.1], "max_length": 30, "max_new_tokens": 12}
            """#
        var rules = GenerationRules()
        rules.repetitionPenalty = 1.5
        rules.sourcePenalty = 2
        rules.minimumLength = 4
        rules.repeatedLength = 3
        rules.copiedLength = 2
        // An end alone is no forbidden word.
        rules.forbidden = [[5], [6, 7]]
        rules.biases = [.init(ids: [1, 2], value: -3.5)]
        rules.firstID = 0
        rules.lastIDs = [2]
        rules.suppressed = [8]
        rules.suppressedAtBeginning = [9]
        rules.replacesInvalid = true
        rules.endGrowth = .init(start: 10, factor: 1.1)
        for found in [settings(text), settings(nil, config: text)] {
            #expect(found.rules == rules && found.refusal == nil)
            #expect(found.endIDs == [2, 3] && found.maximumNewTokens == 12 && found.maximumLength == 30)
            #expect(found.notes.isEmpty && found.drawing.isEmpty)
        }
    }

    @Test("the file of its own counts alone; a mere copy gives way to a configuration that says more")
    func precedence() {
        let config = #"{"repetition_penalty": 1.3, "eos_token_id": 7, "transformers_version": "4.57.6"}"#
        #expect(settings(#"{"eos_token_id": 1}"#, config: config).rules.isEmpty)
        let copied = settings(#"{"_from_model_config": true, "eos_token_id": 1}"#, config: config)
        #expect(copied.rules.repetitionPenalty == 1.3 && copied.endIDs == [7])
        let newer = config.replacing("4.57.6", with: "5.24.0")
        #expect(settings(#"{"_from_model_config": true, "eos_token_id": 1}"#, config: newer).rules.isEmpty)
        #expect(settings(#"{"min_length": 2, "min_new_tokens": 3, "eos_token_id": 1}"#).rules.minimumLength == 0)
    }

    @Test("drawing and beams are told, and so is a file that names no end")
    func notes() {
        let found = settings(
            #"{"do_sample": true, "temperature": 0.7, "top_k": 20, "num_beams": 4, "early_stopping": true}"#)
        #expect(found.drawing == ["temperature 0.7", "top_k 20"])
        #expect(found.notes.contains { $0.contains("num_beams 4 (early_stopping true)") })
        #expect(found.notes.contains { $0.contains("eos_token_id") })
        #expect(settings(#"{"temperature": 0.7, "eos_token_id": 1}"#).drawing.isEmpty)
    }

    @Test("a speech model's language and task stand at the beginning, or it is said what is missing")
    func speech() {
        let model = #"{"model_type": "whisper", "decoder_start_token_id": 50}"#
        let forced = settings(
            #"{"forced_decoder_ids": [[1, 11], [2, 12]], "no_timestamps_token_id": 13, "eos_token_id": 1}"#,
            config: model)
        #expect(forced.forcedStart == [11, 12, 13] && forced.decoderStartID == 50 && forced.refusal == nil)
        let named = settings(
            #"""
            {"language": "de", "task": "translate", "lang_to_id": {"<|de|>": 21}, "eos_token_id": 1,
             "task_to_id": {"translate": 31, "transcribe": 32}, "is_multilingual": true}
            """#, config: model)
        #expect(named.forcedStart == [21, 31] && named.refusal == nil)
        let detected = settings(
            #"{"forced_decoder_ids": [[1, null], [2, 12]], "lang_to_id": {"<|de|>": 22, "<|en|>": 21}}"#, config: model)
        #expect(detected.forcedStart == [GenerationSettings.language, 12] && detected.languageIDs == [21, 22])
        let open = settings(#"{"forced_decoder_ids": [[1, null], [2, 12]]}"#, config: model)
        #expect(open.forcedStart == [12] && open.languageIDs.isEmpty)
        let older = settings("{}", config: #"{"model_type": "whisper", "forced_decoder_ids": [[1, 5]]}"#)
        #expect(older.forcedStart == [5])
        #expect(settings(#"{"return_timestamps": true}"#, config: model).refusal?.kind == .unsupported)
        #expect(settings(#"{"language": "xx", "lang_to_id": {}}"#, config: model).refusal?.kind == .unsupported)
        #expect(settings(#"{"forced_decoder_ids": [[1, 3]]}"#).refusal?.kind == .unsupported)
    }

    @Test(
        "what is not done is refused by key and value, unless it asks for nothing or is to be passed over",
        arguments: [
            (#"{"guidance_scale": 1.5}"#, "guidance_scale"), (#"{"penalty_alpha": 0.6}"#, "penalty_alpha"),
            (#"{"stop_strings": ["."]}"#, "stop_strings"), (#"{"a_new_key": 3}"#, "a_new_key"),
        ])
    func refused(text: String, key: String) {
        let error = settings(text).refusal
        #expect(error?.kind == .unsupported && error?.description.contains(key) == true)
        #expect(settings(text, ignoring: [key]).refusal == nil)
        #expect(
            settings(#"{"guidance_scale": 1.0, "use_cache": true, "pad_token_id": 3, "token_healing": false}"#)
                .refusal == nil)
    }

    @Test(
        "values of another kind are damaged files",
        arguments: [
            #"{"repetition_penalty": 0}"#, #"{"repetition_penalty": "1"}"#, #"{"min_length": -1}"#,
            #"{"no_repeat_ngram_size": 1.5}"#, #"{"bad_words_ids": [3]}"#, #"{"suppress_tokens": ["a"]}"#,
            #"{"exponential_decay_length_penalty": [1]}"#, #"{"sequence_bias": [[1, 2]]}"#, #"{"do_sample": 1}"#,
        ])
    func damaged(text: String) { #expect(settings(text).refusal?.kind == .corrupt) }
}
