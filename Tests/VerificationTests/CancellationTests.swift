import ModelGraph
import Platform
import Runtime
import Testing
import Verification

@Suite("Cancelling comparisons and evaluations")
struct CancellationTests {
    private let cancellation = Cancellation()
    private let resources: ExecutionResources

    init() { resources = ExecutionResources(threads: 2, cancellation: cancellation) }

    @Test("a comparison that is asked to end after its first texts ends with `cancelled`")
    func fidelity() throws {
        let options = FidelityStudy.Options(resources: resources)
        let study = try FidelityStudy(source: tinyEncoder(), converted: tinyEncoder(seed: 2), options: options)
        var reports = 0
        #expect(throws: VerificationError.cancelled) {
            try study.measure(tinyTexts(400)) { _ in
                reports += 1
                cancellation.request()
            }
        }
        #expect(reports == 1)
        #expect(throws: VerificationError.cancelled) {
            try FidelityStudy(source: tinyEncoder(), converted: tinyEncoder(), options: options)
        }
    }

    @Test("a comparison whose cancellation is never requested measures the same numbers as one without")
    func unrequested() throws {
        let source = tinyEncoder(), converted = tinyEncoder(seed: 2)
        let masking = Masking(maskID: 29, specialIDs: [])
        let plain = try FidelityStudy(source: source, converted: converted, options: .init(masking: masking))
        let other = try FidelityStudy(
            source: source, converted: converted, options: .init(resources: resources, masking: masking))
        #expect(try plain.measure(tinyTexts()) == other.measure(tinyTexts()))
    }

    @Test("checks of exactness, by outputs and by tensors, end with `cancelled`")
    func exactness() {
        let model = tinyEncoder()
        cancellation.request()
        #expect(throws: VerificationError.cancelled) {
            try Exactness.check(
                model, against: model, promise: .bitwise, on: tinyTexts(), resources: resources)
        }
        #expect(throws: VerificationError.cancelled) {
            try Exactness.check(tensorsOf: model, against: model, cancellation: cancellation)
        }
    }

    @Test("losses, classes and similarities of an evaluator end with `cancelled`")
    func evaluator() throws {
        let evaluator = try Evaluator(tinyEncoder(), resources: resources)
        var losses = Evaluator.Losses()
        try evaluator.addLosses(of: tinyTexts(3), to: &losses)
        let before = losses
        cancellation.request()
        #expect(throws: VerificationError.cancelled) { try evaluator.addLosses(of: tinyTexts(), to: &losses) }
        #expect(losses.sum == before.sum && losses.count == before.count)
        #expect(throws: VerificationError.cancelled) { _ = try evaluator.classes(of: tinyTexts()) }
        #expect(throws: VerificationError.cancelled) { _ = try evaluator.similarities(ofPairs: tinyTexts()) }
        #expect(throws: VerificationError.cancelled) { try Evaluator(tinyEncoder(), resources: resources) }
    }

    @Test("timing of models ends with `cancelled`")
    func benchmark() {
        cancellation.request()
        #expect(throws: VerificationError.cancelled) {
            try Benchmark([("a", tinyEncoder())])
                .measure(.shape(batch: 2, tokens: 8), with: resources)
        }
    }
}
