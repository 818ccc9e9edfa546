import BackgroundWork
import Foundation
import JSON
import ModelGraph

/// What a model gives up: which heads take their attention maps from where, which neurons go.
///
/// A document of JSON that people may read and edit.
public struct ConversionPlan: Sendable, Hashable {
    /// One attention layer.
    public struct Layer: Sendable, Hashable {
        /// The layer's name.
        public let name: String
        /// Heads of the layer.
        public let heads: Int
        /// Heads that compute their own map.
        public let computed: Int
    }

    package let plan: ReusePlan

    package init(_ plan: ReusePlan) { self.plan = plan }

    /// A plan from its JSON.
    ///
    /// - Throws: `.usage` when it is no plan. Whether it suits a model is told when it is applied.
    public init(json: Data) throws(TransformerError) {
        do throws(Document.ReadError) {
            plan = try Document.decode(ReusePlan.self, from: [UInt8](json), isStrict: true)
        } catch {
            throw TransformerError(
                .usage, ["this is not a plan that this version can read: \(error.lines[0])"] + error.further)
        }
    }

    /// Reads a plan.
    ///
    /// - Throws: `.usage` for a file that is no plan, `.inputOutput` for one that is not there.
    public init(contentsOf file: URL) async throws(TransformerError) {
        self = try await WorkQueue.unlimited.run { (_) throws(TransformerError) in
            try ConversionPlan(contentsOf: file.path)
        }
    }

    /// Reads a plan on this thread.
    package init(contentsOf path: String) throws(TransformerError) {
        plan = try InputFile.document(ReusePlan.self, at: path, named: "a plan")
    }

    /// The plan as JSON.
    ///
    /// - Throws: `.usage` for a plan with a number that JSON cannot hold.
    public func json() throws(TransformerError) -> Data {
        Data(try TransformerError.mapping { try Document.encode(plan) })
    }

    /// Writes the plan as JSON; the file appears complete or not at all.
    public func write(to file: URL) async throws(TransformerError) {
        try await WorkQueue.unlimited.run { (_) throws(TransformerError) in
            try OutputFile.write(document: plan, to: file.path)
        }
    }

    /// The budget that the plan was made for.
    public var budget: String { plan.budget }

    /// A feed-forward part that the plan makes narrower.
    public struct FeedForward: Sendable, Hashable {
        /// The name of its last matrix.
        public let name: String
        /// Neurons before.
        public let neurons: Int
        /// Neurons that stay.
        public let kept: Int
    }

    /// The feed-forward parts that become narrower.
    public var feedForwardParts: [FeedForward] {
        plan.neurons.map { FeedForward(name: $0.node, neurons: $0.width, kept: $0.kept.count) }
    }

    /// The attention layers, in execution order.
    public var layers: [Layer] {
        plan.layers.map { layer in
            Layer(
                name: layer.node, heads: layer.heads.count, computed: layer.heads.count { $0.source.isComputed })
        }
    }
}
