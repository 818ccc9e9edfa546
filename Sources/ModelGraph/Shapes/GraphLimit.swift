/// How large a graph may be: far beyond any transformer, and small enough that no product of two sizes overflows.
///
/// A graph may come from a file that lies. Parameters and widths of a `CheckedGraph` may be multiplied without
/// checking. The only limits on graphs: what one reader accepts, all do, so that a model that was read and written can
/// be read again.
package enum GraphLimit {
    /// Nodes of a graph.
    package static let nodes = 1 << 16
    /// Width of a value, rows of a table, and width of all heads of a node together.
    package static let extent = 1 << 26
    /// Heads of one node.
    package static let heads = 1 << 12
    /// Distances of positions that have a number of their own, over all heads of a node: the runtime spells them out.
    package static let distances = 1 << 22
    /// Values that one node puts together.
    package static let concatenated = 1 << 12
    /// Numbers in all parameters of a graph.
    package static let parameters = 1 << 48
    /// Exits of a model.
    package static let exits = 32
}
