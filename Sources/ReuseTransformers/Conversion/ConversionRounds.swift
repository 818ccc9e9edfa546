import Foundation
import Rewriting

/// A conversion that several processes make together, on one machine or on many that see the same folder.
///
/// Each repairs by least squares on its share of the data what the rewrite broke; after every refit all have the same
/// model. What a worker that is gone has not done the others do, and every worker that ends has the whole result: the
/// same, to the bit, as one process alone makes. Needs a plan, or an analysis: these are not made together.
public struct ConversionRounds: Sendable, Hashable {
    /// The folder that all workers see; sums and refits are kept in it.
    public var folder: URL
    /// Which worker this is.
    public var worker: AnalysisShard

    /// A worker's place, counted as shards are.
    public init(in folder: URL, worker: AnalysisShard) {
        self.folder = folder
        self.worker = worker
    }

    /// How refits are made together.
    var refits: RefitRounds { RefitRounds(worker: worker.shard.index, of: worker.shard.count) }
}
