import Analysis
import JSON
import Matrices
import ModelGraph
import Rewriting
import TestSupport
import Testing
import Tokenization

@Suite("Blends of maps")
struct BlendTests {
    /// Contexts as vectors: own (1, 1, 0), a (1, 0, 0), b (0, 2, 0), c (0, 0, 1).
    private var candidates: HeadCandidates {
        let vectors: [[Double]] = [[1, 1, 0], [1, 0, 0], [0, 2, 0], [0, 0, 1]]
        var gram = Matrix(zeros: 4, 4)
        for i in 0..<4 { for j in 0..<4 { gram[i, j] = zip(vectors[i], vectors[j]).reduce(0) { $0 + $1.0 * $1.1 } } }
        return HeadCandidates(
            id: HeadID(node: "n", head: 0),
            maps: [.head(HeadID(node: "n", head: 1)), .head(HeadID(node: "n", head: 2)), .pattern(.mean)], gram: gram)
    }

    @Test("terms are chosen one by one with least-squares weights, until nothing is gained")
    func selection() throws {
        let blend = try #require(Blend(candidates, moves: .standard) { _ in true })
        #expect(blend.terms.map(\.map) == [.head(HeadID(node: "n", head: 1)), .head(HeadID(node: "n", head: 2))])
        #expect(abs((blend.terms.first?.weight ?? 0) - 1) < 1e-3)
        #expect(abs((blend.terms.last?.weight ?? 0) - 0.5) < 1e-3)
        #expect(blend.residual < 1e-6)
    }

    @Test("without blends one map is taken, and what it leaves is the damage")
    func single() throws {
        let blend = try #require(Blend(candidates, moves: [.reuse]) { _ in true })
        #expect(blend.terms.count == 1)
        #expect(abs(blend.residual - 1) < 1e-6)
    }

    @Test("heads that no longer compute, and moves that are not allowed, are not used")
    func availability() throws {
        let blend = try #require(Blend(candidates, moves: .standard) { $0.head != 1 })
        #expect(!blend.terms.contains { $0.map == .head(HeadID(node: "n", head: 1)) })
        #expect(Blend(candidates, moves: [.drop]) { _ in true } == nil)
        #expect(candidates.replacement(moves: [.drop]) { _ in true }?.source == .dropped)
        #expect(candidates.replacement(moves: [.drop, .pattern]) { _ in true }?.source == .dropped)
    }

    @Test("a map that the layer reads anyway is preferred to one that explains a little more")
    func sharing() throws {
        // Of the own context (1, 0) the first map leaves 1 − 1 / 1.01 unexplained, the second 1 − 1 / 1.0225.
        let vectors: [[Double]] = [[1, 0], [1, 0.1], [1, 0.15]]
        var gram = Matrix(zeros: 3, 3)
        for i in 0..<3 { for j in 0..<3 { gram[i, j] = zip(vectors[i], vectors[j]).reduce(0) { $0 + $1.0 * $1.1 } } }
        let first = HeadID(node: "n", head: 1), second = HeadID(node: "n", head: 2)
        let candidates = HeadCandidates(
            id: HeadID(node: "n", head: 0), maps: [.head(first), .head(second)], gram: gram)
        let cases: [(read: Set<HeadID>, chosen: HeadID)] = [
            ([], first), ([second], second), ([first, second], first),
        ]
        for (read, chosen) in cases {
            let blend = try #require(
                Blend(candidates, moves: [.reuse], isRead: { read.contains($0) }, isAvailable: { _ in true }))
            #expect(blend.terms.map(\.map) == [.head(chosen)])
        }
        var limits = Blend.Limits()
        limits.reading = 0.01
        let blend = try #require(
            Blend(candidates, moves: [.reuse], limits: limits, isRead: { $0 == second }, isAvailable: { _ in true }))
        #expect(blend.terms.map(\.map) == [.head(first)])
    }

    @Test("candidates survive writing and reading, and a wrong number of products is refused")
    func documents() throws {
        let bytes = try Document.encode(candidates)
        let read = try Document.decode(HeadCandidates.self, from: bytes)
        #expect(read == candidates)
        let damaged = String(decoding: bytes, as: UTF8.self).replacing(
            "\"head\" : 0,\n  \"maps\" : [", with: "\"head\" : 0,\n  \"maps\" : [{\"pattern\":\"first\"},")
        #expect(throws: Document.ReadError.self) { try Document.decode(HeadCandidates.self, from: Array(damaged.utf8)) }
    }
}
