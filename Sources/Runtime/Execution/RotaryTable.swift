/// Cosines and sines of the angles of one kind of rotary positions, row by row of its axis.
struct RotaryTable: Sendable {
    /// Of each row the cosines of all pairs, then the sines.
    let angles: [Float]

    /// - Parameter positions: Position of each row in its sequence; `nil`: its number.
    init(_ rotary: RotaryAngles, rows: AxisRows, positions: [Int32]?) {
        let kind = rotary.rotary
        let shortest = kind.frequencies
        let width = 2 * shortest.count
        angles = [Float](unsafeUninitializedCapacity: rows.count * width) { buffer, count in
            count = rows.count * width
            guard let base = buffer.baseAddress else { return }
            for member in rows.starts.indices.dropLast() {
                // A sequence's own length counts, not that of its batch mates.
                let own = rows.rows(of: member)
                let tokens = positions.map { table in own.reduce(0) { max($0, Int(table[$1]) + 1) } } ?? own.count
                let frequencies = kind.unchangedLength == nil ? shortest : kind.frequencies(tokens: tokens)
                for row in own {
                    let position = positions.map { Int($0[row]) } ?? row - rows.starts[member]
                    rotary.write(position: position, frequencies, to: base + row * width)
                }
            }
        }
    }
}
