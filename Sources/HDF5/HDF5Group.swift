import Tensors

/// A group of an open file: named links to groups and datasets, and attributes.
package struct HDF5Group: Sendable {
    let contents: HDF5Contents
    let index: Int

    /// The first path that leads to the group.
    package var path: String { contents.document.objects[index].path }

    /// All attributes, in order of name.
    package var attributes: [HDF5Attribute] { contents.attributes(of: index) }

    /// The attribute of that name, `nil` when there is none.
    package func attribute(named name: String) -> HDF5Attribute? { contents.attribute(named: name, of: index) }

    /// Names of all links, in order of their bytes (`10` stands before `2`).
    package var names: [String] { links.map(\.name) }

    /// The groups directly inside, by hard links, with their names here.
    package var groups: [(name: String, group: HDF5Group)] {
        children.compactMap { name, index in
            if case .group = contents.document.objects[index].content {
                (name, HDF5Group(contents: contents, index: index))
            } else {
                nil
            }
        }
    }

    /// The datasets directly inside, by hard links, with their names here.
    package var datasets: [(name: String, dataset: HDF5Dataset)] {
        children.compactMap { name, index in
            HDF5Dataset(contents: contents, index: index).map { (name, $0) }
        }
    }

    /// The datasets that soft links directly inside lead to, with the links' names.
    package var softDatasets: [(name: String, dataset: HDF5Dataset)] {
        links.compactMap { link in
            guard case .soft = link.target else { return nil }
            return dataset(at: link.name).map { (link.name, $0) }
        }
    }

    /// The group that a path relative to this one leads to.
    package func group(at path: String) -> HDF5Group? {
        guard let index = contents.resolve(path, from: index), case .group = contents.document.objects[index].content
        else { return nil }
        return HDF5Group(contents: contents, index: index)
    }

    /// The dataset that a path relative to this group leads to.
    package func dataset(at path: String) -> HDF5Dataset? {
        contents.resolve(path, from: index).flatMap { HDF5Dataset(contents: contents, index: $0) }
    }

    private var links: [IndexDocument.Link] {
        guard case .group(let links) = contents.document.objects[index].content else { return [] }
        return links
    }

    private var children: [(String, Int)] {
        links.compactMap { link in
            guard case .object(let address) = link.target, let index = contents.index(ofObjectAt: address) else {
                return nil
            }
            return (link.name, index)
        }
    }
}
