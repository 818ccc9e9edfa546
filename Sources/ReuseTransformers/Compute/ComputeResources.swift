import BackgroundWork
import Foundation
import Platform
import Runtime

/// The threads and instructions that models compute with, owned by the caller.
///
/// Everything that computes takes resources. One instance can serve many models, which then take turns on one team of
/// threads; two instances compute side by side. Results never depend on the number of threads.
///
///     let resources = ComputeResources(threads: 4)
///     let embedder = try TextEmbedder(model, resources: resources)
///
/// Computation never runs on the threads of Swift concurrency: a service stays responsive while models compute. The
/// threads end when the resources, and all that was made with them, are gone.
public final class ComputeResources: Sendable {
    /// One thread a core and the best instructions, for callers that need nothing special.
    public static let shared = ComputeResources()

    /// Threads that a computation uses.
    public var threads: Int { team.count }
    /// The instructions that are computed with.
    public let instructions: InstructionSet
    /// Where short work waits for its turn.
    let queue: WorkQueue
    private let team: ThreadTeam
    /// Bytes that analyses, conversions and runs may take beside the files that they map; `nil`: what they need.
    public let memory: Int?
    private let folder: URL

    /// Least limit on memory that anything can be done with.
    package static let leastMemory = 256 << 20

    /// Resources of their own.
    ///
    /// - Parameters:
    ///   - threads: Threads to compute on, 1 to 256; `nil`: one a core.
    ///   - instructions: The instructions to compute with.
    ///   - memory: Bytes that work may take, 256 MiB at least, for models that are larger than memory: weights are
    ///     packed part by part as a run comes to them, each time anew, for the same results. `nil`: what it needs.
    ///   - folder: Where what has no room goes, to files without a name; `nil`: the system's folder for such files.
    public init(
        threads: Int? = nil, instructions: InstructionSet = .best, memory: Int? = nil, folder: URL? = nil
    ) {
        self.memory = memory.map { max($0, Self.leastMemory) }
        self.folder = folder ?? FileManager.default.temporaryDirectory
        team = ThreadTeam(count: threads)
        self.instructions = instructions
        // One more than compute, so that a text can be cut into tokens while the team is busy.
        queue = WorkQueue(limit: team.count + 1)
    }

    /// What the modules below compute with.
    package func execution(_ cancellation: Cancellation? = nil) -> ExecutionResources {
        var resources = ExecutionResources(team: team, kernels: instructions.kernels, cancellation: cancellation)
        resources.memory = memory.map { MemoryBudget(bytes: $0, folder: folder.path) }
        return resources
    }
}

/// Instructions of a CPU that models compute with.
///
/// Sets with a fused multiply-add (all but `scalar`) give the same bits as one another.
public struct InstructionSet: Sendable, Hashable, CustomStringConvertible {
    let kernels: KernelSet

    /// The best that this CPU has.
    public static let best = InstructionSet(.best)

    /// All that this CPU has, the plainest first.
    public static var available: [InstructionSet] { KernelSet.available.map(InstructionSet.init) }

    package init(_ kernels: KernelSet) { self.kernels = kernels }

    /// The set of a name: `scalar`, `avx2`, `avxvnni`, `avx512`, `avx512vnni`, `avx512bf16`, `neon` or `neondot`.
    ///
    /// - Throws: `.usage` where this CPU lacks it.
    public init(named name: String) throws(TransformerError) {
        do { kernels = try KernelSet(named: name) } catch { throw TransformerError(error) }
    }

    /// The set's name.
    public var description: String { kernels.description }
}
