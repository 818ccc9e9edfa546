import ModelGraph

/// The items of a file or folder in its order, a batch at a time: memory holds one batch, however long the data are.
/// (An `.npz` is one batch.)
public struct InputBatches: ~Copyable {
    private let inputs: ModelInputs
    private let size: Int
    /// Exactly one of the three has something.
    private var lines: TextLines?
    private var pictures: ArraySlice<PictureFolder.File> = []
    private var items: [InputItem] = []

    init(_ inputs: ModelInputs, path: String, size: Int) throws(DataError) {
        self.inputs = inputs
        self.size = max(1, size)
        lines = nil
        if ModelInputs.isArrays(path) {
            items = try inputs.items(ofArraysAt: path)
            return
        }
        switch inputs.kind {
        case .pictures:
            do throws(ImageError) { pictures = try PictureFolder(path: path).files[...] } catch { throw .image(error) }
        case .text, .textPairs:
            do throws(InputError) { lines = try TextLines(path: path) } catch { throw .input(error) }
        case .arrays:
            let names = inputs.graph.inputs.joined(separator: ", ")
            throw .input(InputError(path, "is no .npz; this model reads arrays: \(names)"))
        }
    }

    /// The next items; `nil` after the last one.
    public mutating func next() throws(DataError) -> [InputItem]? {
        var batch = items
        items = []
        while batch.count < size, let picture = pictures.popFirst() {
            batch.append(try inputs.item(ofPictureAt: picture.path))
        }
        while batch.count < size {
            let line: String?
            do throws(InputError) { line = try lines?.next() } catch { throw .input(error) }
            guard let line else { break }
            batch.append(try inputs.item(of: line))
        }
        return batch.isEmpty ? nil : batch
    }
}
