import Foundation
import Platform
import Tensors
import TestSupport

import HDF5

/// A file of `fixtures/hdf5`.
func fixture(_ name: String) -> String { Repository.fixture("hdf5/\(name)") }

/// The error that opening the file, or else reading one of its datasets, ends with.
func failure(ofReading path: String) -> FileError? {
    do throws(FileError) {
        for dataset in try HDF5File.open(path: path).datasets { _ = try dataset.tensor() }
        return nil
    } catch {
        return error
    }
}

extension Tensor {
    /// A tensor of any type from its bytes.
    init(_ dtype: DType, _ shape: Shape, bytes: [UInt8]) throws {
        let storage = TensorStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        guard let tensor = Tensor(dtype: dtype, shape: shape, storage: storage) else { throw MisshapenError() }
        self = tensor
    }

    var bytes: [UInt8] { withUnsafeBytes { Array($0) } }
}

struct MisshapenError: Error {}
