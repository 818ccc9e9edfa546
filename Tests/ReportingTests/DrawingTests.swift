import Foundation
import ModelGraph
import Reporting
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// Counts elements by name and class; fails on anything that is not well-formed.
private final class Outline: NSObject, XMLParserDelegate {
    private(set) var elements: [String: Int] = [:]
    private(set) var classes: [String: Int] = [:]
    private(set) var text = ""

    /// - Parameter html: A page of ours: XML but for its first line.
    init(of html: String) throws {
        super.init()
        let xml = html.split(separator: "\n", maxSplits: 1).last ?? ""
        let parser = XMLParser(data: Data(xml.utf8))
        parser.delegate = self
        if !parser.parse() { throw parser.parserError ?? CocoaError(.coderInvalidValue) }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements[name, default: 0] += 1
        for part in (attributes["class"] ?? "").split(separator: " ") { classes[String(part), default: 0] += 1 }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}

private func page(_ blocks: [Page.Block], title: String = "tiny") -> String {
    Page(title: title, subtitle: "", sections: [.init("Section", blocks)], footer: "").html
}

@Suite("The report")
struct DrawingTests {
    @Test("names from a file cannot become markup")
    func escapes() throws {
        let hostile = "<script>alert(\"1\")</script>&amp;'\u{1B}[2J\u{0}"
        let html = page([.text(hostile), .facts([(name: hostile, value: hostile)])], title: hostile)
        let outline = try Outline(of: html)
        #expect(outline.elements["script"] == nil)
        #expect(outline.text.contains("<script>alert(\"1\")</script>&amp;'"))
        #expect(!html.contains("\u{1B}") && !html.contains("\u{0}"))
    }

    @Test("the page asks for nothing from anywhere")
    func selfContained() {
        let html = page([.text("x")]).replacing("http://www.w3.org/2000/svg", with: "")
        for word in ["http:", "https:", "url(", "@import", "src=", "<link", "<script"] {
            #expect(!html.contains(word), "\(word)")
        }
    }

    @Test("layers of several stacks say where they stand, layers of one have a number")
    func layerNames() {
        let several = LayerNames(["encoder/layer_0/attention", "decoder/layer_0/attention", "decoder/layer_0/cross"])
        #expect(several.full == ["0 · encoder 0", "1 · decoder 0", "2 · decoder 0 cross"])
        #expect(several.brief == several.full)
        let one = LayerNames(["layer_0/attention", "multi_head_attention_7"])
        #expect(one.full == ["layer 0", "layer 1"])
        #expect(one.brief == ["0", "1"])
    }

    @Test("an axis of whole things has no ticks between them", arguments: [(1.0, 3.0), (1, 4), (3, 12), (2, 2)])
    func wholeTicks(low: Double, high: Double) {
        let range = Axis("heads", notation: .count).range(of: [low, high])
        #expect(range.ticks.allSatisfy { $0 == $0.rounded() })
        #expect(range.ticks.first.map { $0 <= low } == true && range.ticks.last.map { $0 >= high } == true)
    }

    @Test("a heat map draws each pair of different heads once, with its value to point at")
    func heatMap() throws {
        let values = (0..<16).map { Float($0) / 16 }
        let map = try #require(
            HeatMap(
                groups: [.init(name: "layer 0", count: 2), .init(name: "layer 1", count: 2)], values: values,
                framed: [.init(row: 3, column: 1)]))
        let html = page([.heatMap(map)])
        let outline = try Outline(of: html)
        let levels = (0..<HeatMap.levels).reduce(0) { $0 + (outline.classes["q\($1)"] ?? 0) }
        // Six pairs below the diagonal, and the legend.
        #expect(levels == 6 + HeatMap.levels)
        #expect(html.contains("layer 1, head 1 ~ layer 0, head 1: 0.812"))
    }

    @Test("a heat map of the wrong size is none, and missing values leave holes")
    func heatMapLimits() throws {
        #expect(HeatMap(groups: [.init(name: "a", count: 2)], values: [1, 2, 3]) == nil)
        #expect(HeatMap(groups: [], values: []) == nil)
        let map = try #require(HeatMap(groups: [.init(name: "a", count: 2)], values: [.nan, .nan, .nan, .nan]))
        _ = try Outline(of: page([.heatMap(map)]))
    }

    @Test("a heat map of hundreds of heads stays a light page")
    func largeHeatMap() throws {
        let count = 384
        let map = try #require(
            HeatMap(
                groups: Array(repeating: .init(name: "layer", count: 16), count: 24),
                values: (0..<count * count).map { Float($0 % 97) / 97 }))
        #expect(page([.heatMap(map)]).utf8.count < 3_000_000)
    }

    @Test("a plan grid has a cell a head and an arrow a borrowed map")
    func planGrid() throws {
        let first = HeadID(node: "a", head: 0), second = HeadID(node: "a", head: 1)
        let plan = ReusePlan(
            budget: "1/2",
            layers: [
                .init(node: "a", heads: [.init(source: .computed), .init(source: .computed), .init(source: .dropped)]),
                .init(
                    node: "b",
                    heads: [
                        .init(source: .reused(first), similarity: 0.9),
                        .init(
                            source: .borrowed([
                                .init(weight: 0.7, map: .head(first)), .init(weight: 0.2, map: .head(second)),
                                .init(weight: 0.1, map: .pattern(.mean)),
                            ])), .init(source: .borrowed([.init(map: .pattern(.previous))])),
                    ]),
            ])
        let html = page([.planGrid(PlanGrid(plan))])
        let outline = try Outline(of: html)
        #expect(outline.classes["arrow"] == 3)
        // Each kind stands in the legend once more.
        #expect(outline.classes["computed"] == 3 && outline.classes["borrowed"] == 3)
        #expect(outline.classes["pattern"] == 2 && outline.classes["dropped"] == 2)
        #expect(html.contains("layer 1, head 0: reuses layer 0, head 0 (similarity 0.900)"))
        #expect(html.contains("0.70 × layer 0, head 0 + 0.20 × layer 0, head 1 + 0.10 × the pattern mean"))
    }

    @Test("curves survive empty, single and broken values")
    func curves() throws {
        for points in [[], [(1.0, 1.0)], [(1, .nan), (2, 0)], [(1, 0), (2, -1)]] as [[(Double, Double)]] {
            for scale in [Axis.Scale.linear, .logarithmic] {
                let chart = LineChart(
                    title: "t", horizontal: Axis("x"), vertical: Axis("y", scale: scale),
                    series: [.init(name: "a", points: points.map { .init(x: $0.0, y: $0.1) })])
                let html = page([.lines(chart)])
                _ = try Outline(of: html)
                #expect(!html.contains("nan") && !html.contains("inf\""))
            }
        }
    }

    @Test(
        "an axis has ticks at round numbers that span the values",
        arguments: [
            ([0.0, 0.667], [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]), ([3.0, 12], [2, 4, 6, 8, 10, 12]),
            ([0.0, 47], [0, 10, 20, 30, 40, 50]),
        ])
    func ticks(values: [Double], expected: [Double]) {
        let ticks = Axis("x").range(of: values).ticks
        #expect(ticks.count == expected.count)
        for (tick, wanted) in zip(ticks, expected) { #expect(abs(tick - wanted) < 1e-9) }
    }
}
