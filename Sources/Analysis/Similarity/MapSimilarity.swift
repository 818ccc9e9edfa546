import Runtime

/// Sum over keys of |a − b| for one query row: twice the total variation distance.
///
/// Sixteen running sums, so that the compiler may use vectors; their order is fixed, and so are the bits.
@inline(__always)
func rowDistance(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
    var sums = SIMD16<Float>(repeating: 0)
    var index = 0
    while index + 16 <= count {
        let left = UnsafeRawPointer(a + index).loadUnaligned(as: SIMD16<Float>.self)
        let right = UnsafeRawPointer(b + index).loadUnaligned(as: SIMD16<Float>.self)
        // Clearing the sign bits gives absolute values, lane by lane.
        let bits = unsafeBitCast(left - right, to: SIMD16<UInt32>.self) & 0x7FFF_FFFF
        sums += unsafeBitCast(bits, to: SIMD16<Float>.self)
        index += 16
    }
    var total = sums.sum()
    while index < count {
        total += abs(a[index] - b[index])
        index += 1
    }
    return total
}

/// Similarity of two attention maps: 1 − total variation distance, averaged over query rows.
///
/// - Parameters:
///   - a: Map of the later head, `[queries, keys]`, rows sum to 1.
///   - b: Map of the earlier head, same shape.
///   - rows: Query rows that count (no padding; at least two visible keys).
/// - Returns: A value in 0…1; 1 when the maps agree everywhere. `nil` when no row counts.
/// - Complexity: O(rows · keys), no allocation.
/// - Source: arXiv 2110.06821.
package func mapSimilarity(_ a: MatrixView, _ b: MatrixView, rows: some Sequence<Int>) -> Double? {
    precondition(a.rows == b.rows && a.columns == b.columns, "maps of different shape")
    var sum = 0.0
    var count = 0
    for row in rows {
        sum +=
            1 - 0.5
            * Double(rowDistance(a.row(row).baseAddress ?? a.base, b.row(row).baseAddress ?? b.base, count: a.columns))
        count += 1
    }
    return count > 0 ? sum / Double(count) : nil
}
