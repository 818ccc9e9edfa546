import Images
import ModelGraph
import Platform

/// The items of a file or folder in its order, a batch at a time: memory holds one batch, however long the data are.
/// (An `.npz` is one batch.)
package struct InputBatches: ~Copyable {
    private let inputs: ModelInputs
    private let path: String
    private let size: Int
    private let cancellation: Cancellation?
    private var unreadable: ((FileError) -> Void)?
    /// Whether a picture could be read, and the last that could not.
    private var hasRead = false
    private var failure: FileError?
    /// Exactly one of the three has something.
    private var records: TextRecords?
    private var pictures: ArraySlice<PictureFolder.File> = []
    private var items: [InputItem] = []

    init(
        _ inputs: ModelInputs, path: String, size: Int, unreadable: ((FileError) -> Void)? = nil,
        cancellation: Cancellation?
    ) throws(FileError) {
        self.inputs = inputs
        self.path = path
        self.size = max(1, size)
        self.cancellation = cancellation
        self.unreadable = unreadable
        records = nil
        if ModelInputs.isArrays(path) || inputs.kind == .pictures, !inputs.columns.texts.isEmpty {
            throw FileError(.usage, path: path, "is no table whose columns could be named; leave out --column")
        }
        if ModelInputs.isArrays(path) {
            items = try inputs.items(ofArraysAt: path)
            return
        }
        switch inputs.kind {
        case .pictures:
            let folder = try PictureFolder(path: path)
            pictures = folder.files[...]
            // A picture that was named itself has to be read.
            if folder.isFile { self.unreadable = nil }
        case .text, .textPairs:
            records = try TextRecords(
                path: path, columns: inputs.columns, contents: .texts(atMost: inputs.textsOfAnItem))
        case .arrays:
            let names = inputs.graph.inputs.joined(separator: ", ")
            throw FileError(.usage, path: path, "is no .npz; this model reads arrays: \(names)")
        }
    }

    /// The next items; `nil` after the last one.
    ///
    /// - Throws: `FileError` when the file is damaged or does not fit the model; of kind `cancelled` when the work was
    ///   asked to end.
    package mutating func next() throws(FileError) -> [InputItem]? {
        var batch = items
        items = []
        while batch.count < size, let picture = pictures.popFirst() {
            try check()
            do throws(FileError) {
                batch.append(try inputs.item(ofPictureAt: picture.path))
                hasRead = true
            } catch  where error.kind != .usage && error.kind != .cancelled {
                guard let unreadable else { throw error }
                unreadable(error)
                failure = error
            }
        }
        if batch.isEmpty, !hasRead, let failure { throw failure }
        while batch.count < size {
            try check()
            switch try records?.next() {
            case .line(let line)?: batch.append(try inputs.item(of: line))
            case .fields(let texts)?: batch.append(try inputs.item(ofParts: texts))
            case nil: return batch.isEmpty ? nil : batch
            }
        }
        return batch.isEmpty ? nil : batch
    }

    private func check() throws(FileError) {
        guard cancellation?.isRequested == true else { return }
        throw FileError(.cancelled, path: path, "was not read to its end: the work was cancelled")
    }
}
