extension Node {
    /// Maps that the node reads from memory: those that its heads borrow.
    ///
    /// A map of its own that a head takes as it is needs no memory: both heads share the product with the map while it
    /// is computed.
    package var mapsReadFromMemory: Set<HeadID> {
        var result: Set<HeadID> = []
        for source in attention?.heads ?? [] {
            let terms = source.terms
            for term in terms {
                guard case .head(let id) = term.map else { continue }
                if id.node == name, terms == [MapTerm(map: .head(id))] { continue }
                result.insert(id)
            }
        }
        return result
    }
}
