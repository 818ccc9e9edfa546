import Foundation
import ModelGraph
import Platform
import Tensors

/// The draw of a part of a user's data: always the same part of the same data.
enum Sampling {
    /// Indices of about `limit` worth of items, ascending; all of them when they weigh no more. Where `limit` is less
    /// than `least` items weigh, these are drawn all the same: recordings weigh thousands each.
    static func indices(of weights: [Int], limit: Int, least: Int = 0) -> [Int] {
        guard weights.reduce(0, +) > limit else { return Array(weights.indices) }
        var random = SplitMix(seed: 0x5EED)
        var order = Array(weights.indices)
        for index in order.indices.reversed().dropLast() { order.swapAt(index, random.next(below: index + 1)) }
        var taken = 0
        var count = 0
        return order.prefix { index in
            taken += weights[index]
            count += 1
            return taken <= limit || count <= least
        }.sorted()
    }
}

extension ModelInputs {
    /// About `limit` tokens' worth of the items of files and folders, drawn with a fixed seed and left in their order;
    /// all of them when they have no more, and `least` of them where those have more.
    ///
    /// Where more is there than is wanted, files are read twice: memory holds what is drawn and a number for each item.
    ///
    /// - Throws: `FileError` when a file cannot be read; of kind `cancelled` when the work was asked to end.
    package func items(
        of paths: [String], drawing limit: Int, least: Int = 0, cancellation: Cancellation? = nil
    ) throws(FileError) -> [InputItem] {
        var kept: [InputItem] = []
        var weights: [Int] = []
        var total = 0
        // A pipe can be read only once.
        let areRepeatable = paths.allSatisfy(Self.isRepeatable)
        for path in paths {
            var batches = try batches(of: path, size: Self.drawBatch, cancellation: cancellation)
            while let batch = try batches.next() {
                for item in batch {
                    weights.append(item.sequence.visibleCount)
                    total += item.sequence.visibleCount
                }
                if total > limit, areRepeatable { kept = [] } else { kept += batch }
            }
        }
        guard total > limit else { return kept }
        let chosen = Sampling.indices(of: weights, limit: limit, least: least)
        guard areRepeatable else { return chosen.map { kept[$0] } }
        var result: [InputItem] = []
        var next = chosen.makeIterator()
        var wanted = next.next()
        var index = 0
        for path in paths {
            var batches = try batches(of: path, size: Self.drawBatch, cancellation: cancellation)
            while wanted != nil, let batch = try batches.next() {
                for item in batch {
                    if index == wanted {
                        result.append(item)
                        wanted = next.next()
                    }
                    index += 1
                }
            }
        }
        return result
    }

    private static let drawBatch = 256

    private static func isRepeatable(_ path: String) -> Bool {
        guard path != TextBytes.standardInput else { return false }
        let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        return type == .typeRegular || type == .typeDirectory || type == .typeSymbolicLink
    }
}
