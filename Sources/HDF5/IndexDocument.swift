import JSON
import Tensors

/// The helper's answer, as far as its form goes. What it claims is checked by `IndexValidation`.
package struct IndexDocument: Sendable {
    package var fileBytes: Int
    package var userBlock: Int
    package var root: UInt64
    package var objects: [Object]
    /// Where blocks of metadata start, in ascending order.
    package var metadata: [Int]

    package struct Object: Sendable {
        package var path: String
        package var address: UInt64
        package var content: Content
        package var attributes: [Attribute]
    }

    package enum Content: Sendable {
        case group([Link])
        case dataset(Dataset)
        /// A committed datatype.
        case other
        /// An object that only a newer library can read.
        case newerFormat
    }

    package struct Link: Sendable {
        package var name: String
        package var target: Target

        package enum Target: Sendable {
            case object(UInt64)
            case soft(String)
        }
    }

    package struct ElementType: Sendable, Hashable {
        package var className: String
        package var size: Int
        package var plain: DType?
        package var converted: DType?
        package var isBigEndian: Bool
        package var tag: String

        /// Whether the elements may be numbers: their size is what each takes in the file.
        package var isNumeric: Bool { plain != nil || converted != nil || className == "opaque" }
    }

    package struct Attribute: Sendable {
        package var name: String
        package var type: ElementType
        package var shape: [Int]?
        package var texts: [String]?
        package var data: [UInt8]?
    }

    package struct Filter: Sendable, Hashable {
        package var id: Int
        package var name: String
        package var values: [UInt64]
        package var isOptional: Bool

        package init(id: Int, name: String, values: [UInt64], isOptional: Bool) {
            self.id = id
            self.name = name
            self.values = values
            self.isOptional = isOptional
        }
    }

    package struct Chunk: Sendable {
        package var coordinates: [Int]
        package var address: Int
        package var byteCount: Int
        package var filterMask: UInt64
    }

    package enum Layout: Sendable {
        case compact
        /// With the extent in the file, unless nothing has been written.
        case contiguous(Range<Int>?)
        case chunked(extents: [Int], chunks: [Chunk])
    }

    package struct Dataset: Sendable {
        package var type: ElementType
        /// `nil` for the null dataspace.
        package var shape: [Int]?
        package var layout: Layout
        package var filters: [Filter]
        package var fill: [UInt8]?
        /// Values that the helper has read itself, as stored or as `type.converted`.
        package var values: [UInt8]?
        package var texts: [String]?
    }
}

/// A document that is not of the agreed form: the helper has been tampered with, or is of another version.
package struct IndexFormError: Error, Equatable {
    package let path: String
    package let reason: String
}

/// What the helper says instead of an index.
package struct IndexRefusal: Equatable {
    let kind: String
    let path: String
    let message: String
}

extension IndexDocument {
    package enum Answer {
        case index(IndexDocument)
        case refusal(IndexRefusal)
    }

    /// The helper writes a value in two bytes at least; the limit on its answer thereby bounds what values take.
    private static let depth = 16

    /// Reads the helper's answer.
    package static func parse(_ bytes: [UInt8]) throws(IndexFormError) -> Answer {
        let limits = JSONDocument.Limits(values: max(8 << 20, bytes.count / 8), depth: depth)
        let answer: JSONField
        do throws(JSONDocument.SyntaxError) {
            answer = try JSONDocument(parsing: bytes, limits: limits).root
        } catch {
            throw IndexFormError(path: "", reason: "\(error)")
        }
        let document = try Reader(answer, "")
        guard try document.integer("format") == 1 else { throw document.error("unknown format") }
        if let failure = try document.optional("error", Reader.init) {
            return .refusal(
                IndexRefusal(
                    kind: try failure.text("kind"), path: try failure.text("path"), message: try failure.text("message")
                ))
        }
        let fileBytes = try document.integer("fileBytes"), userBlock = try document.integer("userBlock")
        let root = try document.number("root")
        var objects: [Object] = []
        for value in try document.list("objects") { objects.append(try object(value)) }
        return .index(
            IndexDocument(
                fileBytes: fileBytes, userBlock: userBlock, root: root, objects: objects,
                metadata: try document.integers("metadata")))
    }

    private static func object(_ value: JSONField) throws(IndexFormError) -> Object {
        let path = value.member("path")?.stringValue ?? ""
        let reader = try Reader(value, path)
        var attributes: [Attribute] = []
        for value in try reader.optionalList("attributes") ?? [] {
            attributes.append(try attribute(try Reader(value, path)))
        }
        let content: Content
        switch try reader.text("kind") {
        case "group":
            var links: [Link] = []
            for value in try reader.list("links") {
                guard let pair = value.arrayValue, pair.count == 2, let name = pair[0].stringValue else {
                    throw reader.error("a link that is no pair")
                }
                if let address = pair[1].uint64Value {
                    links.append(Link(name: name, target: .object(address)))
                } else if let target = pair[1].stringValue {
                    links.append(Link(name: name, target: .soft(target)))
                } else {
                    throw reader.error("a link without target")
                }
            }
            content = .group(links)
        case "dataset": content = .dataset(try dataset(reader))
        case "newerFormat": content = .newerFormat
        case "other": content = .other
        default: throw reader.error("an object of unknown kind")
        }
        return Object(
            path: try reader.text("path"), address: try reader.number("address"), content: content,
            attributes: attributes)
    }

    private static func elementType(_ reader: Reader) throws(IndexFormError) -> ElementType {
        let type = try Reader(try reader.value("type"), reader.path)
        func dtype(_ key: String) throws(IndexFormError) -> DType? {
            guard let name = try type.optionalText(key) else { return nil }
            guard let dtype = DType(rawValue: name) else { throw type.error("an unknown element type") }
            return dtype
        }
        return ElementType(
            className: try type.text("class"), size: try type.integer("size"), plain: try dtype("plain"),
            converted: try dtype("converted"), isBigEndian: try type.flag("bigEndian"),
            tag: try type.optionalText("tag") ?? "")
    }

    private static func attribute(_ reader: Reader) throws(IndexFormError) -> Attribute {
        Attribute(
            name: try reader.text("name"), type: try elementType(reader), shape: try reader.optionalIntegers("shape"),
            texts: try reader.optionalTexts("texts"), data: try reader.optionalBytes("data"))
    }

    private static func dataset(_ reader: Reader) throws(IndexFormError) -> Dataset {
        let layout: Layout
        switch try reader.text("layout") {
        case "compact": layout = .compact
        case "contiguous":
            if let extent = try reader.optionalIntegers("extent") {
                guard extent.count == 2 else { throw reader.error("an extent that is no pair") }
                let (end, overflow) = extent[0].addingReportingOverflow(extent[1])
                guard !overflow else { throw reader.error("an extent that overflows") }
                layout = .contiguous(extent[0]..<end)
            } else {
                layout = .contiguous(nil)
            }
        case "chunked":
            let extents = try reader.integers("chunk")
            var chunks: [Chunk] = []
            for value in try reader.list("chunks") {
                guard let numbers = value.integers, numbers.count == extents.count + 3 else {
                    throw reader.error("a chunk of another rank, or with numbers out of range")
                }
                let rank = extents.count
                chunks.append(
                    Chunk(
                        coordinates: Array(numbers[0..<rank]), address: numbers[rank], byteCount: numbers[rank + 1],
                        filterMask: UInt64(numbers[rank + 2])))
            }
            layout = .chunked(extents: extents, chunks: chunks)
        default: throw reader.error("an unknown layout")
        }
        var filters: [Filter] = []
        for value in try reader.optionalList("filters") ?? [] {
            let filter = try Reader(value, reader.path)
            var values: [UInt64] = []
            for value in try filter.list("values") {
                guard let number = value.uint64Value else { throw filter.error("a parameter that is no number") }
                values.append(number)
            }
            filters.append(
                Filter(
                    id: try filter.integer("id"), name: try filter.text("name"), values: values,
                    isOptional: try filter.flag("optional")))
        }
        return Dataset(
            type: try elementType(reader), shape: try reader.optionalIntegers("shape"), layout: layout,
            filters: filters, fill: try reader.optionalBytes("fill"), values: try reader.optionalBytes("values"),
            texts: try reader.optionalTexts("texts"))
    }
}
