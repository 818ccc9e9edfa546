import Platform
import Tensors

/// What reading an untrusted file may cost.
///
/// Every limit has a name (`HDF5Limits.Name`) under which a person raises it for a file that deserves it, as
/// `objects=1000000,document-bytes=268435456`.
package struct HDF5Limits: Sendable, Hashable {
    /// Names of limits, as people spell them.
    package enum Name: String, Sendable, Hashable, CaseIterable {
        /// Memory of the index helper, in bytes.
        case memory = "memory-bytes"
        /// Processor time of the index helper for a small file, in milliseconds; larger files get more.
        case processorTime = "processor-milliseconds"
        /// Time in which the helper may neither compute nor answer, in milliseconds.
        case stall = "stall-milliseconds"
        /// Bytes of the helper's document.
        case document = "document-bytes"
        /// Bytes of a decoded dataset that need no justification by stored bytes.
        case unjustified = "unjustified-bytes"
        /// Bytes of one decoded dataset, whatever justifies them.
        case decoded = "decoded-bytes"
        /// Largest believable ratio of decoded to stored bytes of deflated data.
        case deflateRatio = "deflate-ratio"
        /// Largest believable ratio of decoded to stored bytes of zstd data.
        case zstdRatio = "zstd-ratio"
        /// Groups, datasets and committed types.
        case objects
        /// Links over all groups.
        case links
        /// Groups inside groups.
        case depth
        /// Bytes of a path.
        case path = "path-bytes"
        /// Bytes of attributes over the whole file.
        case attributes = "attribute-bytes"
        /// Bytes of values that the helper reads itself: compact, converted or text data.
        case inline = "inline-bytes"
        /// Chunks over all datasets.
        case chunks
    }

    /// Memory of the index helper, in bytes.
    package var helperMemoryBytes = 400 << 20
    /// Processor time of the index helper for a small file, in milliseconds; larger files get more.
    package var helperMilliseconds = 500
    /// Time in which the helper may neither compute nor answer, in milliseconds.
    package var stallMilliseconds = 30_000
    /// Bytes of the helper's document.
    package var documentBytes = 64 << 20
    /// Bytes of a decoded dataset that need no justification by stored bytes.
    package var unjustifiedBytes = 64 << 20
    /// Bytes of one decoded dataset, whatever justifies them: asking for more memory than there is ends a process.
    package var decodedBytes = MachineMemory.byteCount
    /// Largest believable ratio of decoded to stored bytes of deflated data (its theoretical maximum is 1032).
    package var deflateRatio = 1100
    /// Largest believable ratio of decoded to stored bytes of zstd data; zeros reach about 30 000.
    package var zstdRatio = 40_000
    /// Limits that the helper keeps itself, where they are not its own.
    private var ofHelper: [Name: Int] = [:]

    /// Enough for every sound checkpoint that fits on a disk.
    package static let standard = HDF5Limits()

    package init() {}

    /// Sets a limit.
    ///
    /// - Parameter value: At least 1.
    package mutating func set(_ name: Name, to value: Int) {
        switch name {
        case .memory: helperMemoryBytes = value
        case .processorTime: helperMilliseconds = value
        case .stall: stallMilliseconds = value
        case .document: documentBytes = value
        case .unjustified: unjustifiedBytes = value
        case .decoded: decodedBytes = value
        case .deflateRatio: deflateRatio = value
        case .zstdRatio: zstdRatio = value
        case .objects, .links, .depth, .path, .attributes, .inline, .chunks: ofHelper[name] = value
        }
    }

    /// What the helper is told of the limits that it keeps itself.
    var helperArguments: [String] {
        ofHelper.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { ["--\($0.key.rawValue)", String($0.value)] }
    }

    /// Processor time for a file of this size: an index of many objects takes a few hundred bytes an object.
    func processorMilliseconds(forBytes byteCount: Int) -> Int {
        helperMilliseconds + min(byteCount / (8 << 10), 60_000)
    }
}

extension HDF5Limits {
    /// The environment variable by which the command takes limits. Nothing in this module reads it; messages name it.
    package static let environmentVariable = "REUSEFORMER_LIMITS"

    /// A text that names no limit, or gives it no sensible value.
    package struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong and what would be right.
        package let description: String
    }

    /// Limits from `name=value,name=value`; those that are not named keep their standard.
    package init(parsing text: String) throws(SyntaxError) {
        for setting in text.split(separator: ",") {
            let sides = setting.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, let name = Name(rawValue: String(sides[0])) else {
                let names = Name.allCases.map(\.rawValue).joined(separator: ", ")
                throw SyntaxError(
                    description: "\"\((String(setting)).escaped)\" is no limit; give name=value, "
                        + "with one of the names \(names)")
            }
            // Half of the range, so that sums and multiples of limits stay inside it.
            guard let value = Int(sides[1]), (1...Int.max >> 16).contains(value) else {
                throw SyntaxError(
                    description: "the limit \(name.rawValue) must be a whole number from 1 on, not "
                        + "\"\((String(sides[1])).escaped)\"")
            }
            set(name, to: value)
        }
    }
}
