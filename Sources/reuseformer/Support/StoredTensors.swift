import Archives
import Checkpoints
import Files
import Foundation
import HDF5
import Inputs
import ReuseTransformers
import Tensors
import WeightFiles

/// The tensors of a checkpoint under the file's own names, whatever model they belong to.
struct StoredTensors {
    /// A tensor under one of the names that lead to it, without the leading slash.
    struct Entry {
        let name: String
        /// Where it stands in its file.
        let path: String
        let read: () throws -> Tensor
    }

    /// Datasets of numbers, in order of file and name.
    private(set) var entries: [Entry] = []
    /// What a person should know: datasets that are no tensors, values never written.
    private(set) var notes: [String] = []

    /// Names beyond those that lead to different datasets: links are cheap in a file, copies of tensors are not.
    private static let maximumAliases = 4096

    /// - Parameter path: A file, or a folder with the weights of a checkpoint.
    init(path: String) throws {
        let reading = try HDF5ReadingOptions.ofEnvironment()
        var names: Set<[UInt8]> = []
        for file in try Self.files(at: path) {
            // A file with a digest over every byte is not taken at less.
            if try ReuseFile.isReuseFile(at: file.path) { try ReuseFileCheck.check(path: file.path, reading: reading) }
            for entry in try entries(of: file.path, prefix: file.prefix, reading) {
                guard names.insert(Array(entry.name.utf8)).inserted else {
                    throw HDF5Error.corrupt(
                        HDF5Location(file: file.path, object: entry.name),
                        reason: "another file of the folder has it too")
                }
                entries.append(entry)
            }
        }
    }

    private mutating func entries(
        of file: String, prefix: String, _ reading: HDF5ReadingOptions
    ) throws -> [Entry] {
        if SafetensorsFile.isOne(path: file) {
            let opened = try SafetensorsFile(path: file)
            return opened.entries.compactMap { entry in
                guard let tensor = opened.tensor(entry) else {
                    notes.append("\(file): \(entry.name): not extracted: \(entry.type)")
                    return nil
                }
                return Entry(name: prefix + entry.name, path: entry.name) { tensor }
            }
        }
        let opened = try Self.open(file, reading)
        if let unreadable = opened.unreadablePaths.first {
            throw HDF5Error.unsupported(HDF5Location(file: file, object: unreadable), .newerFormat)
        }
        try NameLists(of: opened).check()
        return try namedDatasets(of: opened, prefix: prefix)
    }

    private static func open(_ path: String, _ reading: HDF5ReadingOptions) throws -> HDF5File {
        let file = try MappedFile(path: path)
        guard FileContent(file) == .zipArchive else { return try HDF5File.open(file, options: reading) }
        guard let weights = try KerasArchive(file, isWithWeights: true, reading: reading).weights else {
            throw HDF5Error.corrupt(HDF5Location(file: path), reason: "the archive has no model.weights.h5")
        }
        return weights
    }

    /// Files and what stands before their tensors' names. The head of a KerasHub task counts its layers on its own.
    private static func files(at path: String) throws -> [(path: String, prefix: String)] {
        guard PathKind(path) == .folder else { return [(path, "")] }
        let weights = try Checkpoint.weightFiles(at: path).map { (path: $0, prefix: "") }
        let head = path + "/task.weights.h5"
        return PathKind(head) == .file ? weights + [(head, "task/")] : weights
    }

    /// Each hard link to a dataset, under the first path of its group.
    private mutating func namedDatasets(of file: HDF5File, prefix: String) throws -> [Entry] {
        var result: [Entry] = []
        var distinct: Set<[UInt8]> = []
        var pending = [file.root]
        var seen: Set<[UInt8]> = [Array(file.root.path.utf8)]
        while let group = pending.popLast() {
            let folder = prefix + (group.path == "/" ? "" : group.path.dropFirst() + "/")
            for (name, dataset) in group.datasets {
                guard dataset.shape != nil, dataset.dtype != nil else {
                    notes.append("\(file.path): \(dataset.path): not extracted: \(dataset.storedType)")
                    continue
                }
                if dataset.hasUnwrittenElements {
                    notes.append("\(file.path): \(dataset.path): holds elements that were never written")
                }
                result.append(Entry(name: folder + name, path: dataset.path) { try dataset.tensor() })
                distinct.insert(Array(dataset.path.utf8))
                guard result.count - distinct.count <= Self.maximumAliases else {
                    throw HDF5Error.limit(HDF5Location(file: file.path), reason: "too many names for one dataset")
                }
            }
            for (_, child) in group.groups.reversed() where seen.insert(Array(child.path.utf8)).inserted {
                pending.append(child)
            }
        }
        return result
    }
}

/// The lists of names by which Keras finds its weights: `layer_names` of the root, `weight_names` of each layer.
private struct NameLists {
    let file: HDF5File

    init(of file: HDF5File) { self.file = file }

    /// Every name must lead to something inside its own layer.
    func check() throws {
        for root in [file.root, file.group(at: "model_weights")].compactMap({ $0 }) {
            for layer in try names("layer_names", of: root) {
                guard let group = root.group(at: layer) else {
                    guard root.dataset(at: layer) == nil else { continue }
                    throw error(root, "layer_names lists '\(layer)', which is not in the file")
                }
                for weight in try names("weight_names", of: group) where group.dataset(at: weight) == nil {
                    throw error(group, "weight_names lists '\(weight)', which is not there")
                }
            }
        }
    }

    /// A list that may be split into `name0`, `name1`, ….
    private func names(_ attribute: String, of group: HDF5Group) throws -> [String] {
        var names = group.attribute(named: attribute)?.texts ?? []
        var number = 0
        while let part = group.attribute(named: attribute + String(number))?.texts {
            names += part
            number += 1
        }
        for name in names
        where name.hasPrefix("/") || name.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) {
            throw HDF5Error.unsafe(
                HDF5Location(file: file.path, object: group.path),
                reason: "\(attribute) lists '\(name)', which leaves its layer")
        }
        return names
    }

    private func error(_ group: HDF5Group, _ reason: String) -> HDF5Error {
        .corrupt(HDF5Location(file: file.path, object: group.path), reason: reason)
    }
}
