import ModelGraph
import Platform

/// Applies a model's rules to the logits of one text.
///
/// Source: the logits processors of transformers, in the order in which `generate` calls them; arithmetic in single
/// precision as there.
package struct RuledText {
    private let rules: GenerationRules
    private let endIDs: [Int32]
    /// Tokens of the source: of an encoder–decoder what the encoder reads, of a decoder the prompt.
    private let source: [Int32]
    /// Tokens that the text goes on from, and then those written.
    private var ids: [Int32]
    private var known: Set<Int32>
    private let firstCount: Int
    /// Length at which the limit ends the text.
    private let longest: Int

    /// - Parameters:
    ///   - ids: What the text goes on from.
    ///   - source: What it was made from; for a decoder the same.
    ///   - maximumNewTokens: Where the limit ends it.
    package init(_ rules: GenerationRules, ids: [Int32], source: [Int32], endIDs: Set<Int32>, maximumNewTokens: Int) {
        self.rules = rules
        self.endIDs = endIDs.sorted()
        self.source = source
        self.ids = ids
        known = Set(ids)
        firstCount = ids.count
        longest = ids.count + maximumNewTokens
    }

    /// Adds a token that was chosen.
    package mutating func append(_ id: Int32) {
        ids.append(id)
        known.insert(id)
    }

    /// Changes the logits of the next token.
    package func apply(to logits: inout [Float]) {
        for bias in rules.biases where matches(bias.ids) { change(bias.ids.last, in: &logits) { $0 + bias.value } }
        if rules.sourcePenalty != 1 { penalize(Set(source), 1 / rules.sourcePenalty, &logits) }
        if rules.repetitionPenalty != 1 { penalize(known, rules.repetitionPenalty, &logits) }
        if rules.repeatedLength > 0 { forbid(continuationsOf: rules.repeatedLength, in: ids, &logits) }
        if rules.copiedLength > 0 { forbid(continuationsOf: rules.copiedLength, in: source, &logits) }
        for sequence in rules.forbidden where matches(sequence) { forbid(sequence.suffix(1), &logits) }
        let written = ids.count - firstCount
        if ids.count < rules.minimumLength || written < rules.minimumNewTokens { forbid(endIDs[...], &logits) }
        if let first = rules.firstID, ids.count == 1 { leave([first], &logits) }
        if !rules.lastIDs.isEmpty, ids.count == longest - 1 { leave(rules.lastIDs, &logits) }
        if rules.replacesInvalid { replaceInvalid(&logits) }
        if let growth = rules.endGrowth, written > growth.start {
            let power = Float(pow(growth.factor, Double(written - growth.start)) - 1)
            for end in endIDs { change(end, in: &logits) { $0 + abs($0) * power } }
        }
        forbid(rules.suppressed[...], &logits)
        if !rules.allowed.isEmpty { keep(rules.allowed, &logits) }
        // Behind a token that is forced the first free one counts.
        let beginning = firstCount > 1 || rules.firstID == nil ? firstCount : firstCount + 1
        if ids.count == beginning { forbid(rules.suppressedAtBeginning[...], &logits) }
    }

    /// Whether the text ends with all but the last token of a sequence.
    private func matches(_ sequence: [Int32]) -> Bool {
        guard sequence.count > 1 else { return !sequence.isEmpty }
        return sequence.count <= ids.count && ids.suffix(sequence.count - 1).elementsEqual(sequence.dropLast())
    }

    private func change(_ id: Int32?, in logits: inout [Float], _ body: (Float) -> Float) {
        guard let id, logits.indices.contains(Int(id)) else { return }
        logits[Int(id)] = body(logits[Int(id)])
    }

    private func penalize(_ tokens: Set<Int32>, _ penalty: Float, _ logits: inout [Float]) {
        for id in tokens { change(id, in: &logits) { $0 < 0 ? $0 * penalty : $0 / penalty } }
    }

    private func forbid(_ tokens: ArraySlice<Int32>, _ logits: inout [Float]) {
        for id in tokens { change(id, in: &logits) { _ in -.infinity } }
    }

    /// Forbids what would complete a sequence of `length` tokens that `text` has already.
    private func forbid(continuationsOf length: Int, in text: [Int32], _ logits: inout [Float]) {
        guard ids.count + 1 >= length, text.count >= length else { return }
        let last = ids.suffix(length - 1)
        for start in 0...text.count - length where text[start..<start + length - 1].elementsEqual(last) {
            forbid(text[start + length - 1..<start + length], &logits)
        }
    }

    /// Forbids all tokens but some.
    private func leave(_ tokens: [Int32], _ logits: inout [Float]) {
        for index in logits.indices { logits[index] = -.infinity }
        for id in tokens { change(id, in: &logits) { _ in 0 } }
    }

    /// Forbids all tokens but some, whose scores stay.
    private func keep(_ tokens: [Int32], _ logits: inout [Float]) {
        let kept = tokens.compactMap { id in logits.indices.contains(Int(id)) ? (id, logits[Int(id)]) : nil }
        for index in logits.indices { logits[index] = -.infinity }
        for (id, logit) in kept { logits[Int(id)] = logit }
    }

    private func replaceInvalid(_ logits: inout [Float]) {
        for index in logits.indices {
            let logit = logits[index]
            if logit.isNaN {
                logits[index] = 0
            } else if logit.isInfinite {
                logits[index] = logit > 0 ? .greatestFiniteMagnitude : -.greatestFiniteMagnitude
            }
        }
    }
}
