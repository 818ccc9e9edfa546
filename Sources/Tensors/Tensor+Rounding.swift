extension Tensor {
    /// The numbers rounded to bfloat16, ties to the even one; infinities and what is no number stay.
    package func bfloat16() -> Tensor? {
        if dtype == .bfloat16 { return self }
        let storage = TensorStorage(byteCount: count * 2) { target in
            let target = target.bindMemory(to: UInt16.self)
            withFloats { source in
                for index in source.indices { target[index] = bfloat16Bits(of: source[index]).littleEndian }
            }
        }
        return Tensor(dtype: .bfloat16, shape: shape, storage: storage)
    }

    /// Numbers rounded to IEEE 754 binary16, ties to the even one.
    package init?(halves numbers: [Float], shape: Shape) {
        let storage = TensorStorage(byteCount: numbers.count * 2) { target in
            let target = target.bindMemory(to: UInt16.self)
            for (index, number) in numbers.enumerated() { target[index] = halfBits(of: number).littleEndian }
        }
        self.init(dtype: .float16, shape: shape, storage: storage)
    }
}

/// The upper half of a number's bits, rounded to nearest, ties to even; what is no number stays none.
package func bfloat16Bits(of value: Float) -> UInt16 {
    let bits = value.bitPattern
    guard !value.isNaN else { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
}

/// The IEEE 754 binary16 number nearest to a value, ties to even; infinity for what is too large.
package func halfBits(of value: Float) -> UInt16 {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = Float(bitPattern: bits & 0x7FFF_FFFF)
    guard !value.isNaN else { return sign | 0x7E00 }
    // Halfway between the largest number and the next power of two.
    guard magnitude < 65520 else { return sign | 0x7C00 }
    guard magnitude >= 0x1p-14 else {
        // Subnormal numbers are multiples of 2⁻²⁴; the largest rounds up to the smallest normal one.
        return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let rounded = magnitude.bitPattern + 0xFFF + (magnitude.bitPattern >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded >> 13) - (112 << 10))
}
