/// Keys as paths of bytes, with a value at the end of each: one step per byte of text finds every key that a text
/// starts with.
///
/// Edges lie in one open-addressed table, so that building costs no more than reading the keys. The table's hash is
/// seeded per process: a file cannot be made to collide.
package struct ByteTrie: Sendable {
    /// A node of the trie; the empty key is ``root``.
    package typealias Node = UInt32

    package static let root: Node = 0
    private static let free = UInt64.max
    private static let seed = UInt64.random(in: .min ... .max)

    /// `node << 8 | byte` in the upper half, the child in the lower one.
    private var edges: [UInt64]
    private var edgeCount = 0
    /// Value of each node; negative for nodes that end no key.
    private var values: [Int32] = [-1]

    /// An empty trie for keys of about so many bytes together.
    package init(expectingBytes byteCount: Int = 0) {
        var capacity = 64
        while capacity < byteCount { capacity <<= 1 }
        edges = Array(repeating: ByteTrie.free, count: capacity)
        values.reserveCapacity(byteCount / 2)
    }

    @inline(__always)
    private func slot(of key: UInt32) -> Int {
        var mixed = (UInt64(key) &+ ByteTrie.seed) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 32
        return Int(truncatingIfNeeded: mixed) & (edges.count - 1)
    }

    /// The node one byte further.
    @inline(__always)
    package func child(of node: Node, byte: UInt8) -> Node? {
        let key = node << 8 | UInt32(byte)
        var at = slot(of: key)
        while true {
            let edge = edges[at]
            if UInt32(truncatingIfNeeded: edge >> 32) == key, edge != ByteTrie.free {
                return UInt32(truncatingIfNeeded: edge)
            }
            if edge == ByteTrie.free { return nil }
            at = (at + 1) & (edges.count - 1)
        }
    }

    /// The value of the key that ends at a node.
    @inline(__always)
    package func value(at node: Node) -> Int32? {
        let value = values[Int(node)]
        return value < 0 ? nil : value
    }

    /// The node at the end of a path, if some key starts that way.
    package func node(at path: some Sequence<UInt8>, from start: Node = root) -> Node? {
        var node = start
        for byte in path {
            guard let next = child(of: node, byte: byte) else { return nil }
            node = next
        }
        return node
    }

    /// The value of a key.
    package subscript(key: some Sequence<UInt8>) -> Int32? {
        node(at: key).flatMap { value(at: $0) }
    }

    /// The longest key that the bytes of a range start with: its value, and where it ends.
    @inline(__always)
    package func longestMatch(_ bytes: [UInt8], in range: Range<Int>, from start: Node = root) -> (Int32, end: Int)? {
        var node = start
        var best: (Int32, end: Int)?
        var at = range.lowerBound
        while at < range.upperBound, let next = child(of: node, byte: bytes[at]) {
            node = next
            at += 1
            if let value = value(at: node) { best = (value, at) }
        }
        return best
    }

    /// Adds a key with a value of 0 or more.
    ///
    /// - Returns: `false`, and nothing changes, when the key is there already or the trie is full (2²⁴ nodes).
    package mutating func insert(_ key: some Sequence<UInt8>, value: Int32) -> Bool {
        var node = ByteTrie.root
        for byte in key {
            guard let next = child(of: node, byte: byte) ?? addChild(of: node, byte: byte) else { return false }
            node = next
        }
        guard values[Int(node)] < 0 else { return false }
        values[Int(node)] = value
        return true
    }

    private mutating func addChild(of node: Node, byte: UInt8) -> Node? {
        // Half of the table stays free: probes stay short.
        if edgeCount * 2 >= edges.count { grow() }
        guard values.count < 1 << 24 else { return nil }
        let child = UInt32(values.count)
        values.append(-1)
        store(UInt64(node << 8 | UInt32(byte)) << 32 | UInt64(child))
        edgeCount += 1
        return child
    }

    private mutating func store(_ edge: UInt64) {
        var at = slot(of: UInt32(truncatingIfNeeded: edge >> 32))
        while edges[at] != ByteTrie.free { at = (at + 1) & (edges.count - 1) }
        edges[at] = edge
    }

    private mutating func grow() {
        let old = edges
        edges = Array(repeating: ByteTrie.free, count: old.count * 2)
        for edge in old where edge != ByteTrie.free { store(edge) }
    }
}
