import Images
import ModelGraph
import Platform

/// The items of a file or folder in its order, a batch at a time: memory holds one batch, however long the data are.
/// (An `.npz` is one batch.)
package struct InputBatches: ~Copyable {
    private let inputs: ModelInputs
    private let size: Int
    /// Exactly one of the three has something.
    private var lines: TextLines?
    private var pictures: ArraySlice<PictureFolder.File> = []
    private var items: [InputItem] = []

    init(_ inputs: ModelInputs, path: String, size: Int) throws(FileError) {
        self.inputs = inputs
        self.size = max(1, size)
        lines = nil
        if ModelInputs.isArrays(path) {
            items = try inputs.items(ofArraysAt: path)
            return
        }
        switch inputs.kind {
        case .pictures:
            pictures = try PictureFolder(path: path).files[...]
        case .text, .textPairs:
            lines = try TextLines(path: path)
        case .arrays:
            let names = inputs.graph.inputs.joined(separator: ", ")
            throw FileError(.usage, path: path, "is no .npz; this model reads arrays: \(names)")
        }
    }

    /// The next items; `nil` after the last one.
    package mutating func next() throws(FileError) -> [InputItem]? {
        var batch = items
        items = []
        while batch.count < size, let picture = pictures.popFirst() {
            batch.append(try inputs.item(ofPictureAt: picture.path))
        }
        while batch.count < size {
            guard let line = try lines?.next() else { break }
            batch.append(try inputs.item(of: line))
        }
        return batch.isEmpty ? nil : batch
    }
}
