import CKernels
import Foundation
import Runtime
import Tensors
import Testing

/// A product with random contents and its value in double precision.
private struct Product {
    var rows: Int, k: Int, n: Int
    var activation = RK_IDENTITY
    var hasBias = true, hasResidual = false
    var ldx: Int { k + 3 }
    var ldo: Int { n + 5 }

    let x, weight, bias, residual, packed: Floats

    init(
        rows: Int, k: Int, n: Int, activation: rk_activation = RK_IDENTITY, hasBias: Bool = true,
        hasResidual: Bool = false, seed: Int
    ) {
        (self.rows, self.k, self.n) = (rows, k, n)
        (self.activation, self.hasBias, self.hasResidual) = (activation, hasBias, hasResidual)
        var random = Random(seed: seed)
        x = random.floats(rows * (k + 3))
        weight = random.floats(k * n, scale: 0.2)
        bias = Floats(roundedUp(n, to: 16)) { $0 < n ? random.float() : 0 }
        residual = random.floats(rows * n)
        packed = Floats(rk_packed_count(k, n))
        rk_pack(weight.base, k, n, n, 1, packed.base)
    }

    func structure(out: Floats) -> rk_product {
        var product = rk_product()
        (product.x, product.ldx) = (UnsafePointer(x.base), ldx)
        (product.rows, product.k, product.n) = (rows, k, n)
        product.packed = UnsafePointer(packed.base)
        product.bias = hasBias ? UnsafePointer(bias.base) : nil
        product.activation = Int32(activation.rawValue)
        product.residual = hasResidual ? UnsafePointer(residual.base) : nil
        (product.ldr, product.out, product.ldo) = (n, out.base, ldo)
        return product
    }

    /// `[rows, ldo]`; columns beyond n stay as the buffer was made.
    func run(on set: KernelSet, rowCuts: [Int] = [], panelCuts: [Int] = []) throws -> [Float] {
        let out = Floats(rows * ldo) { _ in -7 }
        var product = structure(out: out)
        let multiply = try #require(set.kernels.multiply)
        let rowEdges = [0] + rowCuts + [rows]
        let panelEdges = [0] + panelCuts + [(n + 15) / 16]
        for (begin, end) in zip(rowEdges, rowEdges.dropFirst()) {
            for (first, last) in zip(panelEdges, panelEdges.dropFirst()) { multiply(&product, begin, end, first, last) }
        }
        #expect(out.marginIsIntact)
        return out.values
    }

    var expected: [Double] {
        var out = [Double](repeating: -7, count: rows * ldo)
        for row in 0..<rows {
            for column in 0..<n {
                var sum = 0.0
                for i in 0..<k { sum += Double(x[row * ldx + i]) * Double(weight[i * n + column]) }
                if hasBias { sum += Double(bias[column]) }
                sum = activationReference(activation, sum)
                if hasResidual { sum += Double(residual[row * n + column]) }
                out[row * ldo + column] = sum
            }
        }
        return out
    }
}

@Suite("Matrix products")
struct ProductTests {
    /// Sums of up to 500 products below 0.2 in single precision.
    private static let tolerance = 2e-5

    @Test("a product of any shape agrees with double precision", arguments: KernelSet.all)
    func oddShapes(_ set: KernelSet) throws {
        var random = Random(seed: 1)
        for rows in 1...40 {
            let product = Product(
                rows: rows, k: random.index(1...120), n: random.index(1...70), hasBias: rows % 3 != 0,
                hasResidual: rows % 2 == 0, seed: rows)
            let found = try product.run(on: set)
            #expect(
                largestDifference(found, product.expected) < Self.tolerance,
                "rows \(rows), k \(product.k), n \(product.n)")
        }
    }

    @Test(
        "a product of more rows than pass the weights together agrees with double precision", arguments: KernelSet.all)
    func manyRows(_ set: KernelSet) throws {
        for rows in [144, 145, 150, 289, 437] {
            let product = Product(rows: rows, k: 9, n: 50, hasResidual: true, seed: rows)
            #expect(largestDifference(try product.run(on: set), product.expected) < Self.tolerance, "rows \(rows)")
        }
    }

    @Test("a long sum agrees with double precision", arguments: KernelSet.all, [499, 500])
    func deep(_ set: KernelSet, _ k: Int) throws {
        let product = Product(rows: 13, k: k, n: 33, seed: k)
        #expect(largestDifference(try product.run(on: set), product.expected) < Self.tolerance)
    }

    @Test("many deep rows, whose sums wait between parts of the depth, are right and have the bits of single rows")
    func cutDepth() throws {
        // 40 rows of 5003 do not fit into the cache together, a single row does. The last panel is whole or not.
        for (n, activation) in [(64, RK_IDENTITY), (61, RK_IDENTITY), (64, RK_RELU)] {
            let product = Product(rows: 40, k: 5003, n: n, activation: activation, hasResidual: true, seed: n)
            let expected = product.expected
            for set in KernelSet.all {
                let whole = try product.run(on: set)
                #expect(largestDifference(whole, expected) < 20 * Self.tolerance)
                #expect(try product.run(on: set, rowCuts: Array(1..<40)) == whole)
                #expect(try product.run(on: set, panelCuts: [1, 3]) == whole)
            }
        }
    }

    @Test(
        "a product's activation is applied between bias and residual", arguments: KernelSet.all,
        activations.filter { $0.rawValue <= RK_LAST_FUSED.rawValue })
    func fused(_ set: KernelSet, _ activation: rk_activation) throws {
        for n in [32, 39] {
            let product = Product(rows: 7, k: 20, n: n, activation: activation, hasResidual: true, seed: 3)
            #expect(largestDifference(try product.run(on: set), product.expected) < Self.tolerance)
        }
    }

    @Test("a row has the same bits whatever rows and panels are computed with it", arguments: KernelSet.all)
    func cuts(_ set: KernelSet) throws {
        for activation in [RK_IDENTITY, RK_GELU] {
            let product = Product(rows: 29, k: 77, n: 100, activation: activation, hasResidual: true, seed: 4)
            let whole = try product.run(on: set)
            for rowCuts in [[1], [5, 6, 20], Array(1..<29)] {
                for panelCuts in [[], [1], [2, 5], [1, 2, 3, 4, 5, 6]] {
                    #expect(try product.run(on: set, rowCuts: rowCuts, panelCuts: panelCuts) == whole)
                }
            }
        }
    }

    @Test("instruction sets agree on products to the bit")
    func sameBits() throws {
        let product = Product(rows: 37, k: 131, n: 83, activation: RK_GELU, hasResidual: true, seed: 5)
        let results = try KernelSet.all.map { try product.run(on: $0) }
        for result in results { #expect(result == results[0]) }
    }

    @Test("a product's residual may be its output", arguments: KernelSet.all)
    func inPlace(_ set: KernelSet) throws {
        for n in [48, 41] {
            let product = Product(rows: 9, k: 30, n: n, hasResidual: true, seed: 6)
            let out = Floats(product.residual.values)
            var structure = product.structure(out: out)
            structure.residual = UnsafePointer(out.base)
            structure.ldo = n
            set.kernels.multiply(&structure, 0, 9, 0, (n + 15) / 16)
            let apart = try product.run(on: set)
            for row in 0..<9 {
                #expect(
                    Array(out.values[row * n..<(row + 1) * n])
                        == Array(apart[row * product.ldo..<row * product.ldo + n]))
            }
        }
    }

    @Test("the head-major store places column c of head h at [h][row][c]", arguments: KernelSet.all, [16, 32, 48])
    func headMajor(_ set: KernelSet, _ headSize: Int) throws {
        let heads = 3, rows = 11
        let product = Product(rows: rows, k: 24, n: heads * headSize, seed: 7)
        let plain = try product.run(on: set)
        let stride = rows * headSize + 16
        let out = Floats(heads * stride) { _ in -7 }
        var structure = product.structure(out: out)
        (structure.head_size, structure.head_stride) = (headSize, stride)
        set.kernels.multiply(&structure, 0, rows, 0, heads * headSize / 16)
        #expect(out.marginIsIntact)
        for row in 0..<rows {
            for column in 0..<heads * headSize {
                let found = out[column / headSize * stride + row * headSize + column % headSize]
                #expect(found == plain[row * product.ldo + column])
            }
        }
    }

    @Test("rows that are a page apart are computed like any others", arguments: KernelSet.all)
    func pageStride(_ set: KernelSet) throws {
        var random = Random(seed: 8)
        let rows = 21, k = 40, n = 48
        let wide = random.floats(rows * 1024), weight = random.floats(k * n)
        let packed = Floats(rk_packed_count(k, n)), out = Floats(rows * n), compact = Floats(rows * n)
        rk_pack(weight.base, k, n, n, 1, packed.base)
        let narrow = Floats(rows * k) { wide[$0 / k * 1024 + $0 % k] }
        for (x, ldx, target) in [(wide, 1024, out), (narrow, k, compact)] {
            var product = rk_product()
            (product.x, product.ldx, product.rows, product.k, product.n) = (UnsafePointer(x.base), ldx, rows, k, n)
            (product.packed, product.out, product.ldo) = (UnsafePointer(packed.base), target.base, n)
            set.kernels.multiply(&product, 0, rows, 0, 3)
        }
        #expect(out.values == compact.values)
    }
}

@Suite("Packing")
struct PackingTests {
    @Test("panels hold sixteen columns, zeros behind the last, and the scale")
    func panels() {
        // [2, 18]: column c of row r is 100 r + c.
        let weight = Floats(2 * 18) { Float(100 * ($0 / 18) + $0 % 18) }
        #expect(rk_packed_count(2, 18) == 64)
        let packed = Floats(64) { _ in -1 }
        rk_pack(weight.base, 2, 18, 18, 0.5, packed.base)
        let first = (0..<16).map { Float($0) / 2 }, second = (0..<16).map { Float(100 + $0) / 2 }
        let zeros = [Float](repeating: 0, count: 14)
        #expect(packed.values == first + second + [8, 8.5] + zeros + [58, 58.5] + zeros)
        #expect(packed.marginIsIntact)
    }

    @Test("packing the transposed matrix gives the same panels", arguments: [(1, 1), (5, 16), (33, 40), (7, 31)])
    func transposed(_ k: Int, _ n: Int) {
        var random = Random(seed: 9)
        let weight = random.floats(k * (n + 2))
        let turned = Floats(n * (k + 1)) { $0 % (k + 1) < k ? weight[$0 % (k + 1) * (n + 2) + $0 / (k + 1)] : -1 }
        let a = Floats(rk_packed_count(k, n)), b = Floats(rk_packed_count(k, n))
        rk_pack(weight.base, k, n, n + 2, 0.25, a.base)
        rk_pack_transposed(turned.base, k, n, k + 1, 0.25, b.base)
        #expect(a.values == b.values)
    }
}
