import Foundation
import ReuseTransformers
import TestSupport
import Testing

/// How long a conversion of a model of usual size goes on after it was cancelled: measured where a model is given,
/// since a busy machine would decide otherwise.
///
///     REUSEFORMER_CANCEL_MODEL=.demo/minilm/source swift test --filter CancellationLatencyTests
@Suite("Cancelled work, measured", .serialized)
struct CancellationLatencyTests {
    private static let model = ProcessInfo.processInfo.environment["REUSEFORMER_CANCEL_MODEL"]

    /// Cancels some time after a stage has begun.
    ///
    /// - Returns: How long it took to end; `nil` when it was done before.
    private func latency(
        _ steps: WorkSteps<ConversionResult>, _ stage: WorkProgress.Stage, after delay: Duration
    ) async throws -> Duration? {
        let clock = ContinuousClock()
        let cancelled = Instant()
        let task = Task {
            // A stage that never comes ends with the work.
            defer { if cancelled.value == nil { cancelled.value = clock.now } }
            for try await step in steps {
                guard case .progress(let progress) = step, progress.stage == stage, cancelled.value == nil else {
                    continue
                }
                cancelled.value = clock.now + delay
            }
        }
        while cancelled.value == nil { try await Task.sleep(for: .milliseconds(5)) }
        guard let moment = cancelled.value else { return nil }
        try await Task.sleep(until: moment, clock: clock)
        let start = clock.now
        task.cancel()
        let result = await task.result
        let took = clock.now - start
        guard case .failure(let error) = result else { return nil }
        #expect((error as? TransformerError)?.kind == .cancelled, "\(error)")
        return took
    }

    private final class Instant: @unchecked Sendable {
        private let lock = NSLock()
        private var stored: ContinuousClock.Instant?
        var value: ContinuousClock.Instant? {
            get { lock.withLock { stored } }
            set { lock.withLock { stored = newValue } }
        }
    }

    @Test("a conversion ends within a second of being cancelled, and leaves no file", .enabled(if: model != nil))
    func conversion() async throws {
        let path = try #require(Self.model)
        let model = try await TransformerModel(at: URL(fileURLWithPath: path))
        let texts = try Fixtures.texts("calibration.txt", 60)
        let scratch = Scratch()
        var slowest = Duration.zero
        for stage in [
            WorkProgress.Stage.comparingMaps, .findingReplacements, .measuringDamage, .rewriting, .writing,
            .comparingModels,
        ] {
            for milliseconds in [0, 170, 410, 900, 2300] {
                let steps = ModelConverter(model).convert(
                    calibration: texts, budget: .maps(1 / 3), to: scratch.url("small.reuse.h5"))
                guard let took = try await latency(steps, stage, after: .milliseconds(milliseconds)) else { continue }
                print("cancelled \(milliseconds) ms into “\(stage)”: ended after \(took)")
                slowest = max(slowest, took)
                #expect(scratch.names.isEmpty)
            }
        }
        #expect(slowest < .seconds(1))
    }
}
