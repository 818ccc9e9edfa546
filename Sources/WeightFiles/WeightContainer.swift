import Files
import HDF5
import JSON
import Platform
import Tensors

/// An opened file that holds tensors.
package struct WeightContainer: Sendable {
    /// The file by its format.
    package enum Contents: Sendable {
        case hdf5(HDF5File)
        case safetensors(SafetensorsFile)
        case kerasArchive(KerasArchive)
    }

    /// The file, mapped.
    package let file: MappedFile
    package let contents: Contents
    /// The model's configuration, where it is stored with the weights.
    package let config: JSONValue?

    /// - Parameter reading: How HDF5 is read.
    package init(_ file: MappedFile, reading: HDF5ReadingOptions) throws(FileError) {
        self.file = file
        switch WeightFormat(file) {
        case .safetensors:
            contents = .safetensors(try SafetensorsFile(file))
            config = nil
        case .kerasArchive:
            let archive = try KerasArchive(file, isWithWeights: true, reading: reading)
            contents = .kerasArchive(archive)
            config = archive.config
        case .hdf5:
            let hdf5 = try HDF5File.open(file, options: reading)
            contents = .hdf5(hdf5)
            config = try KerasDocument.attribute(of: hdf5)
        }
    }

    /// The file where it is HDF5, or the one inside an archive.
    package var hdf5: HDF5File? {
        switch contents {
        case .hdf5(let file): file
        case .kerasArchive(let archive): archive.weights
        case .safetensors: nil
        }
    }

    /// The file where it is a safetensors file.
    package var safetensors: SafetensorsFile? { if case .safetensors(let file) = contents { file } else { nil } }
}
