import CKernels
import Foundation
import Platform
import Testing

/// A map with random contents whose products are in bfloat16.
private struct Case {
    var queries = 27, keys = 61
    let headSize = 32, width = 48, readers = 2
    var isCausal = false
    var window = 0
    var isBorrowed = false, isBlended = false, hasPackedKeys = false
    let q, k, v, map: Floats

    init(queries: Int, keys: Int, isCausal: Bool = false, window: Int = 0, seed: Int) {
        (self.queries, self.keys, self.isCausal, self.window) = (queries, keys, isCausal, window)
        var random = Random(seed: seed)
        q = random.floats(queries * headSize)
        k = random.floats(keys * headSize, scale: 2)
        v = random.floats(readers * keys * width)
        let stride = keys + 3
        map = Floats(queries * stride) { index in
            let query = index / stride, key = index % stride, position = isCausal ? query + keys - queries : query
            let isFar = window > 0 && (position - key >= window || !isCausal && key - position >= window)
            return key >= keys || isFar || isCausal && key > position ? 0 : abs(random.float()) / 20
        }
    }

    /// Contexts of all readers, and the kept map.
    func run(on set: KernelSet, isRounded: Bool = true, cuts: [Int] = []) throws -> [Float] {
        let table = try #require(set.table)
        let out = Floats(readers * queries * width), keep = Floats(queries * keys)
        let scratch = Floats(
            rk_attention_scratch(keys, width) + rk_rounded_scratch(keys, headSize, width, readers)
        ) { _ in .nan }
        let packed = Floats(roundedUp(keys, to: 16) * headSize)
        for key in 0..<keys { rk_store_key(k.base + key * headSize, headSize, key, packed.base) }
        var problem = rk_map()
        (problem.queries, problem.keys, problem.head_size) = (queries, keys, headSize)
        (problem.causal, problem.window) = (isCausal ? 1 : 0, window)
        let consumers = (0..<readers).map {
            rk_consumer(
                v: v.base + $0 * keys * width, ldv: width, width: width, out: out.base + $0 * queries * width,
                ldo: width)
        }
        let terms = [
            rk_term(
                kind: Int32(RK_TERM_MAP.rawValue), weight: isBlended ? 0.7 : 1, map: map.base, ldmap: keys + 3),
            rk_term(kind: Int32(RK_TERM_MEAN.rawValue), weight: 0.4, map: nil, ldmap: 0),
        ]
        consumers.withUnsafeBufferPointer { consumers in
            terms.withUnsafeBufferPointer { terms in
                (problem.consumers, problem.consumer_count) = (consumers.baseAddress, readers)
                if isBorrowed {
                    (problem.terms, problem.term_count) = (terms.baseAddress, isBlended ? 2 : 1)
                } else {
                    (problem.q, problem.ldq) = (UnsafePointer(q.base), headSize)
                    (problem.k, problem.ldk) = (UnsafePointer(k.base), headSize)
                    if hasPackedKeys { problem.packed_keys = UnsafePointer(packed.base) }
                    (problem.keep, problem.ldkeep) = (keep.base, keys)
                }
                problem.rounded = isRounded ? UnsafePointer(table.pointee.bfloat) : nil
                problem.scratch = scratch.base
                for (begin, end) in zip([0] + cuts, cuts + [queries]) { rk_attention(table, &problem, begin, end) }
            }
        }
        #expect(out.marginIsIntact && keep.marginIsIntact && scratch.marginIsIntact)
        return out.values + keep.values
    }

    static var all: [Case] {
        (0..<16).map { index in
            var problem = Case(
                queries: [1, 5, 27, 40][index % 4], keys: [40, 61, 77, 97][index / 4], isCausal: index % 2 == 1,
                window: index % 3 == 2 ? 7 : 0, seed: index + 1)
            problem.isBorrowed = index % 5 > 2
            problem.isBlended = index % 5 == 4
            problem.hasPackedKeys = index % 5 == 1
            return problem
        }
    }
}

@Suite("Attention in bfloat16")
struct RoundedAttentionTests {
    @Test("all instruction sets, and all cuts of the queries, give the same bits", arguments: KernelSet.all)
    func sameBits(_ set: KernelSet) throws {
        let first = try #require(KernelSet.all.first)
        for problem in Case.all {
            let whole = try problem.run(on: set)
            #expect(try whole == problem.run(on: first))
            if problem.queries > 3 {
                #expect(try problem.run(on: set, cuts: [1, problem.queries / 2]) == whole)
            }
        }
    }

    @Test("contexts and maps are near those in float32, and not the same")
    func error() throws {
        for problem in Case.all {
            let rounded = try problem.run(on: KernelSet.all[0])
            let exact = try problem.run(on: KernelSet.all[0], isRounded: false)
            #expect(zip(rounded, exact).allSatisfy { abs($0 - $1) < 0.03 })
            #expect(rounded != exact)
        }
    }
}
