import CH5Index
import JSON

/// Walks a file by its hard links, each object once, and writes down what it finds.
///
/// `H5Ovisit` would hide all but one path of an object and follow what it likes; this walk decides for itself.
struct Indexer: ~Copyable {
    private let file: hid_t
    private let limits: Limits
    private var attributes: AttributeIndexer
    private var datasets: DatasetIndexer
    private var objectBudget: Budget
    private var linkBudget: Budget
    private var pending: [Pending] = []
    private var seen: Set<UInt64> = []
    private let userBlock: UInt64
    private let headerCheck: HeaderCheck

    private struct Pending {
        let path: [UInt8]
        let address: UInt64
        let depth: Int
    }

    init(file: hid_t, byteCount: UInt64, limits: Limits) throws(Refusal) {
        self.file = file
        self.limits = limits
        objectBudget = Budget(limits.objects, "objects")
        linkBudget = Budget(limits.links, "links")

        let properties = try Handle(H5Fget_create_plist(file), [], "the superblock cannot be read")
        var userBlock: hsize_t = 0
        var addressSize = 0, lengthSize = 0
        try checked(H5Pget_userblock(properties.id, &userBlock), [], "the superblock cannot be read")
        try checked(H5Pget_sizes(properties.id, &addressSize, &lengthSize), [], "the superblock cannot be read")
        guard [2, 4, 8].contains(addressSize), [2, 4, 8].contains(lengthSize) else {
            throw Refusal(.corrupt, [], "addresses of \(addressSize) bytes")
        }
        try checked(h5i_capture_variable_length(UInt32(addressSize)), [], "libhdf5 takes no conversions")
        self.userBlock = userBlock
        headerCheck = HeaderCheck(
            baseAddress: userBlock, fileLength: byteCount, addressSize: addressSize, lengthSize: lengthSize)
        let heap = GlobalHeap(baseAddress: userBlock, fileLength: byteCount, lengthSize: lengthSize)
        attributes = AttributeIndexer(
            texts: StoredTextReader(heap: heap), budget: Budget(limits.attributeBytes, "attributes"))
        datasets = DatasetIndexer(userBlock: userBlock, addressSize: addressSize, heap: heap, limits: limits)
    }

    /// The whole document.
    consuming func document(fileBytes: UInt64) throws(Refusal) -> [UInt8] {
        let root = try Handle(H5Oopen(file, "/", 0), [UInt8(ascii: "/")], "the root group cannot be opened")
        var kind: Int32 = 0
        var address: UInt64 = 0
        try checked(h5i_object_info(root.id, &kind, &address), [UInt8(ascii: "/")], "the root group cannot be read")
        pending = [Pending(path: [UInt8(ascii: "/")], address: address, depth: 0)]
        seen = [address]

        var json = JSONWriter(limit: limits.documentBytes)
        var failure: Refusal?
        json.object { json in
            json.number("format", 1)
            json.number("fileBytes", fileBytes)
            json.number("userBlock", userBlock)
            json.number("root", address)
            json.array("objects") { json in
                while failure == nil, let next = pending.popLast() {
                    do throws(Refusal) { try write(next, to: &json) } catch { failure = error }
                }
            }
            let metadata = Set((0..<h5i_metadata_count()).map(h5i_metadata_address))
            json.array("metadata", of: metadata.sorted())
        }
        if let failure { throw failure }
        return json.bytes
    }

    private mutating func write(_ object: Pending, to json: inout JSONWriter) throws(Refusal) {
        try objectBudget.spend(1, at: object.path)
        guard !json.isTooLarge else { throw Refusal(.limit, object.path, "the index grows beyond its limit") }
        try headerCheck.check(objectAt: object.address, object.path)
        let metadataStart = h5i_metadata_count()
        let id = (object.path + [0]).withUnsafeBytes { bytes in
            H5Oopen(file, bytes.bindMemory(to: CChar.self).baseAddress, 0)
        }
        guard id >= 0 else { return try writeUnreadable(object, LibraryFailure.last(), to: &json) }
        let opened = try Handle(id, object.path, "it cannot be opened")
        var kind: Int32 = 0
        var address: UInt64 = 0
        try checked(h5i_object_info(opened.id, &kind, &address), object.path, "its header cannot be read")
        guard address == object.address else {
            throw Refusal(.corrupt, object.path, "the link leads to another object than it says")
        }

        var failure: Refusal?
        json.object { json in
            json.text("path", object.path)
            json.number("address", address)
            do throws(Refusal) {
                switch Int(kind) {
                case H5I_OBJECT_GROUP:
                    json.text("kind", "group")
                    try writeLinks(of: opened.id, object, to: &json)
                case H5I_OBJECT_DATASET:
                    json.text("kind", "dataset")
                    try datasets.write(opened.id, at: object.path, metadataStart: metadataStart, to: &json)
                default:
                    json.text("kind", "other")
                }
                try attributes.write(of: opened.id, at: object.path, to: &json)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Only a header with a checksum can claim to be newer than the library; otherwise it is broken.
    private func writeUnreadable(
        _ object: Pending, _ failure: LibraryFailure, to json: inout JSONWriter
    ) throws(Refusal) {
        var signature = [UInt8](repeating: 0, count: 4)
        let hasChecksum =
            h5i_read(object.address &+ userBlock, 4, &signature) == 0 && signature == Array("OHDR".utf8)
        guard failure.concernsVersion, hasChecksum else {
            throw failure.refusal(object.path, "the object cannot be opened")
        }
        json.object { json in
            json.text("path", object.path)
            json.number("address", object.address)
            json.text("kind", "newerFormat")
        }
    }

    // MARK: Links

    private final class LinkList {
        var links: [(name: [UInt8], kind: Int32, address: UInt64, userClass: UInt32)] = []
        var limit = 0
    }

    private mutating func writeLinks(of group: hid_t, _ object: Pending, to json: inout JSONWriter) throws(Refusal) {
        let list = LinkList()
        list.limit = linkBudget.left
        let status = h5i_each_link(
            group,
            { name, kind, address, userClass, context in
                guard let name, let context else { return -1 }
                let list = Unmanaged<LinkList>.fromOpaque(context).takeUnretainedValue()
                guard list.links.count < list.limit else { return 1 }
                list.links.append((bytes(ofCString: name), kind, address, userClass))
                return 0
            }, Unmanaged.passUnretained(list).toOpaque())
        try checked(status, object.path, "the group cannot be listed")
        try linkBudget.spend(list.links.count + (status > 0 ? 1 : 0), at: object.path)

        var children: [Pending] = []
        var failure: Refusal?
        json.array("links") { json in
            for link in list.links where failure == nil {
                let isRoot = object.path.count == 1
                let path = object.path + (isRoot ? [] : [UInt8(ascii: "/")]) + link.name
                do throws(Refusal) {
                    try check(link.name, path: path, depth: object.depth)
                    switch Int(link.kind) {
                    case H5I_LINK_HARD:
                        json.array { json in
                            json.text(nil, link.name)
                            json.number(nil, link.address)
                        }
                        if seen.insert(link.address).inserted {
                            children.append(Pending(path: path, address: link.address, depth: object.depth + 1))
                        }
                    case H5I_LINK_SOFT:
                        let target = try softTarget(of: link.name, in: group, at: path)
                        json.array { json in
                            json.text(nil, link.name)
                            json.text(nil, target)
                        }
                    case H5I_LINK_EXTERNAL:
                        throw Refusal(.unsafe, path, "it is a link to another file (an external link)")
                    default:
                        throw Refusal(.unsupported, path, "user-defined link of class \(link.userClass)")
                    }
                } catch { failure = error }
            }
        }
        if let failure { throw failure }
        // The walk takes from the end; children are to come in order of name.
        pending.append(contentsOf: children.reversed())
    }

    private func check(_ name: [UInt8], path: [UInt8], depth: Int) throws(Refusal) {
        guard !name.isEmpty, name != [UInt8(ascii: ".")], !name.contains(UInt8(ascii: "/")) else {
            throw Refusal(.corrupt, path, "a link with an impossible name")
        }
        guard depth < limits.depth else { throw Refusal(.limit, path, "groups nested deeper than \(limits.depth)") }
        guard path.count <= limits.pathBytes else { throw Refusal(.limit, object(path), "a path too long") }
    }

    /// Enough of an overlong path for a message.
    private func object(_ path: [UInt8]) -> [UInt8] { Array(path.prefix(256)) }

    private mutating func softTarget(of name: [UInt8], in group: hid_t, at path: [UInt8]) throws(Refusal) -> [UInt8] {
        var target = [CChar](repeating: 0, count: 4096)
        let status = (name + [0]).withUnsafeBytes { bytes in
            H5Lget_val(group, bytes.bindMemory(to: CChar.self).baseAddress, &target, target.count - 1, 0)
        }
        try checked(status, path, "the soft link cannot be read")
        return target.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
    }
}
