import Files
import HDF5
import JSON
import Platform

/// A file that holds tensors.
package struct WeightContainer: Sendable {
    /// What kind of file it is, by its contents.
    package enum Container: Sendable {
        case hdf5(HDF5File)
        case safetensors(SafetensorsFile)
        case kerasArchive(KerasArchive)
    }

    package let entry: FileEntry
    package let container: Container
    /// The model's configuration, where it is stored with the weights.
    package let config: JSONValue?

    /// - Parameter reading: How HDF5 is read.
    package init(_ entry: FileEntry, reading: HDF5ReadingOptions = .standard) throws(FileError) {
        self.entry = entry
        let file = try MappedFile(path: entry.path)
        if SafetensorsFile.isOne(file) {
            container = .safetensors(try SafetensorsFile(file))
            config = nil
            return
        }
        if file.withUnsafeBytes({ FileContent($0.prefix(512), byteCount: $0.count) }) == .zipArchive {
            let archive = try KerasArchive(file, isWithWeights: true, reading: reading)
            container = .kerasArchive(archive)
            config = archive.config
            return
        }
        let hdf5 = try HDF5File.open(file, options: reading)
        container = .hdf5(hdf5)
        config = try KerasDocument.attribute(of: hdf5, entry)
    }

    /// The file where it is HDF5, or the one inside an archive.
    package var hdf5: HDF5File? {
        switch container {
        case .hdf5(let file): file
        case .kerasArchive(let archive): archive.weights
        case .safetensors: nil
        }
    }

    /// The file where it is a safetensors file.
    package var safetensors: SafetensorsFile? { if case .safetensors(let file) = container { file } else { nil } }
}
