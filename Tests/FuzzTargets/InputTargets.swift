import Archives
import Files
import Images
import Inputs
import NumPy
import Tensors

extension FuzzTarget {
    static let numpyArchive = FuzzTarget("npz") { bytes in
        withFile(Array(bytes), named: "array.npz") { path in
            if let file = try? MappedFile(path: path), let archive = try? ZipArchive(file) {
                for member in archive.directory.members.prefix(8) { _ = try? archive.contents(of: member) }
            }
            if let labels = try? LabelArrays.read(path: path) {
                precondition(Set(labels.map(\.count)).count < 2, "items with different outputs")
            }
            _ = try? ReferenceArrays(path: path)
            guard let archive = try? NumPyArchive(path: path) else { return }
            for name in archive.names.prefix(8) {
                guard let tensor = try? archive.tensor(named: name) else { continue }
                precondition(tensor.withUnsafeBytes { $0.count } == tensor.byteCount)
            }
        }
    }

    static let numpyArray = FuzzTarget("npy") { bytes in
        withFile(Array(bytes), named: "array.npy") { path in
            guard let tensor = try? NumPyArray.read(path: path) else { return }
            precondition(tensor.withUnsafeBytes { $0.count } == tensor.byteCount)
        }
    }

    /// A PNG or JPEG picture.
    static let picture = FuzzTarget("picture") { bytes in
        withFile(Array(bytes), named: "picture.png") { path in
            guard let picture = try? Picture(path: path) else { return }
            precondition(picture.pixels.count == picture.width * picture.height * picture.channels)
            // Larger ones would only take time.
            guard picture.pixels.count <= 1 << 20 else { return }
            var preparation = ImagePreparation()
            preparation.sizing = .exactly(width: 4, height: 4)
            let rows = preparation.rows(of: picture, width: 4, height: 4, channels: 3)
            precondition(rows?.numbers.count == 48, "a picture that does not come out as asked for")
        }
    }

    /// How pictures are prepared, as transformers and as KerasHub say it.
    static let preparation = FuzzTarget("preparation") { bytes in
        let pixels = (0..<5 * 7 * 3).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        guard let picture = Picture(width: 5, height: 7, channels: 3, pixels: pixels) else { return }
        for name in ImagePreparation.fileNames {
            _ = ImagePreparation.ledger(assets: [name: Array(bytes)], ignoring: ["size"])
            guard let preparation = try? ImagePreparation(assets: [name: Array(bytes)]) else { continue }
            for (width, height) in [(5, 7), (8, 8)] {
                guard let rows = preparation.rows(of: picture, width: width, height: height, channels: 3) else {
                    continue
                }
                precondition(rows.numbers.count == width * height * 3)
            }
        }
    }
}
