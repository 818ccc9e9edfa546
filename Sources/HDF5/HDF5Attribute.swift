import Tensors

/// An attribute of a group or dataset.
package struct HDF5Attribute: Sendable {
    /// As it stands in the file.
    package let name: String
    /// Extents; `nil` for the null dataspace.
    package let shape: Shape?
    /// The elements.
    package let value: Value

    /// Elements of an attribute, by what they are.
    package enum Value: Sendable, Hashable {
        /// Text of any kind, padding removed; bytes that are no UTF-8 are spelled `\xNN`.
        case texts([String])
        case integers([Int64])
        /// Integers of unsigned types.
        case naturals([UInt64])
        case numbers([Double])
        /// No elements.
        case empty
        /// A kind of value that no checkpoint needs, by the name of its class.
        case other(String)
    }

    /// The elements as text; empty when there are none, whatever the type (an empty list of names is often stored as
    /// an empty list of numbers); `nil` when they are not text.
    package var texts: [String]? {
        switch value {
        case .texts(let texts): texts
        case .empty: []
        default: nil
        }
    }

    /// The text, if there is exactly one.
    package var text: String? {
        guard let texts, texts.count == 1 else { return nil }
        return texts[0]
    }

    init(_ attribute: IndexDocument.Attribute) {
        name = attribute.name
        shape = attribute.shape.map { Shape($0) }
        let type = attribute.type
        if shape == nil || shape?.count == 0 {
            value = .empty
        } else if let texts = attribute.texts {
            value = .texts(texts)
        } else if let data = attribute.data, let dtype = type.plain ?? type.converted {
            let isSwapped = type.plain != nil && type.isBigEndian
            value = Self.decoded(isSwapped ? byteSwapped(data, elementSize: dtype.byteCount) : data, as: dtype)
        } else {
            value = .other(type.className)
        }
    }

    private static func decoded(_ data: [UInt8], as dtype: DType) -> Value {
        data.withUnsafeBytes { bytes in
            func elements<Element>(_ type: Element.Type) -> [Element] {
                stride(
                    from: 0, to: bytes.count / MemoryLayout<Element>.size * MemoryLayout<Element>.size,
                    by: MemoryLayout<Element>.size
                )
                .map { bytes.loadUnaligned(fromByteOffset: $0, as: Element.self) }
            }
            return switch dtype {
            case .int8: .integers(elements(Int8.self).map(Int64.init))
            case .int16: .integers(elements(Int16.self).map(Int64.init))
            case .int32: .integers(elements(Int32.self).map(Int64.init))
            case .int64: .integers(elements(Int64.self))
            case .uint8, .bool: .naturals(elements(UInt8.self).map(UInt64.init))
            case .uint16: .naturals(elements(UInt16.self).map(UInt64.init))
            case .uint32: .naturals(elements(UInt32.self).map(UInt64.init))
            case .uint64: .naturals(elements(UInt64.self))
            case .float16: .numbers(elements(UInt16.self).map { Double(float(fromHalf: $0)) })
            case .bfloat16: .numbers(elements(UInt16.self).map { Double(Float(bitPattern: UInt32($0) << 16)) })
            case .float32: .numbers(elements(UInt32.self).map { Double(Float(bitPattern: $0)) })
            case .float64: .numbers(elements(UInt64.self).map { Double(bitPattern: $0) })
            }
        }
    }
}

/// Each element with its bytes in the opposite order.
func byteSwapped(_ data: [UInt8], elementSize: Int) -> [UInt8] {
    var data = data
    data.withUnsafeMutableBytes { swapBytes(in: $0, elementSize: elementSize) }
    return data
}

func swapBytes(in bytes: UnsafeMutableRawBufferPointer, elementSize: Int) {
    guard elementSize > 1 else { return }
    for start in stride(from: 0, to: bytes.count / elementSize * elementSize, by: elementSize) {
        for index in 0..<(elementSize / 2) { bytes.swapAt(start + index, start + elementSize - 1 - index) }
    }
}
