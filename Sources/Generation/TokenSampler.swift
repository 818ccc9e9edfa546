import Platform
import Tensors

/// How the next token is chosen among all.
package struct Sampling: Sendable, Hashable {
    /// Divides logits: below 1 likely tokens become likelier; 0 always takes the most likely one.
    package var temperature: Double
    /// Only so many of the most likely tokens; `nil`: all.
    package var topK: Int?
    /// Only the most likely tokens that together have this probability, after `topK`; `nil`: all.
    package var topP: Double?
    /// Start of the random numbers: the same seed gives the same texts, on every machine.
    package var seed: UInt64

    package init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, seed: UInt64 = 0) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.seed = seed
    }

    /// The most likely token, always.
    package static let greedy = Sampling(temperature: 0)
}

/// Draws the tokens of one text.
///
/// The numbers depend on the seed and on the text's index in the batch only: not on other texts, threads or time.
/// Source: temperature, top-k and top-p in the order in which transformers' logits warpers stand.
package struct TokenSampler: Sendable {
    private let sampling: Sampling
    private var random: SplitMix

    /// - Parameter text: Index of the text in its batch.
    package init(_ sampling: Sampling, text: Int = 0) {
        self.sampling = sampling
        // Neighbouring texts start far apart: the generator mixes its state.
        var starts = SplitMix(seed: sampling.seed)
        let first = starts.next()
        random = SplitMix(seed: first ^ (UInt64(truncatingIfNeeded: text) &* 0xD134_2543_DE82_EF95))
    }

    /// The next token.
    ///
    /// - Parameter logits: One a token of the vocabulary. Those that are no numbers are never chosen.
    /// - Returns: `nil` when no logit is a number.
    /// - Complexity: O(vocabulary) for greedy choice; otherwise what may be chosen is sorted too.
    package mutating func next(_ logits: some RandomAccessCollection<Float>) -> Int? {
        guard sampling.temperature > 0 else { return Self.best(logits) }
        let candidates = Self.candidates(logits, sampling)
        guard let last = candidates.last else { return nil }
        var rest = random.nextUnit()
        for candidate in candidates {
            rest -= candidate.probability
            if rest < 0 { return candidate.id }
        }
        return last.id
    }

    /// The largest logit, the first of equals.
    private static func best(_ logits: some RandomAccessCollection<Float>) -> Int? {
        var best: (id: Int, logit: Float)?
        for (id, logit) in logits.enumerated() where !logit.isNaN && logit > best?.logit ?? -.infinity {
            best = (id, logit)
        }
        return best?.id
    }

    /// A token that may be chosen.
    package struct Candidate: Sendable, Hashable {
        package let id: Int
        package let probability: Double
    }

    /// Tokens that may be chosen, the most likely first, with probabilities that sum to 1.
    package static func candidates(
        _ logits: some RandomAccessCollection<Float>, _ sampling: Sampling
    ) -> [Candidate] {
        var order = logits.enumerated().filter { $0.element > -.infinity && !$0.element.isNaN }
            .map { (id: $0.offset, logit: $0.element) }
        if let topK = sampling.topK { order = mostLikely(order, count: max(1, topK)) }
        guard let top = order.max(by: { isLikelier($1, $0) }) else { return [] }
        // An infinite logit would make differences of infinities.
        guard top.logit < .infinity else { return [Candidate(id: top.id, probability: 1)] }
        func weight(_ logit: Float) -> Double { exp((Double(logit) - Double(top.logit)) / sampling.temperature) }
        let least = sampling.topP.map { $0 * order.reduce(0) { $0 + weight($1.logit) } }
        if let least {
            // Most of a vocabulary is too unlikely to be worth sorting.
            let likely = order.filter { weight($0.logit) > 1e-4 }
            if likely.reduce(0, { $0 + weight($1.logit) }) >= least { order = likely }
        }
        order.sort(by: isLikelier)
        var weights = order.map { weight($0.logit) }
        if let least {
            var sum = 0.0
            let kept = weights.firstIndex { weight in
                sum += weight
                return sum >= least
            }
            weights = Array(weights.prefix((kept ?? weights.count - 1) + 1))
        }
        let total = weights.reduce(0, +)
        return zip(order, weights).map { Candidate(id: $0.id, probability: $1 / total) }
    }

    /// Equal logits in the order of their ids, so that the result is the same everywhere.
    private static func isLikelier(_ a: (id: Int, logit: Float), _ b: (id: Int, logit: Float)) -> Bool {
        a.logit == b.logit ? a.id < b.id : a.logit > b.logit
    }

    /// The most likely of some tokens, without sorting the others. Tokens come in the order of their ids.
    private static func mostLikely(
        _ tokens: [(id: Int, logit: Float)], count: Int
    ) -> [(id: Int, logit: Float)] {
        guard count < tokens.count else { return tokens }
        var kept: [(id: Int, logit: Float)] = []
        for token in tokens {
            if kept.count == count {
                guard let last = kept.last, token.logit > last.logit else { continue }
                kept.removeLast()
            }
            var low = 0, high = kept.count
            while low < high {
                let middle = (low + high) / 2
                if kept[middle].logit >= token.logit { low = middle + 1 } else { high = middle }
            }
            kept.insert(token, at: low)
        }
        return kept
    }
}
