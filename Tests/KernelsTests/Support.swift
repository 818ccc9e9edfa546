import Platform
import CKernels
import Runtime
import Tensors
import Testing

/// Floats in memory of their own, aligned for kernels, with a margin that shows writes beyond the end. The margin is
/// not-a-number, so that a read beyond the end that matters shows in the result.
final class Floats {
    let count: Int
    let base: UnsafeMutablePointer<Float>
    private static let margin = 64

    init(_ count: Int, _ value: (Int) -> Float = { _ in 0 }) {
        self.count = count
        let bytes = (count + 2 * Self.margin) * MemoryLayout<Float>.stride
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        let start = raw.bindMemory(to: Float.self, capacity: count + 2 * Self.margin)
        start.initialize(repeating: .nan, count: count + 2 * Self.margin)
        base = start + Self.margin
        for index in 0..<count { base[index] = value(index) }
    }

    convenience init(_ values: [Float]) {
        self.init(values.count) { values[$0] }
    }

    deinit {
        UnsafeMutableRawPointer(base - Self.margin).deallocate()
    }

    subscript(index: Int) -> Float { base[index] }
    var values: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

    var marginIsIntact: Bool {
        (0..<Self.margin).allSatisfy { base[count + $0].isNaN && base[-1 - $0].isNaN }
    }
}

/// Random arguments of kernels, the same on every machine.
struct Random {
    private var numbers: SplitMix

    init(seed: Int) { numbers = SplitMix(seed: UInt64(bitPattern: Int64(seed))) }

    mutating func next() -> UInt64 { numbers.next() }

    /// Uniform in -1..<1.
    mutating func float() -> Float { Float(Int32(truncatingIfNeeded: next() >> 32)) / 2_147_483_648 }

    mutating func floats(_ count: Int, scale: Float = 1) -> Floats { Floats(count) { _ in float() * scale } }

    mutating func index(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }
}

/// An instruction set that this CPU has.
struct KernelSet: CustomTestStringConvertible, Sendable {
    let isa: rk_isa

    static let all: [KernelSet] = [
        RK_SCALAR, RK_AVX2, RK_AVX2_VNNI, RK_AVX512, RK_AVX512_VNNI, RK_AVX512_BF16, RK_NEON, RK_NEON_DOT,
    ]
    .filter { rk_kernels_of($0) != nil }.map(KernelSet.init)

    var testDescription: String { String(cString: rk_name(isa)) }

    /// What the C functions take.
    var table: UnsafePointer<rk_kernels>? { rk_kernels_of(isa) }

    /// Empty, so that a test fails at its first call, when the set is missing after all.
    var kernels: rk_kernels { rk_kernels_of(isa)?.pointee ?? rk_kernels() }
}

func roundedUp(_ value: Int, to unit: Int) -> Int { (value + unit - 1) / unit * unit }

/// The largest |a - b|; infinite when lengths differ or a number is not one.
func largestDifference(_ a: [Float], _ b: [Double]) -> Double {
    guard a.count == b.count else { return .infinity }
    var largest = 0.0
    for (x, y) in zip(a, b) {
        let difference = abs(Double(x) - y)
        if difference.isNaN { return .infinity }
        largest = max(largest, difference)
    }
    return largest
}
