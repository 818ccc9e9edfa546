import Files
import Tensors

/// What all views of one open file share; immutable.
final class HDF5Contents: Sendable {
    let file: MappedFile
    /// Where in `file` the HDF5 file lies.
    let region: Range<Int>
    let document: IndexDocument
    let limits: HDF5Limits
    let rootIndex: Int
    private let indexByAddress: [UInt64: Int]
    /// Targets of links, by index of the group and bytes of the name: Swift takes two Unicode forms of one text for
    /// equal, HDF5 does not.
    private let links: [Int: [[UInt8]: IndexDocument.Link.Target]]

    /// The bytes of the HDF5 file; its addresses start here.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[region]) }

    /// Storage that covers the whole mapping; tensors are views of it.
    let storage: TensorStorage

    /// - Parameter document: Validated.
    init(file: MappedFile, region: Range<Int>, document: IndexDocument, limits: HDF5Limits) {
        self.limits = limits
        self.file = file
        self.region = region
        self.document = document
        storage = TensorStorage(unsafeBytes: file.bytes, owner: file)
        var indexByAddress: [UInt64: Int] = [:]
        var links: [Int: [[UInt8]: IndexDocument.Link.Target]] = [:]
        for (index, object) in document.objects.enumerated() {
            indexByAddress[object.address] = index
            guard case .group(let children) = object.content else { continue }
            links[index] = Dictionary(children.map { (Array($0.name.utf8), $0.target) }) { first, _ in first }
        }
        self.indexByAddress = indexByAddress
        self.links = links
        rootIndex = indexByAddress[document.root] ?? 0
    }

    /// Links are followed this often in one look-up; soft links may lead in circles.
    private static let maximumSteps = 1024

    /// The object that a path leads to from a group; an absolute path starts at the root.
    func resolve(_ path: String, from group: Int) -> Int? {
        var current = path.utf8.first == UInt8(ascii: "/") ? rootIndex : group
        // What remains to be walked, last name first.
        var rest = Self.names(of: path)
        var steps = 0
        while let name = rest.popLast() {
            steps += 1
            guard steps <= Self.maximumSteps, let target = links[current]?[name] else { return nil }
            switch target {
            case .object(let address):
                guard let index = indexByAddress[address] else { return nil }
                current = index
            case .soft(let target):
                if target.utf8.first == UInt8(ascii: "/") { current = rootIndex }
                rest += Self.names(of: target)
                guard rest.count <= Self.maximumSteps else { return nil }
            }
        }
        return current
    }

    private static func names(of path: String) -> [[UInt8]] {
        path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [UInt8(ascii: ".")] }.reversed()
    }

    func index(ofObjectAt address: UInt64) -> Int? { indexByAddress[address] }

    func attributes(of index: Int) -> [HDF5Attribute] { document.objects[index].attributes.map(HDF5Attribute.init) }

    func attribute(named name: String, of index: Int) -> HDF5Attribute? {
        document.objects[index].attributes.first { $0.name == name }.map(HDF5Attribute.init)
    }
}
