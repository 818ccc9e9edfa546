import CKernels
import Foundation
import Runtime
import Tensors
import Testing

@Suite("Row operations")
struct RowTests {
    private static let widths = [1, 2, 15, 16, 17, 48, 63, 64, 65, 127, 384, 390]

    @Test("layer norm agrees with its definition", arguments: KernelSet.all, widths)
    func layerNorm(_ set: KernelSet, _ width: Int) throws {
        var random = Random(seed: width)
        let rows = 3, ld = width + 2
        let x = Floats(rows * ld) { _ in random.float() * 3 + 5 }
        let scale = random.floats(width), offset = random.floats(width)
        for hasOffset in [true, false] {
            let out = Floats(rows * ld) { _ in -7 }
            set.kernels.layer_norm(
                x.base, ld, rows, width, 1e-5, scale.base, hasOffset ? offset.base : nil, out.base, ld)
            var expected = [Double](repeating: -7, count: rows * ld)
            for row in 0..<rows {
                let values = (0..<width).map { Double(x[row * ld + $0]) }
                let mean = values.reduce(0, +) / Double(width)
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
                for i in 0..<width {
                    let normed = (values[i] - mean) / (variance + 1e-5).squareRoot() * Double(scale[i])
                    expected[row * ld + i] = normed + (hasOffset ? Double(offset[i]) : 0)
                }
            }
            // Two values that nearly agree differ by rounding errors of 5: relative to their distance.
            #expect(largestDifference(out.values, expected) < 2e-5)
            #expect(out.marginIsIntact)
        }
    }

    @Test("layer norm of a constant row is its offset", arguments: KernelSet.all)
    func constantRow(_ set: KernelSet) throws {
        let x = Floats([Float](repeating: 4, count: 64)), scale = Floats([Float](repeating: 2, count: 64))
        let offset = Floats(64) { Float($0) }
        set.kernels.layer_norm(x.base, 64, 1, 64, 1e-12, scale.base, offset.base, x.base, 64)
        #expect(x.values == offset.values)
    }

    @Test("RMS norm agrees with its definition", arguments: KernelSet.all, widths)
    func rmsNorm(_ set: KernelSet, _ width: Int) throws {
        var random = Random(seed: width)
        let rows = 2
        let x = random.floats(rows * width, scale: 4), scale = random.floats(width), out = Floats(rows * width)
        set.kernels.rms_norm(x.base, width, rows, width, 1e-6, scale.base, 1, out.base, width)
        var expected: [Double] = []
        for row in 0..<rows {
            let values = (0..<width).map { Double(x[row * width + $0]) }
            let size = (values.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-6).squareRoot()
            expected += (0..<width).map { values[$0] / size * (Double(scale[$0]) + 1) }
        }
        #expect(largestDifference(out.values, expected) < 5e-6)
        #expect(out.marginIsIntact)
    }

    @Test("sums and products run to the last element", arguments: KernelSet.all, [0, 1, 16, 37])
    func elementwise(_ set: KernelSet, _ count: Int) throws {
        var random = Random(seed: 11)
        let a = random.floats(count), b = random.floats(count), sum = Floats(count), product = Floats(count)
        set.kernels.add(a.base, b.base, count, sum.base)
        set.kernels.multiply_elements(a.base, b.base, count, product.base)
        #expect(sum.values == zip(a.values, b.values).map { $0 + $1 })
        #expect(product.values == zip(a.values, b.values).map { $0 * $1 })
        #expect(sum.marginIsIntact && product.marginIsIntact)
    }

    @Test("rows are looked up, scaled and added", arguments: KernelSet.all, [1, 16, 35])
    func gather(_ set: KernelSet, _ width: Int) throws {
        let table = Floats(4 * width) { Float($0) }
        let out = Floats(3 * width) { _ in 1 }
        let gather = try #require(set.kernels.gather)
        gather(table.base, width, [2, 0, 3], 3, 0.5, 0, out.base, width)
        gather(table.base, width, [1, 1, 2], 3, 2, 1, out.base, width)
        var expected: [Float] = []
        for (first, second) in [(2, 1), (0, 1), (3, 2)] {
            for column in 0..<width {
                expected.append(table[first * width + column] / 2 + table[second * width + column] * 2)
            }
        }
        #expect(out.values == expected)
        #expect(out.marginIsIntact)
    }

    @Test("the mean of rows is their mean", arguments: KernelSet.all, [1, 16, 35])
    func mean(_ set: KernelSet, _ width: Int) throws {
        let x = Floats(4 * (width + 1)) { Float($0 / (width + 1) * 8 + $0 % (width + 1)) }
        let out = Floats(width)
        set.kernels.mean_rows(x.base, width + 1, 4, width, out.base)
        #expect(out.values == (0..<width).map { 12 + Float($0) })
        #expect(out.marginIsIntact)
    }

    @Test("a normalised row has length one, a zero row stays", arguments: KernelSet.all, [2, 16, 35, 384])
    func normalize(_ set: KernelSet, _ width: Int) throws {
        var random = Random(seed: width)
        let x = random.floats(width), before = x.values
        set.kernels.normalize(x.base, width)
        let length = before.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(largestDifference(x.values, before.map { Double($0) / length }) < 2e-7)
        let zero = Floats(width)
        set.kernels.normalize(zero.base, width)
        #expect(zero.values.allSatisfy { $0 == 0 })
    }
}
