import Analysis
import BackgroundWork
import Foundation
import JSON
import Platform

/// One of several shares of an analysis, each of which another process or machine computes.
///
///     let shard = try AnalysisShard(3, of: 16)
///     let data = CalibrationData.texts(texts)
///     let part = try await ModelAnalyzer(model).analyze(calibration: data, shard: shard).output
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
    /// The file that it was read from; empty for one that was just made.
    package let name: String

    /// Reads a part that `write(to:)` or `reuseformer analyze --shard` wrote.
    ///
    /// - Throws: `.usage` for a file that is no part, `.corrupt` for a damaged one, `.inputOutput` for one that is not
    ///   there.
    public init(contentsOf file: URL) async throws(TransformerError) {
        self = try await WorkQueue.unlimited.run { (_) throws(TransformerError) in
            try AnalysisPart(contentsOf: file.path)
        }
    }

    package init(contentsOf path: String) throws(TransformerError) {
        part = try TransformerError.mapping { try Analysis.AnalysisPart(contentsOf: path) }
        name = path
    }

    package init(_ part: Analysis.AnalysisPart, name: String = "") {
        self.part = part
        self.name = name
    }

    /// The shard that it is.
    public var shard: (index: Int, count: Int) { (part.shard.index, part.shard.count) }

    /// Writes the part; the file appears complete or not at all.
    public func write(to file: URL) async throws(TransformerError) {
        try await WorkQueue.unlimited.run { (_) throws(TransformerError) in
            try TransformerError.mapping { try part.write(to: file.path) }
        }
    }

    /// All parts of one cut put together.
    package enum Merged {
        case analysis(ModelAnalysis)
        /// Sums of maps, for `ModelAnalyzer.analyze(calibration:shard:after:)`.
        case maps(AnalysisPart)
    }

    /// Merges on this thread.
    package static func merged(_ parts: [AnalysisPart]) throws(TransformerError) -> Merged {
        try TransformerError.mapping {
            let merging = try PartMerging(parts.map(\.named))
            switch merging.stage {
            case .pieces: return .analysis(try ModelAnalysis(asRead: merging.document()))
            case .maps: return .maps(AnalysisPart(try merging.mapsPart()))
            }
        }
    }

    /// The part with the name that errors call it by.
    var named: PartMerging.Named { .init(name: name.isEmpty ? "shard \(part.shard)" : name, part: part) }

    /// The sums of all maps, from the parts that `ModelAnalyzer.compareMaps` made.
    ///
    /// - Throws: As `ModelAnalysis(merging:)` does.
    public init(mergingMaps parts: [AnalysisPart]) throws(TransformerError) {
        guard case .maps(let maps) = try Self.merged(parts) else {
            throw TransformerError(.usage, "these are parts of an analysis; make an analysis of them")
        }
        self = maps
    }
}

extension ModelAnalysis {
    /// The analysis of all its parts: the same, to the bit, as one process makes.
    ///
    /// - Throws: `.usage` where parts are of different analyses, missing, or given twice, with their names; `.corrupt`
    ///   for a part that contradicts itself.
    public init(merging parts: [AnalysisPart]) throws(TransformerError) {
        guard case .analysis(let analysis) = try AnalysisPart.merged(parts) else {
            throw TransformerError(.usage, "these are sums of maps; an analysis goes on from them")
        }
        self = analysis
    }

    /// An analysis as it is read back from its file, where numbers are rounded: a conversion right after it and one
    /// from the file are the same to the bit.
    init(asRead document: AnalysisDocument) throws {
        self.init(try Document.decode(AnalysisDocument.self, from: try Document.encode(document)))
    }
}
