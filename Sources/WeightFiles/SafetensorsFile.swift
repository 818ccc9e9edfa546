import Files
import HDF5
import JSON
import Platform
import Tensors

/// A safetensors file: the length of a JSON header in eight bytes, the header, then the tensors' bytes.
///
/// Checked as the format's own library does: the header is at most 100 MB, every tensor's bytes are as many as its
/// shape and type ask for, and all of them follow one another without gap or overlap up to the end of the file.
package struct SafetensorsFile: Sendable {
    /// A tensor of the file.
    package struct Entry: Sendable {
        /// PyTorch's name for it.
        package let name: String
        /// As the format names it: `F32`, `BF16` …
        package let type: String
        /// `nil` for types that nothing here computes with (8-bit floats).
        package let dtype: DType?
        /// Extents as stored.
        package let shape: Shape
        /// From the start of the file.
        package let bytes: Range<Int>
    }

    /// The file as it was named.
    package let path: String
    /// In the order of their bytes.
    package let entries: [Entry]
    private let storage: TensorStorage

    private static let largestHeader = 100_000_000
    /// A tensor is told in 13 values of 80 bytes at least.
    private static let headerLimits = JSONDocument.Limits(values: 16 << 20, depth: 64)
    private static let metadataKey = "__metadata__"

    /// A file that is mapped here.
    package init(path: String) throws(FileError) { try self.init(try MappedFile(path: path)) }

    /// - Throws: For whatever contradicts the format.
    package init(_ file: MappedFile) throws(FileError) {
        let path = file.path
        func corrupt(_ message: String) -> FileError {
            FileError(.corrupt, path: path, "safetensors: \(message)", remedy: "get a fresh copy")
        }
        let count = file.byteCount
        guard count >= 8 else { throw corrupt("the file has \(count) bytes, a header's length takes 8") }
        let length = file.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard length <= UInt64(Self.largestHeader) else {
            throw corrupt("the header is said to have \(length) bytes; at most \(Self.largestHeader) are read")
        }
        let start = 8 + Int(length)
        guard start <= count else { throw corrupt("the file ends inside its header") }
        let header = file.withUnsafeBytes { Array($0[8..<start]) }
        guard header.first == UInt8(ascii: "{") else { throw corrupt("the header is no JSON object") }
        let document: JSONDocument
        do throws(JSONDocument.SyntaxError) {
            document = try JSONDocument(parsing: header, limits: Self.headerLimits)
        } catch {
            throw corrupt("the header \(error.message) (\(error.position))")
        }
        var entries: [Entry] = []
        var names: Set<String> = []
        for (name, value) in document.root.objectValue ?? []
        where name != Self.metadataKey && names.insert(name).inserted {
            do throws(Problem) {
                entries.append(try Entry(name, JSONValue(value), start: start))
            } catch {
                throw corrupt(error.message)
            }
        }
        entries.sort {
            ($0.bytes.lowerBound, $0.bytes.upperBound, $0.name) < ($1.bytes.lowerBound, $1.bytes.upperBound, $1.name)
        }
        var end = start
        for entry in entries {
            guard entry.bytes.lowerBound == end else {
                let what = entry.bytes.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
                throw corrupt("\(entry.name.printable) \(what)")
            }
            end = entry.bytes.upperBound
        }
        guard end == count else {
            throw corrupt("the tensors end at byte \(end), the file has \(count)")
        }
        self.path = path
        self.entries = entries
        storage = file.storage
    }

    /// The tensor of an entry, a view of the mapped file; `nil` for a type that is not handled.
    package func tensor(_ entry: Entry) -> Tensor? {
        entry.dtype.flatMap {
            Tensor(dtype: $0, shape: entry.shape, storage: storage, byteOffset: entry.bytes.lowerBound)
        }
    }
}

extension SafetensorsFile.Entry {
    private static let types: [String: (dtype: DType?, byteCount: Int)] = [
        "F64": (.float64, 8), "F32": (.float32, 4), "F16": (.float16, 2), "BF16": (.bfloat16, 2),
        "I64": (.int64, 8), "I32": (.int32, 4), "I16": (.int16, 2), "I8": (.int8, 1),
        "U64": (.uint64, 8), "U32": (.uint32, 4), "U16": (.uint16, 2), "U8": (.uint8, 1), "BOOL": (.bool, 1),
        "F8_E4M3": (nil, 1), "F8_E5M2": (nil, 1), "F8_E8M0": (nil, 1),
    ]

    /// - Parameter start: Where the tensors' bytes begin in the file.
    fileprivate init(_ name: String, _ value: JSONValue, start: Int) throws(Problem) {
        func wrong(_ message: String) -> Problem { Problem(.corrupt, "\(name.printable) \(message)") }
        guard let type = value["dtype"]?.stringValue, let known = Self.types[type] else {
            throw wrong("has the type \(value["dtype"]?.shortDescription ?? "nothing"), which is not known")
        }
        let extents = (value["shape"]?.arrayValue ?? []).compactMap(\.intValue)
        guard let written = value["shape"]?.arrayValue, extents.count == written.count,
            let shape = Shape(checking: extents)
        else { throw wrong("has no shape that makes sense") }
        let offsets = (value["data_offsets"]?.arrayValue ?? []).compactMap(\.intValue)
        guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= Int.max - start else {
            throw wrong("has no data_offsets that make sense")
        }
        // `Shape(checking:)` leaves room for 8 bytes an element.
        let byteCount = shape.count * known.byteCount
        guard offsets[1] - offsets[0] == byteCount else {
            throw wrong("has \(offsets[1] - offsets[0]) bytes, \(type) \(shape) takes \(byteCount)")
        }
        self.init(
            name: name, type: type, dtype: known.dtype, shape: shape, bytes: start + offsets[0]..<start + offsets[1])
    }
}
