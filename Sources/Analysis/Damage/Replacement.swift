import ModelGraph

/// What stands in for a head's map.
package struct Replacement: Sendable {
    package let source: HeadSource
    /// Energy of the head's context that stays unexplained.
    package let damage: Double
}

extension HeadCandidates {
    /// The best allowed replacement; `nil` when there is none.
    ///
    /// A head is dropped where that is allowed and no map explains a noticeable part of it.
    ///
    /// - Parameters:
    ///   - isRead: Whether other heads of the layer read a map already.
    ///   - isAvailable: Whether a head still computes its map.
    package func replacement(
        moves: Moves, isRead: (HeadID) -> Bool = { _ in true }, isAvailable: (HeadID) -> Bool
    ) -> Replacement? {
        let blend = Blend(self, moves: moves, isRead: isRead, isAvailable: isAvailable)
        let dropped = moves.contains(.drop) ? Replacement(source: .dropped, damage: energy) : nil
        guard let blend, dropped == nil || blend.residual <= (1 - Blend.Limits().gain) * energy else { return dropped }
        return Replacement(source: .borrowed(blend.terms), damage: blend.residual)
    }
}
