import Analysis
import ModelGraph
import Runtime
import TestSupport
import Testing

/// Single-precision sums of up to twenty differences.
private let tolerance = 1e-6

@Suite("Similarity of maps")
struct SimilarityTests {
    private func similarity(_ a: [Float], _ b: [Float], columns: Int, rows: [Int]) -> Double? {
        a.withUnsafeBufferPointer { a -> Double? in
            b.withUnsafeBufferPointer { b -> Double? in
                guard let left = a.baseAddress, let right = b.baseAddress else { return nil }
                let count = a.count / columns
                return mapSimilarity(
                    MatrixView(base: left, rows: count, columns: columns, stride: columns),
                    MatrixView(base: right, rows: count, columns: columns, stride: columns), rows: rows)
            }
        }
    }

    @Test("similarity is 1 for equal rows, 0 for rows that share no key, and their mean over rows")
    func byHand() throws {
        let a: [Float] = [0.5, 0.5, 0, 1, 0, 0, 0.2, 0.3, 0.5]
        let b: [Float] = [0.5, 0.5, 0, 0, 0, 1, 0.4, 0.3, 0.3]
        // Row 2: ½ (0.2 + 0 + 0.2) = 0.2 apart.
        #expect(try #require(similarity(a, b, columns: 3, rows: [0])) == 1)
        #expect(try #require(similarity(a, b, columns: 3, rows: [1])) == 0)
        #expect(abs(try #require(similarity(a, b, columns: 3, rows: [2])) - 0.8) < tolerance)
        #expect(abs(try #require(similarity(a, b, columns: 3, rows: [0, 1, 2])) - 0.6) < tolerance)
        #expect(similarity(a, b, columns: 3, rows: []) == nil)
    }

    @Test("similarity of maps counts every key, whatever the number of columns", arguments: [1, 15, 16, 17, 33])
    func columns(_ count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let a = (0..<count).map { _ in Float.random(in: 0...1, using: &generator) }
        let b = (0..<count).map { _ in Float.random(in: 0...1, using: &generator) }
        let expected = 1 - 0.5 * zip(a, b).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) }
        #expect(abs(try #require(similarity(a, b, columns: count, rows: [0])) - expected) < 1e-5)
    }

    @Test(
        "similarity finds the head whose map is a copy, and is the same for any number of threads",
        arguments: [1, 2, 3])
    func copies(_ threads: Int) throws {
        let model = Model.random(layers: 2, seed: 7).copyingMap(of: 0, to: 2, layer: 1)
        let pairs = MapPairs(model.graph)
        let sequences = randomSequences(40, seed: 2)
        let pass = try SimilarityPass(
            model, pairs: pairs, sequences: sequences, separators: [], resources: .init(threads: threads))
        let copy = try #require(
            pairs.pairs.firstIndex { pairs.heads[$0.later] == head(1, 2) && pairs.heads[$0.earlier] == head(1, 0) })
        #expect(pass.similarity[copy] > 0.99999)
        #expect(pass.similarity.enumerated().allSatisfy { $0.offset == copy || $0.element < 0.99 })
        let alone = try SimilarityPass(
            model, pairs: pairs, sequences: sequences, separators: [], resources: .init(threads: 1))
        #expect(pass.similarity == alone.similarity)
        #expect(pass.profiles == alone.profiles)
    }

    @Test("a head may borrow from earlier nodes and its own, never from a later one")
    func candidates() {
        let pairs = MapPairs(Model.random(layers: 2, seed: 1).graph)
        #expect(pairs.candidates[0] == [1, 2])
        #expect(pairs.candidates[4] == [0, 1, 2, 3, 5])
        #expect(pairs.pairs.count == 15)
    }

    @Test("profiles of uniform attention are those of arithmetic")
    func uniformProfile() throws {
        var sums = ProfileSums()
        let map = [Float](repeating: 0.25, count: 16)
        map.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            sums.add(
                MatrixView(base: base, rows: 4, columns: 4, stride: 4), rows: [0, 1, 2, 3], isCross: false,
                separators: [3]
            ) { _ in 0..<4 }
        }
        let profile = sums.profile(of: head(0, 0), knowsSeparators: true)
        #expect(profile.entropy == 1)
        #expect(profile.own == 0.25)
        #expect(profile.first == 0.25)
        // Three of four rows have a neighbour on either side.
        #expect(profile.previous == 0.1875)
        #expect(profile.next == 0.1875)
        #expect(profile.separator == 0.25)
    }
}
