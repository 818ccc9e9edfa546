/// Cosines and sines of the angles of one kind of rotary positions, row by row of its axis.
struct RotaryTable: Sendable {
    /// Of each row the cosines of all pairs, then the sines.
    let angles: [Float]

    /// - Parameter positions: Position of each row in its sequence; `nil`: its number.
    init(_ rotary: RotaryAngles, rows: AxisRows, positions: [Int32]?) {
        let frequencies = rotary.rotary.frequencies
        let width = 2 * frequencies.count
        angles = [Float](unsafeUninitializedCapacity: rows.count * width) { buffer, count in
            count = rows.count * width
            guard let base = buffer.baseAddress else { return }
            for member in rows.starts.indices.dropLast() {
                for row in rows.rows(of: member) {
                    let position = positions.map { Int($0[row]) } ?? row - rows.starts[member]
                    rotary.write(position: position, frequencies, to: base + row * width)
                }
            }
        }
    }
}
