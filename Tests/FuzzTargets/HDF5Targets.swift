import Files
import HDF5

extension FuzzTarget {
    /// The helper's answer and the file that it is about: four bytes of length, the answer, the file.
    static let index = FuzzTarget("index") { bytes in
        var intake = Intake(bytes)
        let answer = intake.take(intake.number(bytes: 4))
        withFile(intake.all(), named: "index.h5") { path in
            guard let file = try? MappedFile(path: path),
                let opened = try? HDF5File(
                    answer: answer, about: file, region: 0..<file.byteCount, limits: .standard)
            else { return }
            look(at: opened.root, depth: 0)
            for dataset in opened.datasets { look(at: dataset, of: file) }
        }
    }

    private static func look(at group: HDF5Group, depth: Int) {
        for attribute in group.attributes { _ = (attribute.texts, attribute.text, attribute.value) }
        for name in group.names.prefix(16) { _ = (group.dataset(at: name), group.group(at: name + "/a")) }
        guard depth < 8 else { return }
        for (_, group) in group.groups.prefix(4) { look(at: group, depth: depth + 1) }
    }

    private static func look(at dataset: HDF5Dataset, of file: MappedFile) {
        for extent in dataset.extents {
            precondition(extent.lowerBound >= 0 && extent.upperBound <= file.byteCount, "an extent outside the file")
        }
        _ = (dataset.storedType, dataset.storedByteCount, dataset.hasUnwrittenElements, dataset.filterNames)
        // Larger ones are allowed where the format's ratios allow them; here they would only take time.
        guard let dtype = dataset.dtype, let shape = dataset.shape, shape.count * dtype.byteCount <= 4 << 20,
            let tensor = try? dataset.tensor()
        else { return }
        precondition(tensor.shape == shape && tensor.dtype == dtype, "a tensor unlike its description")
        tensor.withUnsafeBytes { bytes in
            precondition(bytes.count == tensor.byteCount)
            _ = bytes.reduce(0, &+)
        }
    }

    /// One chunk and one filter: its number, two bytes of parameter, two of capacity, the stored bytes.
    static let filters = FuzzTarget("filters") { bytes in
        var intake = Intake(bytes)
        let known = [
            FilterID.deflate, FilterID.shuffle, FilterID.fletcher32, FilterID.lzf, FilterID.zstd, FilterID.szip,
        ]
        let id = known[Int(intake.byte()) % known.count]
        let parameter = intake.number(bytes: 2), capacity = intake.number(bytes: 2)
        let filter = IndexDocument.Filter(id: id, name: "", values: [UInt64(parameter)], isOptional: false)
        intake.all().withUnsafeBytes { input in
            guard let output = try? filter.undone(input, capacity: capacity) else { return }
            let bound = id == FilterID.shuffle || id == FilterID.fletcher32 ? input.count : capacity
            precondition(output.count <= bound, "more than a chunk holds")
            _ = output.reduce(0, &+)
        }
    }

    /// The start of a file: signature and superblock, or what else it is.
    static let superblock = FuzzTarget("superblock") { bytes in
        if let superblock = Superblock(bytes) {
            precondition(superblock.end <= bytes.count)
        }
        withFile(Array(bytes), named: "superblock.h5") { path in
            guard let file = try? MappedFile(path: path) else { return }
            _ = try? HDF5File(answer: [], about: file, region: 0..<file.byteCount, limits: .standard)
        }
    }
}
