/// Where special tokens go around one text or a pair.
package struct Template: Sendable {
    package enum Part: Sendable, Hashable {
        /// The tokens of the first or the second text.
        case text(isSecond: Bool, typeID: Int32)
        case special([Int32], typeID: Int32)
    }

    package var single: [Part]
    package var pair: [Part]

    package init(single: [Part], pair: [Part]) {
        self.single = single
        self.pair = pair
    }

    /// No special tokens.
    package static let plain = Template(
        single: [.text(isSecond: false, typeID: 0)],
        pair: [.text(isSecond: false, typeID: 0), .text(isSecond: true, typeID: 1)])

    /// BERT's: `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`.
    package static func bert(cls: Int32, sep: Int32) -> Template {
        let first: [Part] = [
            .special([cls], typeID: 0), .text(isSecond: false, typeID: 0), .special([sep], typeID: 0),
        ]
        return Template(single: first, pair: first + [.text(isSecond: true, typeID: 1), .special([sep], typeID: 1)])
    }

    /// RoBERTa's: `<s> A </s>` and `<s> A </s></s> B </s>`, all of type 0.
    package static func roberta(cls: Int32, sep: Int32) -> Template {
        let first: [Part] = [
            .special([cls], typeID: 0), .text(isSecond: false, typeID: 0), .special([sep], typeID: 0),
        ]
        return Template(
            single: first,
            pair: first + [.special([sep], typeID: 0), .text(isSecond: true, typeID: 0), .special([sep], typeID: 0)])
    }

    /// Every text followed by an end token, as T5 has it.
    package static func ending(with eos: Int32) -> Template {
        let first: [Part] = [.text(isSecond: false, typeID: 0), .special([eos], typeID: 0)]
        return Template(single: first, pair: first + [.text(isSecond: true, typeID: 0), .special([eos], typeID: 0)])
    }

    /// A token before a text, as language models have it.
    package static func beginning(with bos: Int32) -> Template {
        let single: [Part] = [.special([bos], typeID: 0), .text(isSecond: false, typeID: 0)]
        return Template(
            single: single, pair: single + [.special([bos], typeID: 1), .text(isSecond: true, typeID: 1)])
    }

    /// Number of tokens that the template adds.
    package func specialCount(isPair: Bool) -> Int {
        (isPair ? pair : single).reduce(0) { count, part in
            if case .special(let ids, _) = part { count + ids.count } else { count }
        }
    }

    /// Puts texts and special tokens together.
    package func assemble(_ first: ArraySlice<Int32>, _ second: ArraySlice<Int32>?) -> Encoding {
        var ids: [Int32] = []
        var types: [Int32] = []
        let count = first.count + (second?.count ?? 0) + specialCount(isPair: second != nil)
        ids.reserveCapacity(count)
        types.reserveCapacity(count)
        for part in second == nil ? single : pair {
            switch part {
            case .special(let special, let typeID):
                ids.append(contentsOf: special)
                types.append(contentsOf: repeatElement(typeID, count: special.count))
            case .text(let isSecond, let typeID):
                let text = isSecond ? second ?? [] : first
                ids.append(contentsOf: text)
                types.append(contentsOf: repeatElement(typeID, count: text.count))
            }
        }
        return Encoding(ids: ids, typeIDs: types)
    }
}

/// How two texts share a maximum length.
package enum Truncation {
    /// Lengths that fit: the longer text gives way first, until both are equally long.
    package static func lengths(_ first: Int, _ second: Int, limit: Int) -> (Int, Int) {
        guard first + second > limit else { return (first, second) }
        var shorter = min(first, second)
        var longer = shorter > limit ? shorter : max(shorter, limit - shorter)
        if shorter + longer > limit {
            shorter = limit / 2
            longer = shorter + limit % 2
        }
        return first > second ? (longer, shorter) : (shorter, longer)
    }
}
