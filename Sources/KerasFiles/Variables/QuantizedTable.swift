import ArchitectureSpecs
import Tensors
import WeightFiles

/// A table of small whole numbers: one factor a row that divides, or blocks of columns with a zero point.
package struct QuantizedTable {
    /// The stored numbers, packed where they have four bits.
    package let values: StoredTensor
    /// The factors.
    package let scale: StoredTensor
    /// The zero points of blocks; `nil` without blocks.
    package let zero: StoredTensor?
    /// Which block each column belongs to.
    package let groups: StoredTensor?
    package let rows: Int
    package let width: Int

    /// The table; `nil` when the shapes do not fit.
    package var computation: ParameterSources.Computation? {
        let rows = rows, width = width
        let packed = (width + 1) / 2
        let isPacked = values.shape == [rows, packed] && !(packed == width && zero == nil)
        guard isPacked || values.shape == [rows, width] else { return nil }
        @Sendable func number(_ bytes: UnsafeRawBufferPointer, _ row: Int, _ column: Int) -> Float {
            isPacked
                ? bytes.nibble(row * packed + column / 2, isHigh: column % 2 == 1)
                : Float(Int8(bitPattern: bytes[row * width + column]))
        }
        guard let zero, let groups else {
            guard scale.shape.count == rows else { return nil }
            return .init(names: [values.name, scale.name], shape: [rows, width]) { tensors in
                let scale = tensors[1].floats
                return tensors[0].withUnsafeBytes { bytes in
                    Tensor(shape: [rows, width]) { target in
                        for index in target.indices {
                            target[index] = number(bytes, index / width, index % width) / scale[index / width]
                        }
                    }
                }
            }
        }
        guard scale.shape.rank == 2, scale.shape[0] == rows, zero.shape == scale.shape, groups.shape.count == width
        else { return nil }
        let names = [values.name, scale.name, zero.name, groups.name]
        return .init(names: names, shape: [rows, width]) { tensors in
            let scale = tensors[1].floats, zero = tensors[2].floats
            let groupCount = tensors[1].shape[1]
            let groups = tensors[3].floats.map { Int(exactly: $0) ?? -1 }
            guard groups.allSatisfy({ (0..<groupCount).contains($0) }) else { return nil }
            return tensors[0].withUnsafeBytes { bytes in
                Tensor(shape: [rows, width]) { target in
                    for index in target.indices {
                        let row = index / width, column = index % width
                        let entry = row * groupCount + groups[column]
                        target[index] = (number(bytes, row, column) - zero[entry]) * scale[entry]
                    }
                }
            }
        }
    }
}
