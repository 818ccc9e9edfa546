import Analysis
import Files
import Foundation
import JSON
import ModelGraph
import Platform
import Rewriting
import Runtime
import TestSupport
import Testing

@Suite("Conversions that several workers make together")
struct RefitRoundsTests {
    private let model = Model.random(layers: 3, seed: 5)

    private func calibration() throws -> CalibrationSet {
        // More chunks than some have workers.
        try CalibrationSet(randomSequences(1600, seed: 31))
    }

    private var plan: ReusePlan {
        var plan = ReusePlan(of: model.graph)
        plan.set(.reused(head(0, 0)), of: head(1, 0))
        plan.set(.borrowed([MapTerm(map: .pattern(.mean))]), of: head(1, 1))
        return plan
    }

    private func options(
        _ folder: String, worker: Int, of count: Int, patience: Duration = .seconds(60),
        _ cancellation: Cancellation? = nil
    ) -> Converter.Options {
        var options = Converter.Options(resources: .init(threads: 1, cancellation: cancellation))
        options.keeping = (folder, "test")
        options.rounds = RefitRounds(worker: worker, of: count, patience: patience)
        return options
    }

    private func files(_ folder: String, _ prefix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(prefix) }
    }

    /// What workers give that run at the same time.
    private func together(_ workers: [Converter.Options], _ calibration: CalibrationSet) -> [Converter.Result?] {
        let slots = Lock([Converter.Result?](repeating: nil, count: workers.count))
        let group = DispatchGroup()
        for index in workers.indices {
            group.enter()
            // Each needs a thread: they wait for one another.
            Thread.detachNewThread {
                let result = try? Converter(options: workers[index]).convert(
                    model, plan: plan, calibration: calibration)
                slots.withLock { $0[index] = result }
                group.leave()
            }
        }
        group.wait()
        return slots.withLock { $0 }
    }

    private func expectSame(_ result: Converter.Result?, _ whole: Converter.Result) throws {
        let result = try #require(result)
        #expect(result.healing == whole.healing)
        #expect(result.model.tensors.mapValues(\.floats) == whole.model.tensors.mapValues(\.floats))
    }

    @Test("two, three and sixteen workers have the bits of one, and leave no sums behind", arguments: [2, 3, 16])
    func workers(count: Int) throws {
        let calibration = try calibration()
        try #require(calibration.fit.batches(rows: 4096, by: .reaching).count > 3)
        let whole = try Converter().convert(model, plan: plan, calibration: calibration)
        try #require(whole.healing.steps.contains { $0.verdict == .kept })
        try withTemporaryFolder { folder in
            let results = together((1...count).map { options(folder, worker: $0, of: count) }, calibration)
            for result in results { try expectSame(result, whole) }
            #expect(try files(folder, "sums-").isEmpty)
            #expect(try files(folder, "refit-").count >= whole.healing.steps.count)
        }
    }

    @Test("what a worker that never comes should do is done by the others")
    func lostWorkers() throws {
        let calibration = try calibration()
        let whole = try Converter().convert(model, plan: plan, calibration: calibration)
        try withTemporaryFolder { folder in
            let alone = together([options(folder, worker: 2, of: 3, patience: .milliseconds(1))], calibration)
            try expectSame(alone[0], whole)
            // One that comes late takes what is there.
            try expectSame(together([options(folder, worker: 1, of: 3)], calibration)[0], whole)
        }
    }

    @Test("a worker that is interrupted anywhere goes on to the same bits")
    func interruption() throws {
        let calibration = try calibration()
        let whole = try Converter().convert(model, plan: plan, calibration: calibration)
        for milliseconds in [5, 40, 160, 400] {
            try withTemporaryFolder { folder in
                let cancellation = Cancellation()
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
                    cancellation.request()
                }
                let first = together(
                    [
                        options(folder, worker: 1, of: 2, cancellation),
                        options(folder, worker: 2, of: 2, patience: .milliseconds(20)),
                    ], calibration)
                try expectSame(first[1], whole)
                try expectSame(together([options(folder, worker: 1, of: 2)], calibration)[0], whole)
            }
        }
    }

    @Test("sums that were changed, cut off or made up are refused with the file's name; those of other texts too")
    func damage() throws {
        let calibration = try calibration()
        try withTemporaryFolder { folder in
            // A worker that is interrupted while it waits for the other one leaves its sums.
            let cancellation = Cancellation()
            let waiting = DispatchGroup()
            let options = options(folder, worker: 2, of: 2, cancellation)
            DispatchQueue.global().async(group: waiting) {
                _ = try? Converter(options: options).convert(model, plan: plan, calibration: calibration)
            }
            let own = TestParts.count(of: calibration) / 2
            while try files(folder, "sums-").filter({ $0.hasSuffix(".part") && !$0.hasPrefix(".") }).count < own {
                usleep(10_000)
            }
            cancellation.request()
            waiting.wait()
            let name = try #require(try files(folder, "sums-").min())
            let path = "\(folder)/\(name)"
            let sound = try #require(FileManager.default.contents(atPath: path))

            func refusal(_ bytes: Data, _ calibration: CalibrationSet) throws -> AnalysisError? {
                try bytes.write(to: URL(filePath: path))
                do throws(AnalysisError) {
                    _ = try Converter(options: self.options(folder, worker: 1, of: 2, patience: .milliseconds(1)))
                        .convert(model, plan: plan, calibration: calibration)
                    return nil
                } catch {
                    return error
                }
            }
            var changed = sound
            changed[sound.count - 40] ^= 1
            var long = sound
            long[3] = 0x7f
            let cases = [
                changed, sound.dropLast(), sound.prefix(1000), sound.prefix(3), Data(), long,
                Data(String(decoding: sound.prefix(400), as: UTF8.self).replacing("\"part\"", with: "\"port\"").utf8),
            ]
            for (number, bytes) in cases.enumerated() {
                let error = try #require(try refusal(Data(bytes), calibration), "case \(number)")
                #expect(error.kind == .corrupt && error.description.contains(name), "case \(number): \(error)")
            }
            try sound.write(to: URL(filePath: path))
            let whole = try Converter().convert(model, plan: plan, calibration: calibration)
            try expectSame(
                together([self.options(folder, worker: 1, of: 2, patience: .milliseconds(1))], calibration)[0], whole)
            let others = try CalibrationSet(randomSequences(1600, seed: 32))
            let error = try #require(try refusal(sound, others))
            #expect(error.kind == .usage && error.description.contains("other texts"))
        }
    }
}

/// Parts that sums of calibration texts are cut into, counted as the documentation says it.
private enum TestParts {
    static func count(of calibration: CalibrationSet) -> Int {
        min(16, calibration.fit.batches(rows: 4096, by: .reaching).count)
    }
}
