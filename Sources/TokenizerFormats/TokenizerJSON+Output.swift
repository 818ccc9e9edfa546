import JSON
import Platform
import Tokenization

extension Template {
    /// The `post_processor` of a `tokenizer.json`.
    init(_ json: JSONField) throws(FileError) {
        let type = try json.typeName()
        switch type {
        case "ByteLevel": self = .plain
        case "BertProcessing":
            self = .bert(cls: try json.required("cls").tokenPairID(), sep: try json.required("sep").tokenPairID())
        case "RobertaProcessing":
            self = .roberta(cls: try json.required("cls").tokenPairID(), sep: try json.required("sep").tokenPairID())
        case "TemplateProcessing":
            let special = try json.required("special_tokens")
            self.init(
                single: try Template.parts(try json.required("single"), special, wantsSecond: false),
                pair: try Template.parts(try json.required("pair"), special, wantsSecond: true))
        case "Sequence":
            let steps = try json.steps("processors") { json throws(FileError) in
                (template: try Template(json), json: json)
            }
            // “ByteLevel” changes offsets only; two that add tokens would have to be nested.
            let adding = steps.filter { $0.template.single != Template.plain.single }
            if adding.count > 1 { throw json.unknownStep("several steps that add tokens", of: "post-processor") }
            self = adding.first?.template ?? .plain
        default: throw json.unknownStep(type, of: "post-processor")
        }
        try json.checkMembers(
            ["cls", "sep", "single", "pair", "special_tokens", "processors"],
            harmless: ["trim_offsets", "add_prefix_space", "use_regex"])
    }

    private static func parts(
        _ list: JSONField, _ special: JSONField, wantsSecond: Bool
    ) throws(FileError) -> [Part] {
        let elements = try list.elements()
        guard elements.count <= Limits.templatePieces else {
            throw .limit(file: list.file, field: list.path, limit: Limits.templatePieces, found: elements.count)
        }
        var parts: [Part] = []
        var texts: [Bool] = []
        for element in elements {
            if let text = try element.optional("Sequence") {
                let name = try text.required("id").string()
                guard name == "A" || name == "B" else {
                    throw text.malformed("the sequence “\(name)” is neither A nor B")
                }
                texts.append(name == "B")
                parts.append(.text(isSecond: name == "B", typeID: try text.typeID()))
            } else {
                let token = try element.required("SpecialToken")
                let name = try token.required("id").string()
                let ids = try special.required(name).required("ids").elements()
                var values: [Int32] = []
                for id in ids.prefix(Limits.templatePieces) { values.append(try id.tokenID()) }
                parts.append(.special(values, typeID: try token.typeID()))
            }
        }
        guard texts == (wantsSecond ? [false, true] : [false]) else {
            throw list.malformed(wantsSecond ? "A and B are wanted once each" : "A is wanted once")
        }
        return parts
    }
}

extension JSONField {
    fileprivate func typeID() throws(FileError) -> Int32 {
        Int32(try optional("type_id")?.integer(in: 0...Int(UInt16.max)) ?? 0)
    }

    /// The id of a `["token", id]` pair.
    fileprivate func tokenPairID() throws(FileError) -> Int32 {
        let pair = try elements()
        guard pair.count == 2 else { throw malformed("a token and its id were expected") }
        return try pair[1].tokenID()
    }
}

extension TokenDecoder {
    /// The `decoder` of a `tokenizer.json`.
    init(_ json: JSONField) throws(FileError) {
        let type = try json.typeName()
        switch type {
        case "WordPiece":
            self = .wordPiece(
                prefix: try json.optional("prefix")?.affix() ?? Array("##".utf8),
                cleansUp: try json.bool("cleanup", default: true))
        case "ByteLevel": self = .byteLevel
        case "Metaspace":
            let step = try Metaspace(json)
            self = .metaspace(replacement: step.replacement, dropsFirst: step.prependScheme != .never)
        case "BPEDecoder": self = .wordSuffix(try json.optional("suffix")?.affix() ?? Array("</w>".utf8))
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Strip":
            self = .strip(
                try json.required("content").affix(), start: try json.required("start").integer(in: 0...1 << 16),
                end: try json.required("stop").integer(in: 0...1 << 16))
        case "Replace":
            self = .replace(try json.required("pattern").pattern(), with: try json.required("content").affix())
        case "Sequence":
            self = .sequence(try json.steps("decoders") { json throws(FileError) in try TokenDecoder(json) })
        default: throw json.unknownStep(type, of: "decoder")
        }
        try json.checkMembers(
            ["prefix", "cleanup", "suffix", "content", "start", "stop", "pattern", "decoders", "replacement"]
                + ["prepend_scheme", "add_prefix_space", "split", "str_rep"],
            harmless: ["trim_offsets", "use_regex"])
    }
}
