import Foundation
import ModelGraph

// Positions as the frameworks define them, in double precision, written down once more.

extension ReferenceInterpreter {
    /// A head's query or key after its norm and rotary positions.
    func prepared(_ attention: Attention, _ node: Node, _ row: [Double], norm: String, at place: Int) -> [Double] {
        var row = row
        if let headNorm = attention.headNorm, let scale = model.tensor(of: node, norm)?.floats {
            let mean = row.reduce(0) { $0 + $1 * $1 } / Double(row.count)
            let factor = 1 / (mean + Double(headNorm.epsilon)).squareRoot()
            row = row.indices.map { row[$0] * factor * (Double(scale[$0]) + Double(headNorm.scaleOffset)) }
        }
        guard case .rotary(let rotary) = attention.positions else { return row }
        let pairs = rotary.size / 2
        let before = row
        for pair in 0..<pairs {
            var frequency = pow(Double(rotary.base), -2 * Double(pair) / Double(rotary.size))
            switch rotary.scaling {
            case nil: break
            case .linear(let factor): frequency /= Double(factor)
            case .banded(let factor, let low, let high, let length):
                // Smooth between "kept" (1) and "stretched" (0) in the number of turns within the trained length.
                let turns = Double(length) * frequency / (2 * .pi)
                let kept = min(max((turns - Double(low)) / (Double(high) - Double(low)), 0), 1)
                frequency *= kept + (1 - kept) / Double(factor)
            // Held against the frameworks' own outputs (FamilyReferenceTests), not against a second reading of the
            // formula.
            case .yarn, .dynamic, .long: preconditionFailure("not interpreted")
            }
            let angle = Double(place) * frequency
            let a = rotary.isInterleaved ? 2 * pair : pair, b = rotary.isInterleaved ? 2 * pair + 1 : pair + pairs
            row[a] = before[a] * cos(angle) - before[b] * sin(angle)
            row[b] = before[b] * cos(angle) + before[a] * sin(angle)
        }
        return row
    }

    /// A score before the mask.
    ///
    /// - Parameter visibleDistance: From query to key, counted over visible tokens.
    func score(
        _ attention: Attention, _ node: Node, _ head: Int, query: [Double], at q: Int, key: [Double], at k: Int,
        visibleDistance: Int
    ) -> Double {
        var score = zip(query, key).reduce(0) { $0 + $1.0 * $1.1 } * Double(attention.scale)
        if let cap = attention.softCap.map(Double.init) { score = cap * tanh(score / cap) }
        let number = attention.computedHeads.firstIndex(of: head) ?? 0
        func entry(_ row: Int) -> Double {
            let columns = attention.computedHeads.count
            return model.tensor(of: node, "position_bias").map { Double($0.floats[row * columns + number]) } ?? 0
        }
        switch attention.positions {
        case nil, .rotary: return score
        case .alibi: return score + slopes(attention.heads.count)[head] * Double(visibleDistance)
        case .clamped(let length): return score + entry(min(max(k - q, 1 - length), length - 1) + length - 1)
        case .bucketed(let buckets): return score + entry(bucket(buckets, k - q))
        case .disentangled(let positions):
            let row = relativeRow(positions, q - k)
            let content = relative(attention, node, row, projection: "key", head)
            let place = relative(attention, node, row, projection: "query", head)
            return score
                + Double(attention.scale)
                * (zip(query, content).reduce(0) { $0 + $1.0 * $1.1 } + zip(key, place).reduce(0) { $0 + $1.0 * $1.1 })
        }
    }

    /// 2^(−8/n), 2^(−16/n) … for a power of two; otherwise the rest comes from every other one of twice the power.
    private func slopes(_ count: Int) -> [Double] {
        let power = 1 << Int(log2(Double(count)))
        func geometric(_ n: Int) -> [Double] { (1...n).map { pow(2, -8 * Double($0) / Double(n)) } }
        let more = geometric(2 * power).enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        return geometric(power) + more.prefix(count - power)
    }

    private func bucket(_ buckets: Attention.DistanceBuckets, _ relative: Int) -> Int {
        var count = buckets.count, result = 0
        var distance = -relative
        if buckets.isBidirectional {
            count /= 2
            if distance < 0 { result = count }
            distance = abs(distance)
        } else {
            distance = max(distance, 0)
        }
        let exact = count / 2
        if distance < exact { return result + distance }
        let share = log(Double(distance) / Double(exact)) / log(Double(buckets.maximumDistance) / Double(exact))
        return result + min(exact + Int(share * Double(count - exact)), count - 1)
    }

    private func relativeRow(_ positions: Attention.Disentangled, _ distance: Int) -> Int {
        var bucket = Double(distance)
        if let buckets = positions.buckets {
            let middle = Double(buckets / 2), size = abs(bucket)
            if size > middle {
                let share = log(size / middle) / log(Double(positions.maximumDistance - 1) / middle)
                bucket = (ceil(share * (middle - 1)) + middle) * (distance < 0 ? -1 : 1)
            }
        }
        return min(max(Int(bucket) + positions.span, 0), 2 * positions.span - 1)
    }

    /// A row of the table of positions through a head's projection.
    private func relative(
        _ attention: Attention, _ node: Node, _ row: Int, projection: String, _ head: Int
    ) -> [Double] {
        guard case .disentangled(let positions) = attention.positions,
            let table = model.tensor(of: node, "relative_embeddings")?.floats,
            let weight = model.tensor(of: node, projection + "_weight")
        else { return [] }
        let width = attention.inputWidth
        var values = table[row * width..<(row + 1) * width].map(Double.init)
        if let epsilon = positions.epsilon, let scale = model.tensor(of: node, "relative_scale")?.floats,
            let offset = model.tensor(of: node, "relative_offset")?.floats
        {
            let mean = values.reduce(0, +) / Double(width)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            values = values.indices.map {
                (values[$0] - mean) / (variance + Double(epsilon)).squareRoot() * Double(scale[$0]) + Double(offset[$0])
            }
        }
        let bias = model.tensor(of: node, projection + "_bias")?.floats
        let numbers = weight.floats, columns = weight.shape[1]
        let slot =
            projection == "query"
            ? attention.computedHeads.firstIndex(of: head)
            : attention.keyGroups.firstIndex(of: attention.group(of: head))
        return (0..<attention.headSize).map { column in
            let at = (slot ?? 0) * attention.headSize + column
            return values.indices.reduce(bias.map { Double($0[at]) } ?? 0) {
                $0 + values[$1] * Double(numbers[$1 * columns + at])
            }
        }
    }
}
