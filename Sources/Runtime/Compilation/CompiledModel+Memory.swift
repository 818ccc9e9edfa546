import CKernels
import ModelGraph
import Platform

extension CompiledModel {
    /// Shorter sequences fit every machine: their maps have 16 MB each.
    private static let harmlessRows = 2048

    /// Refuses a sequence whose kept maps are more than this machine's memory. Maps grow by the square of the tokens,
    /// and memory that is not there ends the process.
    func checkMemory(for sequences: [ModelInput]) throws(RuntimeError) {
        guard let longest = sequences.max(by: { $0.rowEstimate < $1.rowEstimate }),
            longest.rowEstimate > Self.harmlessRows
        else { return }
        try RuntimeError.check(
            mapByteCount(of: longest), of: "the kept attention maps", tokens: longest.rowEstimate)
    }

    /// Bytes of the maps that are kept while one sequence runs.
    private func mapByteCount(of sequence: ModelInput) -> Double {
        let group = Group([sequence], range: 0..<1, schedule: schedule)
        let longest = group.axes.reduce(0) { max($0, $1.count) }
        let matching =
            schedule.matchedHead > 0
            ? Double(rk_match_scratch(longest, schedule.matchedHead) * MemoryLayout<Float>.stride) : 0
        return schedule.mapSpaces.indices.reduce(matching) { total, space in
            let slots = Double(schedule.units[.maps(space: space)] ?? 0)
            return total + slots * Double(group.maps[space].count) * Double(MemoryLayout<Float>.stride)
        }
    }
}

extension RuntimeError {
    /// - Throws: `tooLarge` where so many bytes are more than half of the machine's memory.
    package static func check(_ byteCount: Double, of what: String, tokens: Int) throws(RuntimeError) {
        guard byteCount > Double(MachineMemory.byteCount) / 2 else { return }
        throw .tooLarge(what: what, tokens: tokens, byteCount: byteCount)
    }
}
