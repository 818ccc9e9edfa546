import Analysis
import JSON
import ModelGraph
import Platform
import Rewriting
import Runtime
import TestSupport
import Testing

@Suite("Shards of an analysis")
struct ShardTests {
    private let scratch = Scratch()
    private let model = Model.random(layers: 3, seed: 41)
    private let analyzer = Analyzer(options: .init(resources: .init(threads: 2), moves: .analyzed))

    private func calibration(_ count: Int = 61, seed: UInt64 = 8) throws -> CalibrationSet {
        try CalibrationSet(randomSequences(count, seed: seed))
    }

    private func parts(_ count: Int, _ calibration: CalibrationSet) throws -> [PartMerging.Named] {
        try (1...count).map { index in
            let shard = try #require(Shard(index, of: count))
            return .init(
                name: "part-\(index)", part: try analyzer.measure(shard, of: model, calibration: calibration))
        }
    }

    @Test("any number of shards gives the bytes of one process, in any order of the parts", arguments: [1, 2, 5, 40])
    func sameBytes(count: Int) throws {
        let calibration = try calibration()
        let whole = try Document.encode(try analyzer.analyze(model, calibration: calibration))
        let parts = try parts(count, calibration)
        #expect(try Document.encode(try PartMerging(parts.reversed()).document()) == whole)
        // Each piece is somewhere, once.
        #expect(Set(parts.flatMap(\.part.units)).count == parts.reduce(0) { $0 + $1.part.units.count })
    }

    @Test("maps that are compared in shards of the texts give the same bytes", arguments: [1, 2, 3, 7, 50])
    func mapsOfTexts(count: Int) throws {
        for texts in [20, 61] {
            let calibration = try calibration(texts)
            let whole = try Document.encode(try analyzer.analyze(model, calibration: calibration))
            let maps = try (1...count).map { index in
                PartMerging.Named(
                    name: "maps-\(index)",
                    part: try analyzer.compareMaps(
                        on: try #require(Shard(index, of: count)), of: model, calibration: calibration))
            }
            let merged = PartMerging.Named(name: "maps", part: try PartMerging(maps).mapsPart())
            let parts = try (1...2).map { index in
                PartMerging.Named(
                    name: "part-\(index)",
                    part: try analyzer.measure(
                        try #require(Shard(index, of: 2)), of: model, calibration: calibration, after: merged))
            }
            #expect(try Document.encode(try PartMerging(parts).document()) == whole)
        }
    }

    @Test("a part is read as it was written, and refused when one of its bytes was changed")
    func files() throws {
        let part = try parts(3, try calibration())[1].part
        try part.write(to: scratch("a.analysis"))
        let read = try AnalysisPart(contentsOf: scratch("a.analysis"))
        #expect(try read.encoded() == part.encoded())
        var bytes = try part.encoded()
        // A digit of a number, and a letter of packed numbers.
        for place in [bytes.firstIndex { $0 == UInt8(ascii: "1") }, bytes.firstIndex { $0 == UInt8(ascii: "Q") }] {
            let place = try #require(place), before = bytes[place]
            bytes[place] += 1
            try scratch.file("b.analysis", contents: String(decoding: bytes, as: UTF8.self))
            let error = #expect(throws: FileError.self) { try AnalysisPart(contentsOf: scratch("b.analysis")) }
            #expect(error?.kind == .corrupt && error?.path == scratch("b.analysis"))
            bytes[place] = before
        }
        for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 23)) {
            try scratch.file("c.analysis", contents: String(decoding: bytes[..<length], as: UTF8.self))
            let error = #expect(throws: FileError.self) { try AnalysisPart(contentsOf: scratch("c.analysis")) }
            #expect(error?.kind == .corrupt)
        }
    }

    @Test("parts that lie about what they hold are corrupt, whatever they say")
    func lies() throws {
        let honest = try parts(2, try calibration())
        func kind(_ change: (inout AnalysisPart) -> Void) -> ErrorKind? {
            var part = honest[0].part
            change(&part)
            do {
                _ = try PartMerging([.init(name: "x", part: part), honest[1]]).document()
                return nil
            } catch { return error.kind }
        }
        #expect(kind { _ in } == nil)
        #expect(kind { $0.curves = [] } == .corrupt)
        #expect(kind { $0.candidates += $0.candidates } == .corrupt)
        #expect(kind { $0.units = [] } == .corrupt)
        #expect(kind { $0.units += honest[1].part.units } == .corrupt)
        #expect(kind { $0.maps = [] } == .corrupt)
        #expect(kind { $0.maps += $0.maps } == .corrupt)
        for (level, index) in [(63, 0), (-1, 0), (0, -1), (0, Int.max), (62, 62), (Int.min, Int.min)] {
            #expect(
                kind { part in
                    part.maps[0].level = level
                    part.maps[0].index = index
                } == .corrupt)
        }
        #expect(kind { $0.maps[0].nodes = ["nothing"] } == .corrupt)
        #expect(kind { $0.maps[0].nodes = [] } == .corrupt)
        #expect(kind { $0.maps[0].sums = PackedDoubles([1, 2]) } == .corrupt)
        #expect(kind { $0.maps[0].sums = PackedDoubles($0.maps[0].sums.values.map { $0 / 0 }) } == .corrupt)
        // What both parts say of the analysis cannot be checked one against the other.
        func bothKind(_ change: (inout AnalysisPart) -> Void) -> ErrorKind? {
            do {
                let changed = honest.map { named in
                    var part = named.part
                    change(&part)
                    return PartMerging.Named(name: named.name, part: part)
                }
                _ = try PartMerging(changed).document()
                return nil
            } catch { return error.kind }
        }
        for texts in [Int.max, Int.min, 0, -1, 1 << 50, 1 << 39] {
            #expect(bothKind { $0.origin.texts = texts } == .corrupt, "\(texts)")
        }
        #expect(bothKind { $0.origin.units.append(AnalysisUnit(.linear, "nowhere")) } == .corrupt)
        #expect(bothKind { $0.origin.units += $0.origin.units } == .corrupt)
    }

    @Test("parts of other analyses, of another cut, double and missing ones are refused by their names")
    func foreign() throws {
        let calibration = try calibration()
        let own = try parts(2, calibration)
        func message(_ parts: [PartMerging.Named]) -> String {
            do {
                _ = try PartMerging(parts).document()
                return ""
            } catch {
                #expect(error.kind == .usage)
                return "\(error)"
            }
        }
        func second(
            _ analyzer: Analyzer, _ model: Model, _ calibration: CalibrationSet
        ) throws -> PartMerging.Named {
            .init(
                name: "foreign",
                part: try analyzer.measure(try #require(Shard(2, of: 2)), of: model, calibration: calibration))
        }
        let otherModel = try second(analyzer, Model.random(layers: 3, seed: 42), calibration)
        #expect(message([own[0], otherModel]).contains("foreign: is of another model"))
        let otherTexts = try second(analyzer, model, try self.calibration(seed: 9))
        #expect(message([own[0], otherTexts]).contains("foreign: is of other texts"))
        let otherMoves = try second(Analyzer(options: .init(moves: .standard)), model, calibration)
        #expect(message([own[0], otherMoves]).contains("foreign: measured other moves"))
        let otherTool = try second(
            Analyzer(options: .init(moves: .analyzed, toolVersion: "9.9")), model, calibration)
        #expect(message([own[0], otherTool]).contains("foreign: was made by version 9.9"))
        let third = PartMerging.Named(name: "third", part: try parts(3, calibration)[1].part)
        #expect(message([own[0], third]).contains("third: is shard 2/3"))
        #expect(message([own[0], .init(name: "again", part: own[0].part)]).contains("again: is shard 1/2"))
        #expect(message([own[1]]).contains("missing is shard 1/2"))
    }

    @Test("shards are dealt out so that none has much more to do than it must, the same for every process")
    func dealing() throws {
        let calibration = try calibration()
        let costs = AnalysisCosts(model.graph, calibration: calibration)
        let units = AnalysisPart(.whole, of: try parts(1, calibration)[0].part.origin).origin.units
        for count in [1, 2, 3, 8, 40] {
            let shards = costs.deal(units, to: count)
            #expect(shards.count == count)
            #expect(shards.flatMap(\.self).count == units.count)
            #expect(Set(shards.flatMap(\.self)) == Set(units))
            #expect(shards == costs.deal(units, to: count))
            let loads = shards.map { costs.total($0).weight }
            let dearest = units.map { costs.total([$0]).weight }.max() ?? 0
            let fair = costs.total(units).weight / Double(min(count, units.count))
            #expect((loads.max() ?? 0) <= fair + 2 * dearest)
        }
    }

    @Test("0 and n name the same shard, and there is no other outside")
    func numbers() {
        #expect(Shard(0, of: 3) == Shard(3, of: 3))
        #expect(Shard(1, of: 1) == Shard(0, of: 1))
        for (index, count) in [(4, 3), (-1, 3), (0, 0), (1, 0), (1, -1), (Int.max, Int.max)] {
            #expect(Shard(index, of: count) == nil)
        }
    }

    @Test("an analysis goes on from what another has kept, to the same bytes; what is kept of another is refused")
    func keeping() throws {
        let calibration = try calibration()
        let whole = try Document.encode(try analyzer.analyze(model, calibration: calibration))
        let folder = try KeptFolder(scratch("kept"))
        // Interrupted after every number of pieces.
        for most in [1, 3, 6] {
            let cancellation = Cancellation()
            var options = analyzer.options
            options.resources = ExecutionResources(
                team: options.resources.team, kernels: options.resources.kernels, cancellation: cancellation)
            #expect(throws: AnalysisError.self) {
                try Analyzer(options: options).analyze(model, calibration: calibration, in: folder) { _, _, _ in
                    if (try? names(in: scratch("kept")).count) ?? 0 >= most { cancellation.request() }
                }
            }
        }
        #expect(try names(in: scratch("kept")).count >= 6)
        #expect(try Document.encode(try analyzer.analyze(model, calibration: calibration, in: folder)) == whole)
        // A shard takes what it needs of it.
        let part = try analyzer.measure(
            try #require(Shard(2, of: 3)), of: model, calibration: calibration, in: folder)
        #expect(try part.encoded() == parts(3, calibration)[1].part.encoded())
        let other = try self.calibration(seed: 9)
        do {
            _ = try analyzer.analyze(model, calibration: other, in: folder)
            Issue.record("another analysis went on")
        } catch {
            #expect(error.kind == .usage && "\(error)".contains(".part") && "\(error)".contains("is of other texts"))
        }
    }
}
