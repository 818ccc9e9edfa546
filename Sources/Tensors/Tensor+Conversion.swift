extension Tensor {
    /// The elements as float32; `self` when they are stored so already and aligned.
    ///
    /// Widening is exact for float16 and bfloat16; float64 and wide integers round to nearest.
    package func float32() -> Tensor {
        if isAlignedFloat32 { return self }
        return withUnsafeBytes { source in
            Tensor(shape: shape) { target in
                switch dtype {
                case .float16: fill(target, from: source) { (bits: UInt16) in float(fromHalf: bits) }
                case .bfloat16: fill(target, from: source) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
                case .float32: fill(target, from: source) { (bits: UInt32) in Float(bitPattern: bits) }
                case .float64: fill(target, from: source) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
                case .int8: fill(target, from: source) { (value: Int8) in Float(value) }
                case .int16: fill(target, from: source) { (value: Int16) in Float(value) }
                case .int32: fill(target, from: source) { (value: Int32) in Float(value) }
                case .int64: fill(target, from: source) { (value: Int64) in Float(value) }
                case .uint8, .bool: fill(target, from: source) { (value: UInt8) in Float(value) }
                case .uint16: fill(target, from: source) { (value: UInt16) in Float(value) }
                case .uint32: fill(target, from: source) { (value: UInt32) in Float(value) }
                case .uint64: fill(target, from: source) { (value: UInt64) in Float(value) }
                }
            }
        }
    }
}

private func fill<Element>(
    _ target: UnsafeMutableBufferPointer<Float>, from source: UnsafeRawBufferPointer, _ widen: (Element) -> Float
) {
    for index in target.indices {
        let offset = index * MemoryLayout<Element>.size
        target[index] = widen(source.loadUnaligned(fromByteOffset: offset, as: Element.self))
    }
}

/// The value of an IEEE 754 binary16 number given by its bits; exact.
///
/// Written out because `Float16` is not available on every platform that we build for.
package func float(fromHalf bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
        // Subnormal: fraction · 2⁻²⁴, exact in binary32.
        let magnitude = Float(fraction) * 0x1p-24
        return Float(bitPattern: magnitude.bitPattern | sign)
    case 0x1F:
        return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default:
        return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}
