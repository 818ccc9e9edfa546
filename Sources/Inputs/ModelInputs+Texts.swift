import ModelGraph
import Platform

extension ModelInputs {
    /// Texts in memory, as `batches(of:size:)` reads them from a file.
    ///
    /// - Throws: `FileError` when the model reads no texts; of kind `cancelled` when the work was asked to end.
    package func items(ofTexts texts: [String], cancellation: Cancellation? = nil) throws(FileError) -> [InputItem] {
        var items: [InputItem] = []
        items.reserveCapacity(texts.count)
        for text in texts {
            if cancellation?.isRequested == true {
                throw FileError(.cancelled, path: "texts", "were not read to their end: the work was cancelled")
            }
            items.append(try item(of: text))
        }
        return items
    }

    /// About `limit` tokens' worth of texts in memory: those that `items(of:drawing:)` would draw from a file of them.
    package func items(
        ofTexts texts: [String], drawing limit: Int, least: Int = 0, cancellation: Cancellation? = nil
    ) throws(FileError) -> [InputItem] {
        let items = try items(ofTexts: texts, cancellation: cancellation)
        return Sampling.indices(of: items.map(\.sequence.visibleCount), limit: limit, least: least)
            .map { items[$0] }
    }
}
