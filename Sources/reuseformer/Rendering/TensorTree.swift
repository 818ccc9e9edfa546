import Platform
import Reporting
import Rewriting

/// The tensors of a checkpoint as a tree of their names.
struct TensorTree {
    /// What stands at the end of a name.
    struct Leaf: Hashable {
        let type: String
        let shape: String
        /// Tensors that are drawn as one.
        let count: Int
        /// Bytes of all of them.
        let bytes: Int
        /// Filters that the bytes went through.
        let filters: [String]
        /// What the tensor is used for.
        let use: String
    }

    private final class Branch {
        var leaf: Leaf?
        var order: [String] = []
        var children: [String: Branch] = [:]

        func child(_ name: String) -> Branch {
            if let child = children[name] { return child }
            let child = Branch()
            children[name] = child
            order.append(name)
            return child
        }
    }

    private let root = Branch()

    /// Branches on the way to a leaf; what a longer name holds besides stays together. Groups of HDF5 are nested no
    /// deeper, but a name in a safetensors file is any text, and drawing follows it.
    private static let deepest = 64

    init(_ tensors: [(name: String, leaf: Leaf)]) {
        for (name, leaf) in tensors {
            var branch = root
            for part in name.split(separator: "/", maxSplits: Self.deepest - 1) { branch = branch.child(String(part)) }
            branch.leaf = leaf
        }
    }

    /// The tree as lines of text.
    var text: String {
        var lines: [(name: String, leaf: Leaf?)] = []
        draw(root, indent: "", into: &lines)
        let width = min(64, lines.map(\.name.count).max() ?? 0)
        return lines.map { line in
            guard let leaf = line.leaf else { return line.name }
            let space = String(repeating: " ", count: max(1, width - line.name.count + 2))
            let filters = leaf.filters.isEmpty ? "" : "  " + leaf.filters.map(Terminal.escaped).joined(separator: "+")
            let times = leaf.count > 1 ? " ×\(leaf.count)" : ""
            return "\(line.name)\(space)\(leaf.type) \(leaf.shape)\(times)  \(Format.bytes(leaf.bytes))\(filters)  → "
                + Terminal.escaped(leaf.use)
        }.joined(separator: "\n")
    }

    private func draw(_ branch: Branch, indent: String, into lines: inout [(name: String, leaf: Leaf?)]) {
        for first in branch.order {
            guard let child = branch.children[first] else { continue }
            var name = Terminal.escaped(first)
            // Groups with a single group inside are one line.
            var inner = child
            while inner.leaf == nil, inner.order.count == 1, let only = inner.order.first,
                let next = inner.children[only]
            {
                name += "/" + Terminal.escaped(only)
                inner = next
            }
            lines.append((indent + name, inner.leaf))
            draw(inner, indent: indent + "  ", into: &lines)
        }
    }
}
