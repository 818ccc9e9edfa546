import Platform

/// What models compute with: threads, kernels, and when to stop.
///
///     let resources = ExecutionResources(threads: 4)
///     let one = try CompiledModel(first, options: .init(resources: resources))
///     let other = try CompiledModel(second, options: .init(resources: resources))   // on the same four threads
///
/// A copy stands for the same threads. They end when the last copy, and the last model that was compiled with one, is
/// gone. Nothing here is shared by the whole process.
package struct ExecutionResources: Sendable {
    /// Threads that work together. Models with the same team take turns.
    package var team: ThreadTeam
    /// Instruction set that is computed with.
    package var kernels: KernelSet
    /// Asked every few milliseconds while a model is compiled or run; when it is requested the work throws
    /// `RuntimeError.cancelled`.
    package var cancellation: Cancellation?
    /// What memory the work may take; `nil`: what it needs.
    package var memory: MemoryBudget?

    /// Resources with a team of their own.
    ///
    /// - Parameter threads: 1 to 256; `nil`: one a core.
    package init(threads: Int? = nil, kernels: KernelSet = .best, cancellation: Cancellation? = nil) {
        self.init(team: ThreadTeam(count: threads), kernels: kernels, cancellation: cancellation)
    }

    /// Resources that share a team.
    package init(team: ThreadTeam, kernels: KernelSet = .best, cancellation: Cancellation? = nil) {
        self.team = team
        self.kernels = kernels
        self.cancellation = cancellation
    }

    /// Bytes of packed weights that a model holds at a time (`WeightWindows`); `nil`: all.
    package var weightLimit: Int? { memory.map { $0.bytes / 4 } }

    /// Bytes that may be kept where so many would be useful.
    package func keeping(_ bytes: Int) -> Int { memory.map { min(bytes, $0.bytes / 8) } ?? bytes }

    /// Number of threads.
    package var threads: Int { team.count }

    /// Whether the work should end.
    package var isCancelled: Bool { cancellation?.isRequested ?? false }

    /// - Throws: `RuntimeError.cancelled` when the work should end.
    package func checkCancellation() throws(RuntimeError) {
        if isCancelled { throw .cancelled }
    }
}

/// What memory some work may take beside the files that it maps.
package struct MemoryBudget: Sendable, Hashable {
    /// Bytes, of which a quarter is for packed weights, and an eighth for each kind of activations that is kept.
    package let bytes: Int
    /// A folder on a disk for what is made and has no room.
    package let folder: String

    package init(bytes: Int, folder: String) {
        self.bytes = bytes
        self.folder = folder
    }
}
