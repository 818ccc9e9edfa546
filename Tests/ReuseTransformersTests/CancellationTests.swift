import Foundation
import ReuseTransformers
import TestSupport
import Testing

/// Work that is cancelled ends soon, says so, and leaves nothing behind.
@Suite("Cancelled work", .serialized)
struct CancellationTests {
    private let scratch = Scratch()

    /// What the public promise allows, and as much again for a machine that is busy with other tests.
    private static let patience = Duration.seconds(10)

    /// Runs work and cancels it when it says that a stage began.
    private func cancel<Output>(
        _ steps: WorkSteps<Output>, at stage: @escaping @Sendable (WorkProgress.Stage) -> Bool
    ) async throws -> (error: TransformerError, took: Duration) {
        let clock = ContinuousClock()
        let task = Task { () -> (TransformerError?, ContinuousClock.Instant?) in
            var cancelled: ContinuousClock.Instant?
            do throws(TransformerError) {
                for try await step in steps {
                    if case .progress(let progress) = step, cancelled == nil, stage(progress.stage) {
                        cancelled = clock.now
                        withUnsafeCurrentTask { $0?.cancel() }
                    }
                }
            } catch {
                return (error, cancelled)
            }
            return (nil, cancelled)
        }
        let (error, cancelled) = await task.value
        return (try #require(error), clock.now - (try #require(cancelled)))
    }

    @Test(
        "a conversion that is cancelled in any stage ends with the error that says so and leaves no file",
        arguments: [
            WorkProgress.Stage.comparingMaps, .findingReplacements, .measuringDamage, .rewriting, .writing,
            .comparingModels,
        ])
    func conversion(_ stage: WorkProgress.Stage) async throws {
        let model = try await Fixtures.encoderModel()
        let texts = try Fixtures.texts("calibration.txt", 40)
        let file = scratch.url("small.reuse.h5")
        let steps = ModelConverter(model).convert(calibration: texts, budget: .maps(1 / 3), to: file)
        let (error, took) = try await cancel(steps) { $0 == stage }
        #expect(error.kind == .cancelled)
        #expect(took < Self.patience)
        #expect(scratch.names.isEmpty)
    }

    @Test("leaving the loop ends the work too")
    func left() async throws {
        let model = try await Fixtures.encoderModel()
        let texts = try Fixtures.texts("calibration.txt", 40)
        let file = scratch.url("small.reuse.h5")
        for try await _ in ModelConverter(model).convert(calibration: texts, budget: .maps(1 / 3), to: file) { break }
        try await Task.sleep(for: Self.patience)
        #expect(scratch.names.isEmpty)
    }

    @Test("work that waits for its turn ends at once when it is cancelled")
    func waiting() async throws {
        let embedder = try TextEmbedder(try await Fixtures.encoderModel(), resources: ComputeResources(threads: 1))
        let texts = try Fixtures.texts("heldout.txt", 100)
        let busy = (0..<3).map { _ in Task { try await embedder.embeddings(for: texts) } }
        try await Task.sleep(for: .milliseconds(50))
        let clock = ContinuousClock(), start = clock.now
        let waiting = Task { try await embedder.embeddings(for: texts) }
        waiting.cancel()
        let result = await waiting.result
        #expect { try result.get() } throws: { ($0 as? TransformerError)?.kind == .cancelled }
        #expect(clock.now - start < Self.patience)
        for task in busy { task.cancel() }
        for task in busy { _ = await task.result }
        #expect(clock.now - start < Self.patience * 2)
    }
}
