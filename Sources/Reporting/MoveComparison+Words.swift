import Analysis

extension MoveComparison {
    /// Where another kind of move becomes the one that costs least, a sentence each.
    package var crossoverSentences: [String] {
        crossovers.map {
            "From \(Format.percent($0.multiplyAdds)) of the multiply-adds on \($0.above) alone cost less than "
                + "\($0.below) alone."
        }
    }
}
