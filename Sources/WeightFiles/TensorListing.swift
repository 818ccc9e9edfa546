import Files
import HDF5
import Platform
import Tensors

/// The tensors of some files under the files' own names, whatever model they belong to.
package struct TensorListing: Sendable {
    /// Tensors of numbers in order of file and name, each under every name that leads to it, without the leading slash.
    package private(set) var tensors: [StoredTensor] = []
    /// What a person should know: datasets that are no tensors, values never written.
    package private(set) var notes: [String] = []
    /// Tensors of numbers that are not among `tensors` since their type is not read, a sentence each. What holds no
    /// numbers (texts, references) is no tensor, and only noted.
    package private(set) var omitted: [String] = []
    /// Names so far, compared byte by byte.
    private var names: Set<[UInt8]> = []

    /// Names beyond those that lead to different datasets: links are cheap in a file, copies of tensors are not.
    private static let maximumAliases = 4096

    package init() {}

    /// Adds the tensors of a file.
    ///
    /// - Parameter prefix: Put before each name.
    /// - Throws: When lists of names in the file contradict it, and for a name that another file has too.
    package mutating func append(_ container: WeightContainer, prefix: String = "") throws(FileError) {
        let path = container.file.path
        let found: [StoredTensor]
        switch container.contents {
        case .safetensors(let file): found = tensors(of: file, path, prefix)
        case .hdf5, .kerasArchive:
            guard let file = container.hdf5 else {
                throw FileError(.corrupt, path: path, "the archive has no model.weights.h5")
            }
            if let unreadable = file.unreadablePaths.first {
                throw .unsupported(HDF5Location(file: path, object: unreadable), .newerFormat)
            }
            try file.checkNameLists(path)
            found = try namedDatasets(of: file, path, prefix)
        }
        for tensor in found {
            guard names.insert(Array(tensor.name.utf8)).inserted else {
                throw FileError(
                    .corrupt, path: path, "\(tensor.name.printable): another file of the folder has it too",
                    remedy: "get a fresh copy")
            }
            tensors.append(tensor)
        }
    }

    private mutating func tensors(of file: SafetensorsFile, _ path: String, _ prefix: String) -> [StoredTensor] {
        file.entries.compactMap { entry in
            guard let tensor = StoredTensor(entry, of: file, name: prefix + entry.name) else {
                omitted.append("\(path): \(entry.name.printable): holds \(entry.type.printable), which is not read")
                return nil
            }
            return tensor
        }
    }

    /// Each link to a dataset, hard or soft, under the first path of its group: frameworks find a weight by any of
    /// them.
    private mutating func namedDatasets(
        of file: HDF5File, _ path: String, _ prefix: String
    ) throws(FileError) -> [StoredTensor] {
        var result: [StoredTensor] = []
        var distinct: Set<[UInt8]> = []
        var pending = [file.root]
        var seen: Set<[UInt8]> = [Array(file.root.path.utf8)]
        while let group = pending.popLast() {
            let folder = prefix + (group.path == "/" ? "" : group.path.dropFirst() + "/")
            for (name, dataset) in group.datasets + group.softDatasets {
                guard dataset.shape != nil, dataset.dtype != nil else {
                    if dataset.holdsNumbers {
                        let type = dataset.storedType.printable
                        omitted.append("\(path): \(dataset.path.printable): holds \(type), which is not read")
                        continue
                    }
                    notes.append("\(path): \(dataset.path): not extracted: \(dataset.storedType)")
                    continue
                }
                if dataset.hasUnwrittenElements {
                    notes.append("\(path): \(dataset.path): holds elements that were never written")
                }
                result.append(try StoredTensor(dataset, name: folder + name, path: dataset.path, in: path))
                distinct.insert(Array(dataset.path.utf8))
                guard result.count - distinct.count <= Self.maximumAliases else {
                    throw FileError(.corrupt, path: path, "too many names for one dataset")
                }
            }
            for (_, child) in group.groups.reversed() where seen.insert(Array(child.path.utf8)).inserted {
                pending.append(child)
            }
        }
        return result
    }
}

extension HDF5File {
    /// Checks that all names by which Keras would find its weights lead to something inside their own layers.
    fileprivate func checkNameLists(_ path: String) throws(FileError) {
        for root in [root, group(at: "model_weights")].compactMap(\.self) {
            for layer in try root.names(splitAttribute: "layer_names", in: path) ?? [] {
                // Of shards the list has the weights themselves.
                if root.group(at: layer) == nil, root.dataset(at: layer) != nil { continue }
                let group = try root.listedLayer(layer, in: path)
                _ = try group.listedWeights(of: layer, in: path)
            }
        }
    }
}
