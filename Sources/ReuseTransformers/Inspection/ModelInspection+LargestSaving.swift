import ModelGraph
import Verification

extension ModelInspection {
    /// The most that reuse, blends and static patterns can save of a model, in every currency.
    public struct LargestSaving: Sendable, Hashable, Encodable {
        /// A quantity of the model, and what is left of it.
        public struct Change: Sendable, Hashable, Encodable {
            /// Of the model as it is.
            public let now: Int
            /// Of the model with as few maps as reuse allows.
            public let least: Int
            /// The share that is saved, 0…1.
            public var saved: Double { now == 0 ? 0 : 1 - Double(least) / Double(now) }
        }

        /// Attention maps that are computed.
        public let maps: Change
        /// Multiply-adds of one input of `tokens` tokens.
        public let multiplyAdds: Change
        /// Those of the attention layers alone.
        public let attention: Change
        /// Bytes of the parameters, in float32.
        public let bytes: Change
        /// Sequence length of the multiply-adds.
        public let tokens: Int
        /// How many times as fast the model would be if time went with multiply-adds alone.
        public let predictedSpeedup: Double
        /// Whether plans in between can make the file larger: attention layers share parameters.
        public let canGrow: Bool
    }
}

extension ModelInspection.LargestSaving {
    /// - Returns: `nil` for a model without attention.
    init?(of graph: CheckedGraph, tokens: Int) {
        guard let largest = try? LargestSavings(of: graph, tokens: tokens), largest.savings.maps.source > 0 else {
            return nil
        }
        func change(_ change: Savings.Change) -> Change { Change(now: change.source, least: change.converted) }
        self.init(
            maps: change(largest.savings.maps), multiplyAdds: change(largest.savings.multiplyAdds),
            attention: change(largest.attention), bytes: change(largest.savings.bytes), tokens: tokens,
            predictedSpeedup: largest.savings.predictedSpeedup, canGrow: largest.canGrow)
    }
}
