import Files

/// The formats of files that hold tensors.
package enum WeightFormat: Sendable, Hashable {
    case hdf5
    case safetensors
    /// A zip archive with `model.weights.h5` inside.
    case kerasArchive

    /// The format of a file, by its contents; what is none of them counts as HDF5, whose reader says what it is.
    ///
    /// A name only decides where contents are damaged or mixed up: a `.safetensors` is refused as a damaged one, and
    /// safetensors under the name of an HDF5 file as what they are.
    package init(_ file: MappedFile) {
        let isNamedHDF5 = file.path.hasSuffix(".h5") || file.path.hasSuffix(".hdf5")
        if file.path.hasSuffix(".safetensors") {
            self = .safetensors
            return
        }
        switch FileContent(file) {
        case .safetensors where !isNamedHDF5: self = .safetensors
        case .zipArchive: self = .kerasArchive
        default: self = .hdf5
        }
    }
}
