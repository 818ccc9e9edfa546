import ModelGraph

extension [ModelInput] {
    /// Ranges of items of at most `limit` rows, in order; a longer item stands alone.
    func batches(rows limit: Int) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = 0, rows = 0
        for (index, item) in enumerated() {
            if index > start, rows + item.rowEstimate > limit {
                result.append(start..<index)
                (start, rows) = (index, 0)
            }
            rows += item.rowEstimate
        }
        if start < count { result.append(start..<count) }
        return result
    }
}
