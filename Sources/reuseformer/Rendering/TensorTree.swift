import Platform
import Reporting
import Rewriting

/// The tensors of a checkpoint as a tree of their names, alike siblings drawn once.
struct TensorTree {
    /// What stands at the end of a name.
    struct Leaf: Hashable {
        let type: String
        let shape: String
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

        /// Everything below, without the branch's own name: equal for layers that are built alike.
        var signature: String {
            let own = leaf.map { "\($0.type)\($0.shape)" } ?? ""
            return own + "("
                + order.compactMap { name in children[name].map { "\(name):\($0.signature)" } }.joined(separator: ",")
                + ")"
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
        var lines: [(name: String, leaf: Leaf?, count: Int)] = []
        draw(root, indent: "", into: &lines)
        let width = min(64, lines.map(\.name.count).max() ?? 0)
        return lines.map { line in
            guard let leaf = line.leaf else { return line.name }
            let space = String(repeating: " ", count: max(1, width - line.name.count + 2))
            let filters = leaf.filters.isEmpty ? "" : "  " + leaf.filters.map(Terminal.escaped).joined(separator: "+")
            return "\(line.name)\(space)\(leaf.type) \(leaf.shape)  \(Format.bytes(leaf.bytes))\(filters)  → "
                + Terminal.escaped(leaf.use)
        }.joined(separator: "\n")
    }

    private func draw(_ branch: Branch, indent: String, into lines: inout [(name: String, leaf: Leaf?, count: Int)]) {
        var index = 0
        while index < branch.order.count {
            let first = branch.order[index]
            guard let child = branch.children[first] else { break }
            // A run of numbered siblings of one build: `layer_._0 … layer_._5`.
            var end = index + 1
            let signature = child.leaf == nil ? child.signature : ""
            while !signature.isEmpty, end < branch.order.count, branch.order[end].withoutDigits == first.withoutDigits,
                branch.children[branch.order[end]]?.signature == signature
            {
                end += 1
            }
            var name = Terminal.escaped(first)
            if end - index > 1 { name += " … \(Terminal.escaped(branch.order[end - 1]))  (\(end - index) alike)" }
            // Groups with a single group inside are one line.
            var inner = child
            while end - index == 1, inner.leaf == nil, inner.order.count == 1, let only = inner.order.first,
                let next = inner.children[only]
            {
                name += "/" + Terminal.escaped(only)
                inner = next
            }
            lines.append((indent + name, inner.leaf, end - index))
            draw(inner, indent: indent + "  ", into: &lines)
            index = end
        }
    }
}

extension String {
    fileprivate var withoutDigits: String { String(filter { !$0.isNumber }) }
}
