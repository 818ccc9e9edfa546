import CKernels
import Foundation
import Runtime
import Tensors
import Testing

@Suite("Small products and rare rows")
struct SmallProductTests {
    private static let widths = [1, 2, 15, 16, 17, 48, 63, 130]

    @Test("rows of length 1 agree with their definition, and short rows stay finite", arguments: KernelSet.all, widths)
    func unitNorm(_ set: KernelSet, _ width: Int) {
        var random = Random(seed: width)
        let x = Floats(2 * width) { $0 < width ? random.float() : 0 }, out = Floats(2 * width)
        set.kernels.unit_norm(x.base, width, 2, width, 1e-12, out.base, width)
        let length = (0..<width).reduce(0) { $0 + Double(x[$1]) * Double(x[$1]) }.squareRoot()
        let expected = (0..<2 * width).map { Double(x[$0]) / max(length, 1e-6) }
        #expect(largestDifference(out.values, expected) < 1e-6)
        #expect(out.marginIsIntact)
    }

    @Test("the larger and the smaller of two numbers, and what is not a number stays", arguments: KernelSet.all)
    func extremes(_ set: KernelSet) {
        let a = Floats([Float](repeating: 0, count: 33).enumerated().map { Float($0.offset) - 16 })
        let b = Floats(33) { Float(16 - $0) }
        for isMaximum in [true, false] {
            let out = Floats(33)
            set.kernels.extreme(a.base, b.base, 33, isMaximum ? 1 : 0, out.base)
            #expect(out.values == (0..<33).map { isMaximum ? max(a[$0], b[$0]) : min(a[$0], b[$0]) })
            #expect(out.marginIsIntact)
        }
        let none = Floats([.nan, 1]), one = Floats([1, .nan]), out = Floats(2)
        set.kernels.extreme(none.base, one.base, 2, 1, out.base)
        let areNone = out.values.allSatisfy { $0.isNaN }
        #expect(areNone)
    }

    @Test("additive scores are sums of tangents, each with its weight", arguments: KernelSet.all, [16, 48])
    func additiveScores(_ set: KernelSet, _ size: Int) {
        var random = Random(seed: size)
        let queries = 3, keys = 5
        let q = random.floats(queries * size, scale: 2), k = random.floats(keys * size, scale: 2)
        let weights = random.floats(size), out = Floats(queries * 8) { _ in -7 }
        set.kernels.additive_scores(q.base, size, k.base, size, size, weights.base, keys, 0, queries, out.base, 8)
        for query in 0..<queries {
            for key in 0..<keys {
                let expected = (0..<size).reduce(0) { sum, column in
                    sum + Double(weights[column])
                        * tanh(Double(q[query * size + column]) + Double(k[key * size + column]))
                }
                #expect(abs(Double(out[query * 8 + key]) - expected) < 1e-5)
            }
            #expect(out[query * 8 + keys] == -7)
        }
    }

    /// Groups, columns of a group's input, columns of its result.
    private static let groupings = [(1, 3, 5), (4, 1, 1), (20, 1, 1), (3, 1, 2), (2, 4, 17), (2, 8, 32)]

    @Test("groups of columns see their own part of each place", arguments: KernelSet.all, groupings)
    func groups(_ set: KernelSet, _ grouping: (Int, Int, Int)) {
        let (groups, depth, columns) = grouping
        var random = Random(seed: groups * 31 + columns)
        let places = 3, width = groups * columns
        let x = random.floats(places * groups * depth), weight = random.floats(places * depth * width)
        let bias = random.floats(width)
        for hasBias in [true, false] {
            let out = Floats(width)
            set.kernels.grouped(
                x.base, places, groups, depth, columns, weight.base, hasBias ? bias.base : nil, out.base)
            var expected = (0..<width).map { hasBias ? Double(bias[$0]) : 0 }
            for place in 0..<places {
                for row in 0..<depth {
                    for column in 0..<width {
                        let group = column / columns
                        expected[column] +=
                            Double(x[(place * groups + group) * depth + row])
                            * Double(weight[(place * depth + row) * width + column])
                    }
                }
            }
            #expect(largestDifference(out.values, expected) < 1e-5)
            #expect(out.marginIsIntact)
        }
    }

    @Test("products of matrices that nobody packed, either way round", arguments: KernelSet.all, widths)
    func products(_ set: KernelSet, _ columns: Int) {
        var random = Random(seed: columns)
        let rows = 3, depth = 19
        let a = random.floats(rows * depth)
        for isTransposed in [true, false] {
            let b = random.floats(depth * columns), out = Floats(rows * columns)
            let ldb = isTransposed ? depth : columns
            set.kernels.matrix_product(
                a.base, depth, rows, depth, b.base, ldb, columns, isTransposed ? 1 : 0, out.base, columns)
            let expected = (0..<rows * columns).map { index -> Double in
                let row = index / columns, column = index % columns
                return (0..<depth).reduce(0) { sum, k in
                    sum + Double(a[row * depth + k]) * Double(b[isTransposed ? column * ldb + k : k * ldb + column])
                }
            }
            #expect(largestDifference(out.values, expected) < 1e-5)
            #expect(out.marginIsIntact)
        }
    }
}
