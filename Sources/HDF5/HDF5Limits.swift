/// What reading an untrusted file may cost.
public struct HDF5Limits: Sendable, Hashable {
    /// Memory of the index helper, in bytes.
    public var helperMemoryBytes = 400 << 20
    /// Processor time of the index helper for a small file, in milliseconds; larger files get more.
    public var helperMilliseconds = 500
    /// Bytes of the helper's document.
    public var documentBytes = 64 << 20
    /// Bytes of a decoded dataset that need no justification by stored bytes.
    public var unjustifiedBytes = 64 << 20
    /// Largest believable ratio of decoded to stored bytes of deflated data (its theoretical maximum is 1032).
    public var deflateRatio = 1100
    /// Largest believable ratio of decoded to stored bytes of zstd data; zeros reach about 30 000.
    public var zstdRatio = 40_000

    /// Enough for every sound checkpoint that fits on a disk.
    public static let standard = HDF5Limits()

    public init() {}

    /// Processor time for a file of this size: an index of many objects takes a few hundred bytes an object.
    func processorMilliseconds(forBytes byteCount: Int) -> Int {
        helperMilliseconds + min(byteCount / (8 << 10), 60_000)
    }
}
