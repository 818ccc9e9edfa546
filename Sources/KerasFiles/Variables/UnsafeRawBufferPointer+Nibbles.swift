extension UnsafeRawBufferPointer {
    /// Half a byte as a number -8 … 7, in two's complement.
    package func nibble(_ index: Int, isHigh: Bool) -> Float {
        let byte = self[index]
        let half = isHigh ? byte >> 4 : byte & 15
        return Float(Int(half ^ 8) - 8)
    }
}
