/// A report: one HTML page with everything in it, to open without a network, to print, to attach to a ticket.
package struct Page: Sendable {
    /// A figure that stands large at the top.
    package struct Figure: Sendable {
        let value: String
        let name: String
        let note: String
        /// How to read the number.
        let scale: String

        package init(_ value: String, _ name: String, note: String = "", scale: String = "") {
            self.scale = scale
            self.value = value
            self.name = name
            self.note = note
        }
    }

    /// Figures that answer one question.
    package struct FigureGroup: Sendable {
        let title: String
        let figures: [Figure]

        package init(_ title: String, _ figures: [Figure]) {
            self.title = title
            self.figures = figures
        }
    }

    /// A part of a section.
    package enum Block: Sendable {
        case text(String)
        case table(TextTable)
        case heatMap(HeatMap)
        case planGrid(PlanGrid)
        case lines(LineChart)
        case bars(BarChart)
        /// Names with values: provenance, settings.
        case facts([(name: String, value: String)])
        /// What makes the numbers less sure than they look, a sentence each.
        case warnings([String])
        /// A command line, argument by argument as a shell takes them.
        case command([String])
        /// A drawing or table folded away until it is opened.
        indirect case folded(title: String, [Block])
    }

    /// A section with a heading.
    package struct Section: Sendable {
        let title: String
        let blocks: [Block]

        package init(_ title: String, _ blocks: [Block]) {
            self.title = title
            self.blocks = blocks
        }
    }

    /// The answer at the top.
    package struct Verdict: Sendable {
        package enum Tone: String, Sendable { case good, unsure, bad }

        let tone: Tone
        let question: String
        let answer: String
        /// Sentences: why.
        let reasons: [String]
        /// What the answer rests on.
        let note: String?

        package init(_ tone: Tone, question: String, answer: String, reasons: [String], note: String? = nil) {
            self.tone = tone
            self.question = question
            self.answer = answer
            self.reasons = reasons
            self.note = note
        }
    }

    let title: String
    let subtitle: String
    let verdict: Verdict?
    let groups: [FigureGroup]
    let sections: [Section]
    let footer: String

    package init(
        title: String, subtitle: String, verdict: Verdict? = nil, groups: [FigureGroup] = [], sections: [Section],
        footer: String
    ) {
        self.title = title
        self.subtitle = subtitle
        self.verdict = verdict
        self.groups = groups
        self.sections = sections
        self.footer = footer
    }
}
