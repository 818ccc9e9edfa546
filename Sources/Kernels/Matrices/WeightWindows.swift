import Platform

/// Packed matrices of which memory holds some at a time: they are packed when a run comes to where they are needed, and
/// their memory is given back behind that.
///
/// For models whose packed weights are more than memory should hold. What is computed has the same bits.
package final class WeightWindows: Sendable {
    /// Steps of a schedule that need no other matrices than these.
    struct Window: Sendable {
        let steps: Range<Int>
        let jobs: [PackingQueue.Job]
    }

    private let windows: [Window]
    /// Bytes of matrices that are held at a time, where one step does not need more.
    package let limit: Int
    /// Runs of one model take turns: they pack to the same places.
    private let turn = Lock(())

    init(_ windows: [Window], limit: Int) {
        self.windows = windows
        self.limit = limit
    }

    /// Most bytes of matrices that are there at a time.
    package var largestBytes: Int { windows.map { $0.jobs.reduce(0) { $0 + $1.bytes } }.max() ?? 0 }

    /// Calls `body` for one stretch of steps after the other, with their matrices in place.
    ///
    /// - Throws: `RuntimeError.cancelled`.
    /// - Complexity: Packs all matrices.
    package func run(
        with resources: ExecutionResources, body: (_ steps: Range<Int>) -> Void
    ) throws(RuntimeError) {
        try turn.withLock { (_) throws(RuntimeError) in
            for window in windows {
                defer { for job in window.jobs { job.piece.discard(count: job.count) } }
                try PackingQueue.run(window.jobs, with: resources)
                body(window.steps)
                try resources.checkCancellation()
            }
        }
    }
}

extension PackingQueue {
    /// Takes the matrices out of the queue that steps need, to be packed when their turn comes; `nil`, and all stay,
    /// where they are no more than may be held at a time.
    ///
    /// - Parameters:
    ///   - needs: For each step where the matrices begin that it needs.
    ///   - limit: Bytes of matrices that are held at a time.
    package func windows(of needs: [[UnsafeMutablePointer<Float>]], limit: Int) -> WeightWindows? {
        let places = Dictionary(
            jobs.enumerated().map { ($0.element.piece.base, $0.offset) }, uniquingKeysWith: { first, _ in first })
        let wanted = needs.map { $0.compactMap { places[$0] } }
        func bytes(_ indices: some Sequence<Int>) -> Int { indices.reduce(0) { $0 + jobs[$1].bytes } }
        guard bytes(Set(wanted.joined())) > limit else { return nil }
        var result: [WeightWindows.Window] = []
        var start = 0
        var held: Set<Int> = []
        func close(before step: Int) {
            guard start < step else { return }
            result.append(.init(steps: start..<step, jobs: held.sorted().map { jobs[$0] }))
            start = step
            held = []
        }
        for (step, indices) in wanted.enumerated() {
            if !held.isEmpty, bytes(held.union(indices)) > limit { close(before: step) }
            held.formUnion(indices)
        }
        close(before: needs.count)
        remove(Set(wanted.joined()))
        return WeightWindows(result, limit: limit)
    }
}
