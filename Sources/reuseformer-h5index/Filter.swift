import CH5Index
import JSON

/// One step of a dataset's filter pipeline.
struct Filter {
    let id: H5Z_filter_t
    let isOptional: Bool
    let name: [UInt8]
    let values: [UInt32]

    /// Filters of libhdf5 itself.
    var isBuiltIn: Bool { (1...6).contains(id) }
    /// Rare ones that the parent leaves to libhdf5.
    var isDecodedByLibraryOnly: Bool {
        id == H5Z_FILTER_SZIP || id == H5Z_FILTER_NBIT || id == H5Z_FILTER_SCALEOFFSET
    }

    static func pipeline(of properties: hid_t, at path: [UInt8]) throws(Refusal) -> [Filter] {
        let count = try checked(H5Pget_nfilters(properties), path, "the filters cannot be read")
        guard count <= 32 else { throw Refusal(.corrupt, path, "\(count) filters") }
        var filters: [Filter] = []
        for index in 0..<UInt32(count) {
            var flags: UInt32 = 0, configuration: UInt32 = 0
            var valueCount = 64
            var values = [UInt32](repeating: 0, count: valueCount)
            var name = [CChar](repeating: 0, count: 256)
            let id = try checked(
                H5Pget_filter2(properties, index, &flags, &valueCount, &values, name.count, &name, &configuration),
                path,
                "a filter cannot be read")
            guard valueCount <= 4096 else { throw Refusal(.corrupt, path, "a filter with \(valueCount) parameters") }
            filters.append(
                Filter(
                    id: id, isOptional: flags & UInt32(H5Z_FLAG_OPTIONAL) != 0,
                    name: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), values: Array(values.prefix(valueCount))
                ))
        }
        return filters
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.number("id", Int(id))
            json.text("name", name)
            json.array("values", of: values.map(UInt64.init))
            if isOptional { json.flag("optional", true) }
        }
    }

    /// Compares the sizes in the parameters of szip, nbit and scale-offset with those of the dataset.
    ///
    /// Source: HDF5 File Format Specification 3.0, IV.A.2.l, has the order of the parameters.
    func checkParameters(elementSize: Int, chunkElements: Int, at path: [UInt8]) throws(Refusal) {
        if id == H5Z_FILTER_SZIP {
            guard values.count >= 4, values[1] >= 2, values[1] <= 32, values[2] == elementSize * 8, values[3] > 0,
                values[3] <= 4096
            else { throw Refusal(.corrupt, path, "an szip filter for another kind of element") }
            return
        }
        let claimed: (size: Int, count: Int)
        if id == H5Z_FILTER_SCALEOFFSET {
            guard values.count >= 20 else { throw Refusal(.corrupt, path, "a scale-offset filter lacks parameters") }
            claimed = (Int(values[4]), Int(values[2]))
        } else {
            guard values.count >= 5 else { throw Refusal(.corrupt, path, "an nbit filter lacks parameters") }
            guard values[0] == values.count else { throw Refusal(.corrupt, path, "an nbit filter contradicts itself") }
            // The class comes fourth (1: plain numbers), then size, order, precision and offset; 3: stored as it is.
            guard values[3] == 1 || values[3] == 3, values.count >= (values[3] == 1 ? 8 : 5) else {
                throw Refusal(.corrupt, path, "an nbit filter for another kind of element")
            }
            claimed = (Int(values[4]), Int(values[2]))
            if values[3] == 1 {
                let (bits, first) = (UInt64(values[6]), UInt64(values[7]))
                guard bits > 0, bits + first <= UInt64(elementSize) * 8 else {
                    throw Refusal(.corrupt, path, "an nbit filter keeps \(bits) bits from bit \(first) on")
                }
            }
        }
        guard claimed.size == elementSize, claimed.count == chunkElements else {
            throw Refusal(
                .corrupt, path,
                "a filter for \(claimed.count) elements of \(claimed.size) bytes on \(chunkElements) of \(elementSize)")
        }
    }
}
