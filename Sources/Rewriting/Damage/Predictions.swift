import Platform
import ModelGraph
import Runtime

/// What a source model predicts, row by row, and how far a rewrite's predictions are from it.
struct Predictions: Sendable {
    /// Rows that are compared at a time, and those of one task: sums do not depend on the number of threads.
    private static let chunkTokens = 512
    private static let taskRows = 32

    /// Logits of the source, chunk by chunk.
    private let chunks: [RowBuffer]
    /// For each row the class that really follows; -1 where that is not known.
    private let targets: [[Int32]]?

    /// - Parameter targets: For each sequence the ids that its rows should predict, the last row's left out.
    init(
        of model: BegunModel, value: String, sequences: [ModelInput], targets: [[Int32]]?
    ) throws(AnalysisError) {
        var chunks: [RowBuffer] = []
        var followers: [[Int32]] = []
        for chunk in sequences.batches(rows: Self.chunkTokens, by: .reaching) {
            let rows = try model.collect(chunk, values: [value])
            guard let logits = rows.values[value] else { continue }
            let numbers = UnsafeBufferPointer(start: logits.base, count: logits.rows * logits.columns)
            // Masked classes may be infinitely unlikely.
            guard !numbers.contains(where: \.isNaN) else { throw .noNumbers(value) }
            chunks.append(logits)
            guard let targets else { continue }
            followers.append(
                zip(chunk, rows.ranges(of: value)).flatMap { index, range in
                    let known = targets[index].prefix(range.count)
                    return Array(known) + [Int32](repeating: -1, count: range.count - known.count)
                })
        }
        self.chunks = chunks
        self.targets = targets == nil ? nil : followers
    }

    /// The difference of a rewrite's predictions from the source's.
    func difference(
        of rewrite: BegunModel, value: String, sequences: [ModelInput], resources: ExecutionResources
    ) throws(AnalysisError) -> OutputDifference {
        var total = Sums()
        for (number, chunk) in sequences.batches(rows: Self.chunkTokens, by: .reaching).enumerated()
        where number < chunks.count {
            let source = chunks[number]
            let rows = try rewrite.collect(chunk, values: [value])
            guard let other = rows.values[value], other.rows == source.rows, other.columns == source.columns else {
                throw .mismatch("the rewrite's predictions have another shape than the source's")
            }
            let followers = targets?[number]
            let tasks = (source.rows + Self.taskRows - 1) / Self.taskRows
            let slots = Lock([Sums](repeating: Sums(), count: tasks))
            try CancellableWorkers(resources).run(tasks) { task in
                var sums = Sums()
                for row in task * Self.taskRows..<min(source.rows, (task + 1) * Self.taskRows) {
                    sums.add(source.row(row), other.row(row), follower: followers.map { Int($0[row]) })
                }
                slots.withLock { $0[task] = sums }
            }
            for sums in slots.withLock({ $0 }) { total.add(sums) }
        }
        let n = max(total.rows, 1)
        return OutputDifference(
            divergence: total.divergence / n, disagreement: total.changed / n, predictions: Int(total.rows),
            perplexity: total.followed > 0 ? exp((total.lossAfter - total.lossBefore) / total.followed) : nil)
    }

    /// What is summed over rows.
    private struct Sums: Sendable {
        var rows = 0.0, divergence = 0.0, changed = 0.0, followed = 0.0, lossBefore = 0.0, lossAfter = 0.0

        mutating func add(_ other: Sums) {
            rows += other.rows
            divergence += other.divergence
            changed += other.changed
            followed += other.followed
            lossBefore += other.lossBefore
            lossAfter += other.lossAfter
        }

        mutating func add(
            _ source: UnsafeMutableBufferPointer<Float>, _ rewrite: UnsafeMutableBufferPointer<Float>, follower: Int?
        ) {
            // A single column is the logit of one of two classes; the other's is 0.
            let isBinary = source.count == 1
            let before = Normalizer(source, isBinary), after = Normalizer(rewrite, isBinary)
            func gain(_ p: Float, _ q: Float) -> Double {
                // A probability of zero contributes nothing, whatever the other says.
                guard p > -.infinity else { return 0 }
                let logP = Double(p) - before.logSum, logQ = Double(q) - after.logSum
                return exp(logP) * (logP - logQ)
            }
            var sum = isBinary ? gain(0, 0) : 0
            for index in source.indices { sum += gain(source[index], rewrite[index]) }
            rows += 1
            divergence += sum
            if before.best != after.best { changed += 1 }
            if let follower, source.indices.contains(follower) {
                followed += 1
                lossBefore += before.logSum - Double(source[follower])
                lossAfter += after.logSum - Double(rewrite[follower])
            }
        }
    }

    /// Logarithm of the sum of exponentials of a row, and its largest element.
    private struct Normalizer {
        let logSum: Double
        let best: Int

        init(_ row: UnsafeMutableBufferPointer<Float>, _ isBinary: Bool) {
            var best = 0
            for index in row.indices where row[index] > row[best] { best = index }
            let largest = row.isEmpty ? 0 : Double(row[best])
            let top = isBinary ? max(0, largest) : largest
            var sum = isBinary ? exp(-top) : 0
            for value in row { sum += exp(Double(value) - top) }
            logSum = top + log(sum)
            self.best = isBinary ? (largest > 0 ? 1 : 0) : best
        }
    }
}
