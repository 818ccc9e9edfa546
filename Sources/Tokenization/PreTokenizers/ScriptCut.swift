/// Cuts a text where the writing system changes.
///
/// Spaces and unassigned characters belong to the text before them. Kana count as Han. Whatever stands before the first
/// character of a script is dropped, as the reference does.
package enum ScriptCut {
    /// A run of characters of one script.
    private struct Run {
        let start: UInt32
        let end: UInt32
        let script: UInt8
    }

    private static let runs: [Run] = {
        var result: [Run] = []
        var end: UInt32 = 0
        for word in ScriptTable.runs.split(separator: " ") {
            let numbers = word.split { $0 == "+" || $0 == "=" }.compactMap { UInt32($0, radix: 16) }
            guard numbers.count == 3 else { continue }
            let start = end + numbers[0]
            end = start + numbers[1]
            result.append(Run(start: start, end: end, script: UInt8(clamping: numbers[2])))
        }
        return result
    }()

    /// Number of a character's script; `nil` where it belongs to none.
    package static func script(of scalar: Unicode.Scalar) -> UInt8? {
        let runs = runs
        var low = 0, high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end <= scalar.value { low = middle + 1 } else { high = middle }
        }
        guard low < runs.count, runs[low].start <= scalar.value else { return nil }
        return runs[low].script
    }

    package static func cut(_ bytes: [UInt8], _ range: Range<Int>, _ parts: inout [Range<Int>]) {
        var last: UInt8?
        var start: Int?
        var at = range.lowerBound
        while at < range.upperBound {
            let decoded = decodeScalar(bytes, at: at, end: range.upperBound)
            if let script = script(of: decoded.scalar), script != last {
                if let start { parts.append(start..<at) }
                start = at
                last = script
            }
            at += decoded.byteCount
        }
        if let start { parts.append(start..<range.upperBound) }
    }
}
