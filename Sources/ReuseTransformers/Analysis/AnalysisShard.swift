import Analysis
import Foundation
import JSON
import Platform

/// One of several shares of an analysis, each of which another process or machine computes.
///
///     let shard = try AnalysisShard(3, of: 16)
///     let part = try await ModelAnalyzer(model).analyze(calibration: texts, shard: shard).output
///     try await part.write(to: URL(filePath: "part-3.analysis"))
public struct AnalysisShard: Sendable, Hashable, CustomStringConvertible {
    package let shard: Shard

    /// A shard.
    ///
    /// - Parameters:
    ///   - index: 1 … `count`, or 0 … `count` − 1: 0 and `count` are the same shard.
    ///   - count: How many there are.
    /// - Throws: `.usage` where there is no such shard.
    public init(_ index: Int, of count: Int) throws(TransformerError) {
        guard let shard = Shard(index, of: count) else {
            throw TransformerError(.usage, "there is no shard \(index) of \(count): shards are 1 to their number")
        }
        self.shard = shard
    }

    /// The shard as the command spells it: `3/16`.
    public var description: String { shard.description }
}

/// What one shard of an analysis has found.
public struct AnalysisPart: Sendable, Hashable {
    package let part: Analysis.AnalysisPart

    /// Reads a part that `write(to:)` or `reuseformer analyze --shard` wrote.
    ///
    /// - Throws: `.usage` for a file that is no part, `.corrupt` for a damaged one, `.inputOutput` for one that is not
    ///   there.
    public init(contentsOf file: URL) async throws(TransformerError) {
        part = try await WorkQueue.unlimited.run { (_) throws(TransformerError) in
            try TransformerError.mapping { try Analysis.AnalysisPart(contentsOf: file.path) }
        }
    }

    package init(_ part: Analysis.AnalysisPart) { self.part = part }

    /// The shard that it is.
    public var shard: (index: Int, count: Int) { (part.shard.index, part.shard.count) }

    /// Writes the part; the file appears complete or not at all.
    public func write(to file: URL) async throws(TransformerError) {
        try await WorkQueue.unlimited.run { (_) throws(TransformerError) in
            try TransformerError.mapping { try part.write(to: file.path) }
        }
    }
}

extension ModelAnalysis {
    /// The analysis whose parts are in some files: the same, to the bit, as one process makes.
    ///
    /// - Throws: `.usage` where parts are of different analyses, missing, or given twice, with their names; `.corrupt`
    ///   for a damaged part.
    public init(mergingPartsAt files: [URL]) async throws(TransformerError) {
        self = try await WorkQueue.unlimited.run { (_) throws(TransformerError) in
            try ModelAnalysis(mergingPartsAt: files.map(\.path))
        }
    }

    /// Merges on this thread.
    package init(mergingPartsAt paths: [String]) throws(TransformerError) {
        self = try TransformerError.mapping {
            let parts = try paths.map {
                PartMerging.Named(name: $0, part: try Analysis.AnalysisPart(contentsOf: $0))
            }
            return try ModelAnalysis(asRead: try PartMerging(parts).document())
        }
    }

    /// An analysis as it is read back from its file, where numbers are rounded: a conversion right after it and one
    /// from the file are the same to the bit.
    init(asRead document: AnalysisDocument) throws {
        self.init(try Document.decode(AnalysisDocument.self, from: try Document.encode(document)))
    }
}
