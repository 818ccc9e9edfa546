import Files
import JSON
import ModelGraph
import Rewriting

/// Some pieces of an analysis, and what analysis they are pieces of.
///
/// A document of JSON: what a shard leaves for `merge`, and what an interrupted analysis goes on from.
package struct AnalysisPart: Sendable, Hashable, Codable {
    /// Which analysis: parts of one analysis have the same.
    package struct Origin: Sendable, Hashable, Codable {
        /// Version of the program: another one may round otherwise.
        package var tool: String
        /// SHA-256 of the model's weights.
        package var model: String
        /// The model's graph.
        package var graph: CheckedGraph
        /// What plans will be allowed to do.
        package var moves: Int
        /// What was looked at.
        package var calibration: AnalysisDocument.Calibration
        /// Texts that fit, which maps were compared on.
        package var texts: Int
        /// Token ids that separate texts.
        package var separators: [Int32]
        /// All pieces of the analysis, in order.
        package var units: [AnalysisUnit]
    }

    /// Sums of comparisons of maps over some texts.
    package struct Maps: Sendable, Hashable, Codable {
        /// Attention nodes whose maps were compared with those before them.
        package var nodes: [String]
        /// The texts: 2 · 2ˡᵉᵛᵉˡ of them, from `index` times as many on.
        package var level: Int
        package var index: Int
        package var sums: PackedDoubles
    }

    /// What a part holds.
    package enum Stage: String, Sendable, Hashable, Codable {
        /// Pieces of the analysis, with the sums of their own maps over all texts.
        case pieces
        /// Sums of all maps over some texts: what pieces begin with.
        case maps

        /// In words, with an article.
        package var name: String { self == .pieces ? "a part of an analysis" : "a part of the sums of maps" }
    }

    /// What `kind` says of every part.
    package static let kind = "reuseformer analysis part"
    /// Version of the document.
    package static let currentVersion = 1

    /// What kind of document this is.
    package var kind: String
    package var version: Int
    /// SHA-256 of the document with this digest empty.
    package var digest: String
    package var stage: Stage
    package var shard: Shard
    package var origin: Origin
    /// Pieces that are done.
    package var units: [AnalysisUnit]
    package var maps: [Maps]
    package var candidates: [HeadCandidates]
    package var curves: [DamageCurve]
    package var neurons: [NeuronCurve]
    package var linear: [LinearDamage]
    package var ranks: [RankCurve]
    package var hard: [DamageCurve]
    /// What merging tokens does, once or not at all.
    package var tokens: [TokenCurve]

    package init(_ shard: Shard, of origin: Origin) {
        kind = Self.kind
        version = Self.currentVersion
        digest = ""
        stage = .pieces
        self.shard = shard
        self.origin = origin
        units = []
        maps = []
        candidates = []
        curves = []
        neurons = []
        linear = []
        ranks = []
        hard = []
        tokens = []
    }

    /// Adds what another part of the same analysis has found.
    package mutating func add(_ other: AnalysisPart) {
        units += other.units
        maps += other.maps
        candidates += other.candidates
        curves += other.curves
        neurons += other.neurons
        linear += other.linear
        ranks += other.ranks
        hard += other.hard
        tokens += other.tokens
    }

    /// Puts pieces into the order of the analysis, whatever order they were found in: those that an earlier run has
    /// kept come before those that were still to be measured.
    mutating func putInOrder() {
        func places<Key: Hashable>(_ keys: [Key]) -> [Key: Int] {
            Dictionary(keys.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }
        let pieces = places(origin.units), nodes = places(origin.graph.graph.nodes.map(\.name))
        units.sort { pieces[$0, default: .max] < pieces[$1, default: .max] }
        func comesBefore(_ left: String, _ right: String) -> Bool {
            nodes[left, default: .max] < nodes[right, default: .max]
        }
        candidates.sort {
            $0.id.node == $1.id.node ? $0.id.head < $1.id.head : comesBefore($0.id.node, $1.id.node)
        }
        curves.sort { comesBefore($0.node, $1.node) }
        neurons.sort { comesBefore($0.node, $1.node) }
        linear.sort { comesBefore($0.node, $1.node) }
        ranks.sort { comesBefore($0.node, $1.node) }
        hard.sort { comesBefore($0.node, $1.node) }
    }
}

extension AnalysisPart {
    /// The document as it is written, with its digest.
    package func encoded() throws -> [UInt8] {
        var document = self
        document.digest = ""
        document.digest = Digest(of: try Document.encode(document)).hex
        return try Document.encode(document)
    }
}
