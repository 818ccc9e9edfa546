import Images
import ModelGraph
import Platform
import Tensors

extension Model {
    /// The model for pictures of the size that its own preprocessing gives them, where its tables of places may be laid
    /// over pictures of several sizes.
    ///
    /// - Throws: `FileError` when the preprocessing cannot be read, or leaves no room for a patch.
    package func fittedToItsPictures() throws(FileError) -> Model {
        guard graph.resizablePicture != nil, let preparation = try ImagePreparation(assets: assets) else { return self }
        if let crop = preparation.crop { return try fitted(to: [crop.height, crop.width]) }
        if case .exactly(let width, let height)? = preparation.sizing { return try fitted(to: [height, width]) }
        return self
    }

    /// The model for the pictures among a batch's arrays.
    ///
    /// - Parameter arrays: By the framework's names.
    /// - Throws: `FileError` when no patch fits into them.
    package func fitted(to arrays: [String: Tensor]) throws(FileError) -> Model {
        guard let (input, layout) = graph.resizablePicture,
            let array = arrays[input] ?? (arrays.count == 1 ? arrays.values.first : nil), array.shape.rank == 4
        else { return self }
        let extents = array.shape.extents
        return try fitted(to: layout.isChannelsFirst ? [extents[2], extents[3]] : [extents[1], extents[2]])
    }

    private func fitted(to grid: [Int]) throws(FileError) -> Model {
        var result = self
        do throws(GraphError) {
            result.graph = try graph.resized(to: grid)
        } catch {
            throw FileError(.usage, path: "pictures", error.problems.map(\.description))
        }
        return result
    }
}
