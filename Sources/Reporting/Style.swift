/// The look of the report: light and dark by the reader's setting, black on white on paper.
enum Style {
    static var sheet: Markup {
        var result = rules
        for level in 0..<HeatMap.levels { result.append(.text(heat(level))) }
        return result
    }

    /// One colour of the heat map's scale: pale to deep on a light page, deep to bright on a dark one.
    private static func heat(_ level: Int) -> String {
        let share = Double(level) / Double(HeatMap.levels - 1)
        func colour(_ lightness: Double, _ chroma: Double, _ hue: Double) -> String {
            "oklch(\(Draw.number(lightness * 100))% \(Draw.number(chroma)) \(Draw.number(hue)))"
        }
        // Squared, so that the colours differ most where similarity decides: near the top.
        let curve = share * share * 0.55 + share * 0.45
        let light = colour(0.965 - 0.60 * curve, 0.015 + 0.14 * curve, 225 + 50 * curve)
        let dark = colour(0.25 + 0.63 * curve, 0.02 + 0.13 * curve, 275 - 95 * curve)
        return ".q\(level){fill:light-dark(\(light),\(dark))}"
    }

    private static let rules = Markup.verbatim(
        """
        :root{color-scheme:light dark;--page:light-dark(#faf9f6,#14161a);--card:light-dark(#fff,#1b1e24);
        --ink:light-dark(#1c1f26,#e8e9ec);--soft:light-dark(#5d6470,#9ba2ae);--rule:light-dark(#e4e2dc,#2e333c);
        --accent:light-dark(oklch(52% .15 262),oklch(76% .12 255));
        --good:light-dark(oklch(50% .12 155),oklch(78% .14 155));
        --bad:light-dark(oklch(53% .19 25),oklch(72% .16 25))}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);
        font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
        main{max-width:1020px;margin:0 auto;padding:44px 28px 60px}
        .kicker{margin:0;color:var(--accent);font-weight:600;letter-spacing:.02em}
        h1{margin:.1em 0 0;font-size:31px;line-height:1.2;letter-spacing:-.015em;overflow-wrap:anywhere}
        .subtitle{margin:.35em 0 0;color:var(--soft)}
        .verdict{display:inline-block;margin:1em 0 0;padding:.3em .9em;border-radius:99px;font-weight:600}
        .verdict.passed{color:var(--good);background:color-mix(in oklab,var(--good) 13%,transparent)}
        .verdict.failed{color:var(--bad);background:color-mix(in oklab,var(--bad) 13%,transparent)}
        .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-top:26px}
        .figure{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:14px 16px;
        display:flex;flex-direction:column}
        .figure .name{color:var(--soft);font-size:13px}
        .figure .value{font-size:26px;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums;
        white-space:nowrap}
        .figure .note{color:var(--soft);font-size:12.5px}
        section{margin-top:22px;background:var(--card);border:1px solid var(--rule);border-radius:14px;
        padding:22px 26px 24px}
        h2{margin:0 0 .5em;font-size:19px;letter-spacing:-.01em}
        section p{margin:.3em 0 1em;max-width:70ch;color:var(--soft)}
        figure{margin:1.1em 0 0}figure+figure{margin-top:1.8em}
        figcaption{font-weight:600;margin-bottom:.5em}
        svg{display:block;width:100%;height:auto;font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        figure.wide svg{margin:0 auto}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;margin:.4em 0;font-variant-numeric:tabular-nums;font-size:14px}
        th{color:var(--soft);font-weight:500;border-bottom:1.5px solid var(--rule);font-size:13px}
        th,td{padding:6px 12px 6px 0;white-space:nowrap}td{border-bottom:1px solid var(--rule)}
        tbody tr:last-child td{border-bottom:0}
        .left{text-align:left}.right{text-align:right}
        tr.strong td{font-weight:650}
        tr.passed td:last-child{color:var(--good);font-weight:600}tr.failed td{color:var(--bad);font-weight:600}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 22px;margin:.4em 0;font-size:14px}
        dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
        details{margin-top:1em}summary{cursor:pointer;color:var(--accent);font-weight:550}
        footer{margin-top:26px;color:var(--soft);font-size:13px}
        text{fill:var(--soft)}text.strong{fill:var(--ink);font-weight:600}text.axis{fill:var(--soft);font-weight:500}
        text.name,text.hued{font-weight:600;fill:light-dark(oklch(50% .13 var(--h)),oklch(78% .11 var(--h)))}
        text.onfill{fill:#fff;font-weight:600}text.label{fill:var(--ink)}text.faint{fill:var(--soft);font-size:13px}
        text.small{fill:var(--ink);font-size:9.5px}
        .cells rect:hover{stroke:var(--ink);stroke-width:1.2}
        .framed rect{fill:none;stroke:light-dark(oklch(62% .2 35),oklch(80% .16 65));stroke-width:1.4}
        .divide{stroke:var(--card);stroke-width:1.6}.grid{stroke:var(--rule)}.tick{stroke:var(--soft);
        stroke-opacity:.6}
        .cell{stroke-width:1.3}
        .cell.computed{fill:light-dark(oklch(56% .13 var(--h)),oklch(52% .11 var(--h)))}
        .cell.borrowed{fill:light-dark(oklch(95% .03 var(--h)),oklch(30% .05 var(--h)));
        stroke:light-dark(oklch(66% .12 var(--h)),oklch(66% .11 var(--h)))}
        .cell.pattern{fill:var(--page);stroke:var(--soft)}
        .cell.dropped{fill:none;stroke:var(--rule);stroke-dasharray:3 3}
        .arrow{fill:none;pointer-events:none;stroke:light-dark(oklch(60% .14 var(--h)),oklch(70% .12 var(--h)))}
        .borrow:hover .arrow{opacity:1!important;stroke-width:2.6!important}
        .borrow:hover .cell{stroke-width:2.4}
        .curve{fill:none;stroke-width:2;stroke-linejoin:round;
        stroke:light-dark(oklch(56% .14 var(--h)),oklch(72% .13 var(--h)))}
        .dot{fill:light-dark(oklch(56% .14 var(--h)),oklch(72% .13 var(--h)));stroke:var(--card);stroke-width:1.2}
        .dot:hover{r:5px}.series:hover .curve{stroke-width:3}
        .chosen{fill:none;stroke:var(--bad);stroke-width:2.2}.drop{stroke:var(--bad);stroke-dasharray:3 4;
        stroke-opacity:.7}
        .bar{fill:var(--accent)}.bar.base{fill:light-dark(#b9bdc6,#525966)}
        @media print{:root{color-scheme:light}body{background:#fff;font-size:12px}main{padding:0;max-width:none}
        section,.figure{break-inside:avoid;border-color:#ccc}details>*{display:block}}
        """)
}
