import ArchitectureSpecs
import ModelGraph
import Platform

extension Graph {
    /// Numbers that no model has: a document that holds them is refused before anything is computed from them.
    ///
    /// Keeps every product of dimensions far from overflow.
    package var absurdities: [String] {
        var problems: [String] = []
        func check(_ value: Int?, _ place: String, from minimum: Int = 1, to maximum: Int = Expression.largestCount) {
            guard let value, !(minimum...maximum).contains(value) else { return }
            problems.append("\(place.printable) is \(value), outside \(minimum)…\(maximum)")
        }
        for node in nodes {
            let name = node.name
            switch node.operation {
            case .embedding(let embedding):
                check(embedding.vocabulary, "\(name): vocabulary")
                check(embedding.width, "\(name): width")
                check(embedding.types, "\(name): types", from: 0)
                check(embedding.positions?.count, "\(name): positions")
                check(embedding.positions?.offset, "\(name): offset of positions", from: 0)
                check(embedding.paddingID, "\(name): padding", from: 0)
            case .norm(let norm): check(norm.width, "\(name): width")
            case .linear(let linear):
                check(linear.inputWidth, "\(name): inputWidth")
                check(linear.outputWidth, "\(name): outputWidth")
            case .attention(let attention):
                check(attention.heads.count, "\(name): number of heads", to: Expression.largestRepetition)
                check(attention.groupCount, "\(name): groupCount", to: Expression.largestRepetition)
                for (value, field) in [
                    (attention.inputWidth, "inputWidth"), (attention.memoryWidth ?? 1, "memoryWidth"),
                    (attention.outputWidth, "outputWidth"), (attention.headSize, "headSize"),
                    (attention.valueSize, "valueSize"), (attention.mask.window ?? 1, "window"),
                ] { check(value, "\(name): \(field)") }
            // Bounded where shapes are inferred.
            default: break
            }
        }
        return problems
    }
}
