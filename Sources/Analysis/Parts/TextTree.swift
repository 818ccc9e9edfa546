/// What can be added up over texts.
protocol TextSum: Sendable {
    mutating func add(_ other: Self)
}

/// Sums over a list of texts, added two by two in a binary tree that the number of texts alone decides.
///
/// Floating-point sums depend on their order. Here a sum over the texts 2ˡ·i ..< 2ˡ·(i + 1) is always that of its first
/// half plus that of its second half, whoever computes it: the texts may be cut anywhere, and the bits of the whole are
/// the same. While texts arrive in order, one sum a level is held at most.
struct TextTree<Sum: TextSum>: Sendable {
    /// The sum over some texts.
    struct Branch: Sendable {
        let level: Int
        let index: Int
        var sum: Sum

        /// The leaves that it is of; those beyond the last leaf do not exist.
        var leaves: Range<Int> { index << level..<(index + 1) << level }
    }

    /// Leaves of the whole tree.
    let count: Int
    /// Sums of neighbouring leaves, in order; no two of them make a larger branch together.
    private(set) var branches: [Branch] = []

    init(count: Int) { self.count = count }

    /// Level of the branch that is the whole tree.
    static func rootLevel(of count: Int) -> Int { count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount }

    /// The first leaf behind those that were added.
    var end: Int { branches.last.map { min($0.leaves.upperBound, count) } ?? 0 }

    /// Whether all leaves are there.
    var isComplete: Bool { end == count && (branches.first?.leaves.lowerBound ?? 0) == 0 }

    /// Adds what stands right behind all that is there; the first branch may stand anywhere.
    mutating func append(_ branch: Branch) {
        precondition(branches.last.map { $0.leaves.upperBound == branch.leaves.lowerBound } ?? true)
        branches.append(branch)
        while let last = branches.last, let before = branches.dropLast().last, last.level == before.level,
            before.index.isMultiple(of: 2)
        {
            branches.removeLast(2)
            var sum = before.sum
            sum.add(last.sum)
            branches.append(Branch(level: last.level + 1, index: before.index / 2, sum: sum))
        }
        guard end == count, branches.first?.leaves.lowerBound == 0, let last = branches.popLast() else { return }
        // What is left of a number that is no power of two: the smaller ones first.
        let sum = branches.reversed().reduce(last.sum) { sum, branch in
            var whole = branch.sum
            whole.add(sum)
            return whole
        }
        branches = [Branch(level: Self.rootLevel(of: count), index: 0, sum: sum)]
    }

    /// A tree from branches that others have computed, in any order.
    ///
    /// - Returns: `nil` where they are not the whole tree, each leaf once.
    init?(count: Int, joining branches: [Branch]) {
        self.init(count: count)
        var end = 0
        for branch in branches.sorted(by: { $0.leaves.lowerBound < $1.leaves.lowerBound }) {
            guard branch.leaves.lowerBound == end, end < count else { return nil }
            end = branch.leaves.upperBound
            append(branch)
        }
        guard isComplete else { return nil }
    }

    /// The sum over all leaves; `nil` where some are missing.
    var total: Sum? { isComplete ? branches.first?.sum : nil }
}
