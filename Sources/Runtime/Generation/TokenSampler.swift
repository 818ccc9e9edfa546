import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How the next token is chosen among all.
public struct Sampling: Sendable, Hashable {
    /// Divides logits: below 1 likely tokens become likelier; 0 always takes the most likely one.
    public var temperature: Double
    /// Only so many of the most likely tokens; `nil`: all.
    public var topK: Int?
    /// Only the most likely tokens that together have this probability, after `topK`; `nil`: all.
    public var topP: Double?
    /// Start of the random numbers: the same seed gives the same texts, on every machine.
    public var seed: UInt64

    public init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, seed: UInt64 = 0) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.seed = seed
    }

    /// The most likely token, always.
    public static let greedy = Sampling(temperature: 0)
}

/// Draws the tokens of one text.
///
/// The numbers depend on the seed and on the text's place in the batch only: not on other texts, threads or time.
/// Source: temperature, top-k and top-p in the order in which transformers' logits warpers stand.
public struct TokenSampler: Sendable {
    private let sampling: Sampling
    private var random: SplitMix

    /// - Parameter text: Place of the text in its batch.
    public init(_ sampling: Sampling, text: Int = 0) {
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
    /// - Complexity: O(vocabulary) for greedy choice, O(vocabulary · log) otherwise.
    public mutating func next(_ logits: some RandomAccessCollection<Float>) -> Int? {
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
        // Equal logits in the order of their ids, so that the result is the same everywhere.
        order.sort { $0.logit == $1.logit ? $0.id < $1.id : $0.logit > $1.logit }
        if let topK = sampling.topK { order = Array(order.prefix(max(1, topK))) }
        guard let peak = order.first?.logit else { return [] }
        // An infinite logit would make differences of infinities.
        guard peak < .infinity else { return [Candidate(id: order[0].id, probability: 1)] }
        var weights = order.map { exp((Double($0.logit) - Double(peak)) / sampling.temperature) }
        if let topP = sampling.topP {
            let total = weights.reduce(0, +)
            var sum = 0.0
            let kept = weights.firstIndex { weight in
                sum += weight
                return sum >= topP * total
            }
            weights = Array(weights.prefix((kept ?? weights.count - 1) + 1))
        }
        let total = weights.reduce(0, +)
        return zip(order, weights).map { Candidate(id: $0.id, probability: $1 / total) }
    }
}
