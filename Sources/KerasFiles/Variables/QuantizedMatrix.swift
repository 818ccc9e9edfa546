import ArchitectureSpecs
import Tensors
import WeightFiles

/// A kernel of small whole numbers with factors, `[rows, columns]` once its axes are put together.
///
/// Eight bits: one factor a column, which divides. Four bits: two numbers a byte, low half first; one factor a column
/// that divides, or blocks of rows with a zero point, which is taken off, and a factor that multiplies.
package struct QuantizedMatrix {
    /// The stored numbers, packed where they have four bits.
    package let values: StoredTensor
    /// The factors.
    package let scale: StoredTensor
    /// The zero points of blocks; `nil` without blocks.
    package let zero: StoredTensor?
    /// Which block each row belongs to.
    package let groups: StoredTensor?
    package let rows: Int
    package let columns: Int

    /// The matrix out of numbers of eight bits; `nil` when the shapes do not fit.
    package var eightBit: ParameterSources.Computation? {
        guard scale.shape.count == columns else { return nil }
        let rows = rows, columns = columns
        return .init(names: [values.name, scale.name], shape: [rows, columns]) { tensors in
            let scale = tensors[1].floats
            return tensors[0].withFloats { values in
                Tensor(shape: [rows, columns]) { target in
                    for index in target.indices { target[index] = values[index] / scale[index % columns] }
                }
            }
        }
    }

    /// The matrix out of numbers of four bits; `nil` when the shapes do not fit.
    package var fourBit: ParameterSources.Computation? {
        let rows = rows, columns = columns
        let packed = (columns + 1) / 2
        let isAlongColumns = values.shape == [rows, packed]
        guard isAlongColumns || values.shape == [(rows + 1) / 2, columns] else { return nil }
        @Sendable func nibble(_ bytes: UnsafeRawBufferPointer, _ row: Int, _ column: Int) -> Float {
            isAlongColumns
                ? bytes.nibble(row * packed + column / 2, isHigh: column % 2 == 1)
                : bytes.nibble(row / 2 * columns + column, isHigh: row % 2 == 1)
        }
        guard let zero, let groups else {
            guard scale.shape.count == columns else { return nil }
            return .init(names: [values.name, scale.name], shape: [rows, columns]) { tensors in
                let scale = tensors[1].floats
                return tensors[0].withUnsafeBytes { bytes in
                    Tensor(shape: [rows, columns]) { target in
                        for index in target.indices {
                            target[index] = nibble(bytes, index / columns, index % columns) / scale[index % columns]
                        }
                    }
                }
            }
        }
        guard scale.shape.rank == 2, scale.shape[1] == columns, zero.shape == scale.shape, groups.shape.count == rows
        else { return nil }
        let names = [values.name, scale.name, zero.name, groups.name]
        return .init(names: names, shape: [rows, columns]) { tensors in
            let scale = tensors[1].floats, zero = tensors[2].floats
            let groupCount = tensors[1].shape[0]
            let groups = tensors[3].floats.map { Int(exactly: $0) ?? -1 }
            guard groups.allSatisfy({ (0..<groupCount).contains($0) }) else { return nil }
            return tensors[0].withUnsafeBytes { bytes in
                Tensor(shape: [rows, columns]) { target in
                    for index in target.indices {
                        let row = index / columns, column = index % columns
                        let entry = groups[row] * columns + column
                        target[index] = (nibble(bytes, row, column) - zero[entry]) * scale[entry]
                    }
                }
            }
        }
    }
}
