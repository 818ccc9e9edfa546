import CH5Index
import JSON

/// Attributes of one object, one at a time, as members of the document.
struct AttributeIndexer: ~Copyable {
    var texts: StoredTextReader
    var budget: Budget

    mutating func write(of object: hid_t, at path: [UInt8], to json: inout JSONWriter) throws(Refusal) {
        let names = try Self.names(of: object, at: path)
        guard !names.isEmpty else { return }
        var failure: Refusal?
        json.array("attributes") { json in
            for name in names where failure == nil {
                do throws(Refusal) {
                    try budget.spend(name.count, at: path)
                    try write(name, of: object, at: path, to: &json)
                } catch { failure = error }
            }
        }
        if let failure { throw failure }
    }

    private final class NameList {
        var names: [[UInt8]] = []
    }

    private static func names(of object: hid_t, at path: [UInt8]) throws(Refusal) -> [[UInt8]] {
        let list = NameList()
        let status = h5i_each_attribute(
            object,
            { _, name, context in
                guard let name, let context else { return -1 }
                let list = Unmanaged<NameList>.fromOpaque(context).takeUnretainedValue()
                list.names.append(bytes(ofCString: name))
                return list.names.count > 100_000 ? -1 : 0
            }, Unmanaged.passUnretained(list).toOpaque())
        try checked(status, path, "the attributes cannot be listed")
        return list.names
    }

    private mutating func write(
        _ name: [UInt8], of object: hid_t, at path: [UInt8], to json: inout JSONWriter
    ) throws(Refusal) {
        let here = path + Array(" attribute ".utf8) + name
        let id = (name + [0]).withUnsafeBytes { bytes in
            H5Aopen(object, bytes.bindMemory(to: CChar.self).baseAddress, 0)
        }
        let attribute = try Handle(id, here, "the attribute cannot be opened")
        let type = try Handle(H5Aget_type(attribute.id), here, "its type cannot be read")
        let space = try Handle(H5Aget_space(attribute.id), here, "its shape cannot be read")
        let element = try ElementType(of: type.id, at: here)
        let shape = try extents(of: space.id, at: here)
        guard let count = elementCount(shape ?? [0], size: element.size) else {
            throw Refusal(.limit, here, "its size overflows")
        }

        var failure: Refusal?
        json.object { json in
            json.text("name", name)
            element.write(to: &json)
            if let shape { json.array("shape", of: shape) }
            guard count > 0 else { return }
            do throws(Refusal) {
                if let text = element.text {
                    let values = try texts.texts(
                        count: count, text: text, type: type.id, size: element.size, budget: &budget, at: here
                    ) { H5Aread(attribute.id, $0, $1) }
                    json.array("texts") { json in
                        for value in values { json.text(nil, value) }
                    }
                } else if let plain = element.plain ?? element.converted {
                    try writeNumbers(
                        attribute.id, of: plain, fileType: type.id, isConverted: element.plain == nil, count: count,
                        size: element.size, at: here, to: &json)
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Numbers come as stored, or as the machine type that libhdf5 converts them to.
    private mutating func writeNumbers(
        _ attribute: hid_t, of plain: String, fileType: hid_t, isConverted: Bool, count: Int, size: Int,
        at path: [UInt8], to json: inout JSONWriter
    ) throws(Refusal) {
        try budget.spend(count * max(size, 8), at: path)
        let bytes = try rawValues(count: count, size: size, isConverted: isConverted, plain: plain, at: path) {
            H5Aread(attribute, $0 ?? fileType, $1)
        }
        bytes.withUnsafeBytes { json.base64("data", $0) }
    }
}

/// Reads elements as they are stored, or converted to a machine type of eight bytes.
func rawValues(
    count: Int, size: Int, isConverted: Bool, plain: String, at path: [UInt8],
    read: (hid_t?, UnsafeMutableRawPointer) -> herr_t
) throws(Refusal) -> [UInt8] {
    // libhdf5 converts in place, so the larger of the two sizes must fit.
    let (total, overflow) = count.multipliedReportingOverflow(by: isConverted ? max(size, 8) : size)
    guard !overflow, total <= 256 << 20 else { throw Refusal(.limit, path, "too many values to pass on") }
    let memoryType: hid_t? =
        switch plain {
        case _ where !isConverted: nil
        case "float64": h5i_native_double()
        case "int64": h5i_native_int64()
        default: h5i_native_uint64()
        }
    var buffer = [UInt8](repeating: 0, count: max(total, 1))
    let status = buffer.withUnsafeMutableBytes { bytes in
        bytes.baseAddress.map { read(memoryType, $0) } ?? -1
    }
    try checked(status, path, "its values cannot be read")
    return Array(buffer.prefix(count * (isConverted ? 8 : size)))
}

/// The bytes of a C string, without the end mark.
func bytes(ofCString text: UnsafePointer<CChar>) -> [UInt8] {
    var result: [UInt8] = []
    var next = text
    while next.pointee != 0 {
        result.append(UInt8(bitPattern: next.pointee))
        next += 1
    }
    return result
}
