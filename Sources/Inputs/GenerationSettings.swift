import JSON
import ModelGraph
import Platform
import Tokenization

/// What a model's configuration says about generated texts.
package struct GenerationSettings: Sendable, Hashable {
    /// The id that a decoder's target starts with; `nil` for models without.
    package private(set) var decoderStartID: Int32?
    /// Ids that follow it before anything is written: language and task of a speech model.
    /// ``language`` stands for the language that is to be detected among `languageIDs`.
    package private(set) var forcedStart: [Int32] = []
    /// Ids of languages, of a speech model whose files name none; empty otherwise.
    package private(set) var languageIDs: [Int32] = []
    /// Ids that end a text.
    package private(set) var endIDs: Set<Int32> = []
    /// What is asked of the tokens.
    package private(set) var rules = GenerationRules()
    /// New tokens at most; `nil`: the file gives no such number.
    package private(set) var maximumNewTokens: Int?
    /// Tokens at most, those that a text goes on from counted; `nil`: the file gives no such number.
    package private(set) var maximumLength: Int?
    /// What is asked for and done in another way, a sentence each.
    package private(set) var notes: [String] = []
    /// What is asked for only where tokens are drawn, in words; empty where the file does not ask for drawing.
    package private(set) var drawing: [String] = []
    /// Why no text can be written; `nil` where nothing stands against it.
    package private(set) var refusal: FileError?

    /// What stands in `forcedStart` for a language that is to be detected.
    package static let language: Int32 = -1

    /// Name of the file that counts.
    private var file = "config.json"

    /// Reads `generation_config.json`, or what older folders keep in `config.json` instead.
    ///
    /// - Parameters:
    ///   - assets: Contents by file name. Files that cannot be read say nothing: their errors have been reported
    ///     where the model was read.
    ///   - tokenizer: For what neither file says.
    ///   - ignored: Keys that are passed over.
    package init(assets: [String: [UInt8]], tokenizer: Tokenizer?, ignoring ignored: Set<String> = []) {
        func document(_ name: String) -> JSONValue? {
            assets[name].flatMap { try? Document.decode(JSONValue.self, from: $0) }
        }
        let config = document("config.json")
        let own = document("generation_config.json")
        let model = config?["model_type"]?.stringValue
        let isCopy = own?["_from_model_config"]?.boolValue == true
        var settings = own ?? config ?? .null
        if own != nil { file = "generation_config.json" }
        // A file that was only copied from the configuration gives way to what that says by now.
        if isCopy, let config, !GenerationKeys.namesRelease(5, config), GenerationKeys.asksForSomething(config) {
            settings = config
            file = "config.json"
        }
        let reader = GenerationReader(file: file, json: settings, ignored: ignored)
        do throws(FileError) {
            try read(reader, model: model, config: config)
            if own != nil, file != "config.json" { try GenerationKeys.check(reader) }
        } catch {
            refusal = error
        }
        let start = reader.ids("decoder_start_token_id").first
        decoderStartID = start ?? config?["decoder_start_token_id"]?.intValue.flatMap { Int32(exactly: $0) }
        if decoderStartID == nil, config?["is_encoder_decoder"]?.boolValue == true {
            decoderStartID = reader.ids("bos_token_id").first
        }
        readEnds(reader, tokenizer, hasOwnFile: own != nil)
    }

    private mutating func readEnds(_ reader: GenerationReader, _ tokenizer: Tokenizer?, hasOwnFile: Bool) {
        endIDs = Set(reader.ids("eos_token_id"))
        guard endIDs.isEmpty else { return }
        if hasOwnFile {
            notes.append("\(file) names no eos_token_id: only the limit ends a text")
        } else if let end = tokenizer?.specialTokens.eos ?? tokenizer?.specialTokens.sep {
            endIDs = [end]
        }
    }

    private mutating func read(
        _ reader: GenerationReader, model: String?, config: JSONValue?
    ) throws(FileError) {
        rules.repetitionPenalty = try reader.penalty("repetition_penalty")
        rules.sourcePenalty = try reader.penalty("encoder_repetition_penalty")
        rules.repeatedLength = try reader.count("no_repeat_ngram_size") ?? 0
        rules.copiedLength = try reader.count("encoder_no_repeat_ngram_size") ?? 0
        rules.minimumLength = try reader.count("min_length") ?? 0
        rules.minimumNewTokens = try reader.count("min_new_tokens") ?? 0
        // Of both the new tokens count.
        if rules.minimumNewTokens > 0 { rules.minimumLength = 0 }
        maximumNewTokens = try reader.count("max_new_tokens")
        maximumLength = try reader.count("max_length")
        rules.firstID = try reader.idList("forced_bos_token_id").first
        rules.lastIDs = try reader.idList("forced_eos_token_id")
        rules.suppressed = try reader.idList("suppress_tokens").filter { $0 >= 0 }
        rules.suppressedAtBeginning = try reader.idList("begin_suppress_tokens").filter { $0 >= 0 }
        rules.replacesInvalid = try reader.flag("remove_invalid_values")
        let ends = Set(reader.ids("eos_token_id"))
        rules.forbidden = try reader.sequences("bad_words_ids").filter { $0.count != 1 || !ends.contains($0[0]) }
        rules.biases = try reader.biases("sequence_bias")
        rules.endGrowth = try reader.endGrowth("exponential_decay_length_penalty")
        let start = try SpeechStart(reader, model: model, config: config)
        (forcedStart, languageIDs) = (start.ids, start.languages)
        if try reader.flag("do_sample") { drawing = reader.asked(GenerationKeys.drawing) }
        if let beams = try reader.count("num_beams"), beams > 1 {
            let more = reader.asked(["length_penalty", "early_stopping", "num_beam_groups", "diversity_penalty"])
            notes.append(
                "\(file) asks for num_beams \(beams)\(more.isEmpty ? "" : " (\(more.joined(separator: ", ")))"): one "
                    + "text is followed, the greedy one")
        }
    }
}

/// How a speech model's target begins: language, task and whether times are written.
///
/// Source: transformers 4.57's Whisper.
private struct SpeechStart {
    var ids: [Int32] = []
    /// Among which the language is to be detected.
    var languages: [Int32] = []

    init(_ reader: GenerationReader, model: String?, config: JSONValue?) throws(FileError) {
        let own = reader["forced_decoder_ids"]
        guard model == "whisper" else {
            guard let own, own.arrayValue?.isEmpty != true else { return }
            throw reader.unsupported("forced_decoder_ids", own, "only speech models begin with tokens of a list")
        }
        let language = reader["language"], task = reader["task"]
        let known = reader["lang_to_id"]?.objectValue ?? [:], tasks = reader["task_to_id"]?.objectValue ?? [:]
        if language == nil, task == nil { try readPairs(own ?? config?["forced_decoder_ids"], reader) }
        if let name = language?.stringValue {
            let key = name.hasPrefix("<|") ? name : "<|\(name.lowercased())|>"
            guard let id = known[key]?.tokenID else {
                throw reader.unsupported("language", .string(name), "lang_to_id has no \(key.printable)")
            }
            ids = [id]
        } else if !known.isEmpty, ids.first == nil || ids.first == GenerationSettings.language {
            languages = known.values.compactMap(\.tokenID).sorted()
            ids = [GenerationSettings.language] + ids.dropFirst()
        }
        // Without a list of languages a place that was left open stays empty.
        if languages.isEmpty { ids.removeAll { $0 == GenerationSettings.language } }
        if let name = task?.stringValue {
            guard let id = tasks[name]?.tokenID else {
                throw reader.unsupported("task", .string(name), "task_to_id has no such task")
            }
            ids.append(id)
        } else if language != nil, let id = tasks["transcribe"]?.tokenID {
            ids.append(id)
        }
        if try reader.flag("return_timestamps") {
            throw reader.unsupported("return_timestamps", .bool(true), "times are not written")
        }
        if let id = reader["no_timestamps_token_id"]?.tokenID, ids.last != id { ids.append(id) }
    }

    /// `[[1, id], [2, id] …]`; an id may be left open.
    private mutating func readPairs(_ list: JSONValue?, _ reader: GenerationReader) throws(FileError) {
        for (index, pair) in (list?.arrayValue ?? []).enumerated() {
            guard let place = pair.arrayValue, place.count == 2, place[0].intValue == index + 1,
                place[1].isNull || place[1].tokenID != nil
            else { throw reader.corrupt("forced_decoder_ids", "is no list of [1, id], [2, id] …") }
            ids.append(place[1].tokenID ?? GenerationSettings.language)
        }
    }
}

extension JSONValue {
    /// A token id.
    fileprivate var tokenID: Int32? { intValue.flatMap { Int32(exactly: $0) }.flatMap { $0 >= 0 ? $0 : nil } }
}
