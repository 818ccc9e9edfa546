import CKernels
import Foundation
import Runtime
import Testing

@Suite("Kernels that merge tokens")
struct TokenTests {
    /// Which rows become which: keys of two heads of 16 columns, most of them 0.
    private func numbers(
        _ set: KernelSet, _ directions: [[Float]], first: Int = 0, last: Int? = nil, count: Int
    ) -> [Float] {
        let rows = directions.count
        // The two heads hold shares of the same direction: their sum counts.
        let keys = Floats(2 * rows * 16) { index in
            let head = index / (rows * 16), row = index / 16 % rows, column = index % 16
            guard column < directions[row].count else { return 0 }
            return directions[row][column] * (head == 0 ? 3 : -2)
        }
        let scratch = Floats(rk_match_scratch(rows, 16)), target = Floats(rows)
        rk_match_tokens(
            set.table, keys.base, rows * 16, 2, 16, rows, first, last ?? rows, count, scratch.base, target.base, 1)
        #expect(scratch.marginIsIntact && target.marginIsIntact)
        return target.values
    }

    @Test("the most alike pairs are taken, the earliest of equal ones", arguments: KernelSet.all)
    func pairs(_ set: KernelSet) {
        // Rows 0, 2, 4 against rows 1, 3, 5: row 0 is most like 3, row 2 like 1 and 5 alike, row 4 like none.
        let rows: [[Float]] = [[1, 0], [0, 1], [0, 2], [2, 0.1], [-1, -1], [0, 3]]
        #expect(numbers(set, rows, count: 0) == [0, 1, 2, 3, 4, 5])
        #expect(numbers(set, rows, count: 1) == [0, 1, 1, 2, 3, 4])
        #expect(numbers(set, rows, count: 2) == [1, 0, 0, 1, 2, 3])
        // The last one goes to the earliest of those that are least unlike.
        #expect(numbers(set, rows, count: 3) == [1, 0, 0, 1, 0, 2])
    }

    @Test("more pairs than are compared at once are matched alike", arguments: KernelSet.all)
    func many(_ set: KernelSet) {
        // 150 directions, 0.02 apart; behind each another one, nearer to it than to the next.
        let rows = (0..<300).map { row in
            let angle = 0.02 * Float(row / 2) + (row % 2 == 0 ? 0 : 0.001 + 0.00005 * Float(row * 7 % 150))
            return [cos(angle), sin(angle)]
        }
        #expect(numbers(set, rows, count: 150) == (0..<300).map { Float($0 / 2) })
    }

    @Test("rows that are kept are neither merged nor merged with", arguments: KernelSet.all)
    func kept(_ set: KernelSet) {
        let rows: [[Float]] = [[1, 0], [1, 0], [0, 1], [1, 0], [0, 1], [1, 0]]
        // Candidates 1…4: rows 1 and 3 against rows 2 and 4, all at right angles.
        #expect(numbers(set, rows, first: 1, last: 5, count: 2) == [0, 1, 1, 1, 2, 3])
    }

    @Test("rows of nothing and of what is no number do not hinder", arguments: KernelSet.all)
    func degenerate(_ set: KernelSet) {
        let rows: [[Float]] = [[.nan, 0], [1, 0], [0, 0], [0, 0], [2, 0], [.infinity, 1]]
        let found = numbers(set, rows, count: 2)
        #expect(found.max() == 3 && Set(found).count == 4)
    }

    @Test("merged rows are means by size, and others stay to the bit")
    func means() {
        let x = Floats([1, 10, 0.1, 0.3, 4, 40, 7, 70]), target = Floats([0, 1, 0, 0]), sizes = Floats([1, 5, 2, 3])
        let scratch = Floats(rk_match_scratch(4, 16)), out = Floats(4), merged = Floats(2)
        rk_merge_rows(x.base, 2, 4, 2, target.base, 1, nil, 0, 2, scratch.base, out.base, 2)
        #expect(out.values == [4, 40, 0.1, 0.3])
        rk_merge_rows(x.base, 2, 4, 2, target.base, 1, sizes.base, 1, 2, scratch.base, out.base, 2)
        #expect(out.values == [5, 50, 0.1, 0.3])
        rk_merge_sizes(target.base, 1, sizes.base, 1, 4, 2, merged.base, 1)
        #expect(merged.values == [6, 5])
        rk_merge_sizes(target.base, 1, nil, 0, 4, 2, merged.base, 1)
        #expect(merged.values == [3, 1])
        #expect(out.marginIsIntact && merged.marginIsIntact && scratch.marginIsIntact)
    }
}
