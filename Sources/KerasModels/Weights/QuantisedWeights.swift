import ArchitectureSpecs
import Tensors
import WeightFiles

/// A kernel of small whole numbers with factors, `[rows, columns]` once its axes are put together.
///
/// Eight bits: one factor a column, which divides. Four bits: two numbers a byte, low half first; one factor a column
/// that divides, or blocks of rows with a zero point, which is taken off, and a factor that multiplies.
struct QuantisedMatrix {
    let values: SourceTensor
    let scale: SourceTensor
    let zero: SourceTensor?
    let groups: SourceTensor?
    let rows: Int
    let columns: Int

    /// `nil` when the shapes do not fit.
    var eightBit: TensorPlaces.Computation? {
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

    /// `nil` when the shapes do not fit.
    var fourBit: TensorPlaces.Computation? {
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
                        let place = groups[row] * columns + column
                        target[index] = (nibble(bytes, row, column) - zero[place]) * scale[place]
                    }
                }
            }
        }
    }
}

/// A table of small whole numbers: one factor a row that divides, or blocks of columns with a zero point.
struct QuantisedTable {
    let values: SourceTensor
    let scale: SourceTensor
    let zero: SourceTensor?
    let groups: SourceTensor?
    let rows: Int
    let width: Int

    /// `nil` when the shapes do not fit.
    var computation: TensorPlaces.Computation? {
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
                        let place = row * groupCount + groups[column]
                        target[index] = (number(bytes, row, column) - zero[place]) * scale[place]
                    }
                }
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Half a byte as a number -8 … 7.
    fileprivate func nibble(_ index: Int, isHigh: Bool) -> Float {
        let byte = self[index]
        let half = isHigh ? byte >> 4 : byte & 15
        return Float(Int(half ^ 8) - 8)
    }
}

extension Tensor {
    /// A function of each element.
    func mapped(_ shape: Shape, _ change: (Float) -> Float) -> Tensor {
        withFloats { source in
            Tensor(shape: shape) { target in
                for index in target.indices { target[index] = change(source[index]) }
            }
        }
    }
}

extension Float {
    /// The nearest bfloat16, ties to even.
    var roundedToBFloat16: Float {
        guard isFinite else { return self }
        let bits = bitPattern
        return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
    }
}
