import Foundation
import ModelGraph
import Testing

@Suite("Rotary positions of texts that are longer than those of the training")
struct RotaryScalingTests {
    private func rotary(_ size: Int, _ base: Float, _ scaling: Attention.Rotary.Scaling) -> Attention.Rotary {
        Attention.Rotary(size: size, base: base, scaling: scaling)
    }

    private func expectNear(_ found: [Float], _ expected: [Double]) {
        #expect(found.count == expected.count)
        for (a, b) in zip(found, expected) { #expect(abs(Double(a) / b - 1) < 1e-5, "\(found)") }
    }

    @Test("YaRN keeps what turns often, stretches what turns seldom, and fades between them by pairs")
    func yarn() {
        let plain = Attention.Rotary(size: 16, base: 500).frequencies.map(Double.init)
        // Pairs that turn 16 times and twice within 16 positions, log(16 / (turns · 2π)) · 16 / (2 log 500) of them:
        // −2.4 and 0.31, whole pairs 0 and 1.
        let truncated = rotary(
            16, 500, .yarn(.init(factor: 3, slow: 2, fast: 16, length: 16, isTruncated: true, magnitude: 1.3)))
        expectNear(truncated.frequencies, plain.enumerated().map { $0 == 0 ? $1 : $1 / 3 })
        #expect(truncated.magnitude == 1.3)
        let long = rotary(
            16, 500, .yarn(.init(factor: 4, slow: 1, fast: 32, length: 1000, isTruncated: false, magnitude: 1)))
        let first = 16 * log(1000 / (32 * 2 * Double.pi)) / (2 * log(500.0))
        let last = 16 * log(1000 / (2 * Double.pi)) / (2 * log(500.0))
        expectNear(
            long.frequencies,
            plain.enumerated().map { pair, frequency in
                let stretched = min(max((Double(pair) - first) / (last - first), 0), 1)
                return frequency * (1 - stretched) + frequency / 4 * stretched
            })
    }

    @Test("the base grows with a text beyond the length, and only then")
    func dynamic() {
        let scaled = rotary(8, 1000, .dynamic(factor: 4, length: 8))
        let plain = Attention.Rotary(size: 8, base: 1000)
        #expect(scaled.frequencies(tokens: 8) == plain.frequencies)
        #expect(scaled.unchangedLength == 8 && plain.unchangedLength == nil)
        // 4 · 14 / 8 − 3 = 4, to the power of 8 / 6.
        let base = 1000 * pow(4.0, 8.0 / 6)
        expectNear(scaled.frequencies(tokens: 14), (0..<4).map { 1 / pow(base, Double(2 * $0) / 8) })
    }

    @Test("LongRoPE has factors for short and for long texts")
    func long() {
        let scaled = rotary(
            4, 100, .long(.init(short: [1, 2], long: [3, 4], length: 10, magnitude: 1.1)))
        expectNear(scaled.frequencies(tokens: 10), [1, 1 / 20])
        expectNear(scaled.frequencies(tokens: 11), [1.0 / 3, 1 / 40])
        #expect(scaled.magnitude == 1.1 && scaled.unchangedLength == 10)
    }

    @Test(
        "scalings and disentangled positions survive a document",
        arguments: [
            Attention.Positions.rotary(
                .init(
                    size: 4, base: 500,
                    scaling: .yarn(
                        .init(factor: 2, slow: 1, fast: 32, length: 16, isTruncated: false, magnitude: 1.5)))),
            .rotary(.init(size: 4, base: 500, scaling: .dynamic(factor: 2, length: 16))),
            .rotary(
                .init(
                    size: 4, base: 500, scaling: .long(.init(short: [1, 2], long: [2, 3], length: 8, magnitude: 1)))),
            .disentangled(
                .init(
                    span: 6, buckets: nil, maximumDistance: 6, epsilon: nil, hasPositionToContent: false,
                    hasOwnProjections: true)),
        ])
    func documents(_ positions: Attention.Positions) throws {
        let bytes = try JSONEncoder().encode(positions)
        #expect(try JSONDecoder().decode(Attention.Positions.self, from: bytes) == positions)
    }
}
