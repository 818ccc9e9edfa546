/// The four Unicode normalization forms, as of Unicode 9 (the version of the reference tokenizers).
///
/// Source: Unicode Standard Annex 15; Hangul arithmetic from The Unicode Standard, section 3.12.
package enum UnicodeNormalization {
    case nfd, nfc, nfkd, nfkc

    private var isCompatible: Bool { self == .nfkd || self == .nfkc }
    private var isComposed: Bool { self == .nfc || self == .nfkc }

    /// The normalized form of valid UTF-8. ASCII is returned as it is.
    package func normalized(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.isASCII { return bytes }
        var scalars = decomposed(bytes)
        if isComposed { compose(&scalars) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + bytes.count / 2)
        for entry in scalars {
            if let scalar = Unicode.Scalar(entry.value) { result.append(scalar) }
        }
        return result
    }

    private struct Entry {
        var value: UInt32
        var order: UInt8
    }

    /// Decomposes, then sorts each run of marks by combining class, keeping equals in order.
    private func decomposed(_ bytes: [UInt8]) -> [Entry] {
        let tables = NormalizationTables.shared
        var result: [Entry] = []
        result.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let decoded = decodeScalar(bytes, at: at, end: bytes.count)
            at += decoded.byteCount
            let value = decoded.scalar.value
            if value < 0xA0 {
                result.append(Entry(value: value, order: 0))
            } else if let parts = tables.decomposition(of: decoded.scalar, isCompatible: isCompatible) {
                for part in parts { result.append(Entry(value: part, order: Self.combiningClass(of: part))) }
            } else {
                result.append(Entry(value: value, order: decoded.scalar.combiningClass))
            }
        }
        sortMarks(&result)
        return result
    }

    private static func combiningClass(of value: UInt32) -> UInt8 {
        Unicode.Scalar(value)?.combiningClass ?? 0
    }

    private func sortMarks(_ entries: inout [Entry]) {
        var start = 0
        while start < entries.count {
            guard entries[start].order != 0 else {
                start += 1
                continue
            }
            var end = start
            while end < entries.count, entries[end].order != 0 { end += 1 }
            if end - start > 1 {
                // The order within one class matters, and `sort` does not promise to keep it.
                let run = entries[start..<end].enumerated().sorted {
                    ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
                }
                entries.replaceSubrange(start..<end, with: run.map(\.element))
            }
            start = end
        }
    }

    /// Joins each starter with the marks that follow it unblocked.
    private func compose(_ entries: inout [Entry]) {
        let tables = NormalizationTables.shared
        var result: [Entry] = []
        result.reserveCapacity(entries.count)
        var starter: Int?
        for entry in entries {
            if let base = starter {
                let last = result[result.count - 1]
                let isBlocked = base != result.count - 1 && last.order >= entry.order
                if !isBlocked, let joined = tables.composition(of: result[base].value, entry.value) {
                    result[base].value = joined
                    continue
                }
            }
            if entry.order == 0 { starter = result.count }
            result.append(entry)
        }
        entries = result
    }
}

/// Decompositions by character and compositions by pair, unpacked at first use.
private struct NormalizationTables: Sendable {
    static let shared = NormalizationTables()

    private let canonical: [UInt32: [UInt32]]
    private let compatible: [UInt32: [UInt32]]
    private let compositions: [UInt64: UInt32]

    private init() {
        let canonicalSteps = Self.unpack(DecompositionTables.canonical)
        var allSteps = canonicalSteps
        allSteps.merge(Self.unpack(DecompositionTables.compatible)) { first, _ in first }
        canonical = canonicalSteps.mapValues { $0.flatMap { Self.expand($0, by: canonicalSteps) } }
        compatible = allSteps.mapValues { $0.flatMap { Self.expand($0, by: allSteps) } }

        let excluded = Set(Self.unpack(DecompositionTables.excluded).keys)
        var pairs: [UInt64: UInt32] = [:]
        for (whole, parts) in canonicalSteps where parts.count == 2 && !excluded.contains(whole) {
            guard Unicode.Scalar(whole)?.isKnownToNormalization ?? false else { continue }
            pairs[UInt64(parts[0]) << 32 | UInt64(parts[1])] = whole
        }
        compositions = pairs
    }

    private static func unpack(_ text: String) -> [UInt32: [UInt32]] {
        var result: [UInt32: [UInt32]] = [:]
        var code: UInt32 = 0
        for entry in text.split(separator: " ") {
            let sides = entry.split(separator: "=")
            code += UInt32(sides[0], radix: 16) ?? 0
            result[code] = sides.dropFirst().flatMap { $0.split(separator: "+").compactMap { UInt32($0, radix: 16) } }
        }
        return result
    }

    private static func expand(_ value: UInt32, by steps: [UInt32: [UInt32]]) -> [UInt32] {
        guard let parts = steps[value] else { return [value] }
        return parts.flatMap { expand($0, by: steps) }
    }

    /// The full decomposition; `nil` when the character stands for itself.
    func decomposition(of scalar: Unicode.Scalar, isCompatible: Bool) -> [UInt32]? {
        let value = scalar.value
        if Hangul.syllables.contains(value) { return Hangul.decompose(value) }
        guard let parts = isCompatible ? compatible[value] : canonical[value] else { return nil }
        return scalar.isKnownToNormalization ? parts : nil
    }

    /// The character that a pair composes to.
    func composition(of first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.compose(first, second) ?? compositions[UInt64(first) << 32 | UInt64(second)]
    }
}

/// Korean syllables, which decompose by arithmetic.
private enum Hangul {
    static let syllables: ClosedRange<UInt32> = 0xAC00...0xD7A3
    private static let leads: ClosedRange<UInt32> = 0x1100...0x1112
    private static let vowels: ClosedRange<UInt32> = 0x1161...0x1175
    private static let trailBase: UInt32 = 0x11A7

    static func decompose(_ syllable: UInt32) -> [UInt32] {
        let index = syllable - syllables.lowerBound
        let parts = [leads.lowerBound + index / 588, vowels.lowerBound + index % 588 / 28]
        return index % 28 == 0 ? parts : parts + [trailBase + index % 28]
    }

    static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if leads.contains(first), vowels.contains(second) {
            return syllables.lowerBound + (first - leads.lowerBound) * 588 + (second - vowels.lowerBound) * 28
        }
        let isOpen = syllables.contains(first) && (first - syllables.lowerBound) % 28 == 0
        guard isOpen, second > trailBase, second <= trailBase + 27 else { return nil }
        return first + (second - trailBase)
    }
}
