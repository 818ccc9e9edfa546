/// Registered numbers of the filters that we know.
package enum FilterID {
    package static let deflate = 1
    package static let shuffle = 2
    package static let fletcher32 = 3
    package static let szip = 4
    package static let nbit = 5
    package static let scaleOffset = 6
    package static let lzf = 32000
    package static let zstd = 32015

    /// What people call a filter that the library read the file with has no name for.
    static func name(of id: Int) -> String { id == zstd ? "zstd" : id == lzf ? "lzf" : "filter \(id)" }

    /// Filters that the helper applies, because only libhdf5 has them.
    static func isDecodedByHelper(_ id: Int) -> Bool { id == szip || id == nbit || id == scaleOffset }
    static func isDecodedHere(_ id: Int) -> Bool { [deflate, shuffle, fletcher32, lzf, zstd].contains(id) }
}
