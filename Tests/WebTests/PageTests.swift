import Ambient
import Glibc
import JSONParsing
import Journal
import Model
import Server
import Signals
import TestKit
import Testing
import Views

import struct Journal.MinuteRow

@testable import Cycle
@testable import Web

@Suite struct PageTests {
    /// Tags that do not close in their order, ids that come twice, anything inline that the policy forbids.
    static func faults(_ page: String) -> [String] {
        var faults: [String] = []
        var open: [String] = []
        var ids: Set<String> = []
        var rest = page[...]
        while let start = rest.utf8.firstIndex(of: UInt8(ascii: "<")) {
            guard let end = rest[start...].utf8.firstIndex(of: UInt8(ascii: ">")) else {
                return faults + ["a tag without an end"]
            }
            let tag = String(rest[rest.index(after: start)..<end])
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("!") { continue }
            let name = String(tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "/" })
            if tag.hasPrefix("/") {
                if open.popLast() != name { faults.append("</\(name)> closes something else") }
                continue
            }
            for word in tag.split(separator: " ").dropFirst() {
                if word.hasPrefix("on") || word.hasPrefix("style=") { faults.append("inline \(word)") }
                if word.hasPrefix("id=\""), !ids.insert(String(word)).inserted { faults.append("\(word) twice") }
            }
            if ["meta", "link", "br", "input"].contains(name) || tag.hasSuffix("/") { continue }
            open.append(name)
            if name == "style" || name == "script" {
                // What stands in them is no markup.
                let whole = Array("</\(name)>".utf8)
                guard let close = rest.utf8.indices.first(where: { rest.utf8[$0...].starts(with: whole) }) else {
                    return faults + ["<\(name)> without an end"]
                }
                rest = rest[close...]
            }
        }
        return faults + open.map { "<\($0)> stays open" }
    }

    @Test("each state answers what is wrong, where and what waits; as markup that holds")
    func states() throws {
        let fine = try World()
        try fine.commit([World.incident(1, resolved: true)], states: [World.sight()])
        let well = fine.face().get("/")
        #expect(well.status == 200 && well.text.contains("All is well") && well.text.contains("Resolved last"))

        let nothing = try World()
        let empty = nothing.face().get("/").text
        #expect(
            empty.contains("Not known") && empty.contains("has polled nothing yet") && !empty.contains("All is well"))

        let bad = try World()
        try bad.commit(
            [World.incident(1), World.incident(2, rule: "runtime-down", app: nil, severity: .critical)],
            states: [World.sight(missing: [.perf: .unreachable])])
        let critical = bad.face().get("/").text
        for words in [
            "Critical", "2 incidents are open, 1 critical", "runtime-down", "mozaiks-ops incidents ack ",
            "/metrics/perf/aggregate unreachable",
        ] {
            #expect(critical.contains(words), "\(words)")
        }
        let blind = try World()
        try blind.commit([], states: [World.sight(missing: [.health: .unreachable, .perf: .unreachable])])
        #expect(blind.face().get("/").text.contains("Not known"))

        let old = bad.face(at: StandingClock(moment: World.start + .hours(1))).get("/").text
        #expect(old.contains("the last poll was at 09:00:00 UTC, as the journal has it") && old.contains("may be no more so"))

        let storm = try World()
        try storm.commit(
            (1...200).map { World.incident($0, app: "app-\($0)") }, states: (0..<500).map { World.sight("r\($0)") })
        let many = storm.face().get("/").text
        #expect(
            many.contains("200 incidents are open") && many.contains("on 200 apps of shared") && many.contains("and 460 more"))
        #expect(many.contains("href=\"/incidents?rule=noisy-neighbor&amp;runtime=shared\""))

        let incident = bad.face().get("/incidents/0000000000000001").text
        for words in [
            "active_runs (7) &gt; 3", "<svg", "missing 1 of 4 times", "nobody yet",
            "mozaiks-ops playbooks show noisy-neighbor", "Ask the tenant.",
        ] {
            #expect(incident.contains(words), "\(words)")
        }
        // The gap is a gap: a dot before it, a line behind it.
        #expect(incident.contains("<circle ") && incident.split(separator: "<polyline ").count == 2)
        for page in [well.text, empty, critical, old, many, incident, bad.face().get("/nothing").text] {
            #expect(PageTests.faults(page).isEmpty, "\(PageTests.faults(page).prefix(3))")
            #expect(!page.contains("&lt;p") && !page.contains("HTML("), "markup that was taken for text")
        }
    }

    @Test(
        "foreign text stays text",
        arguments: [
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\u{202E}gnp.exe", "😀🏥",
            String(repeating: "x", count: 4_096), "a\u{0}b\nc", "&lt;b&gt;",
            "' onmouseover='x", "</title><script>", "{{7*7}}", "שלום",
        ])
    func hostile(text: String) throws {
        let world = try World()
        let incident = World.incident(1, rule: text, app: text, summary: text)
        try world.commit(
            [incident, World.incident(2, rule: text, app: text, summary: text, resolved: true)],
            states: [World.sight(text)])
        let face = world.face()
        let harmless = try World()
        try harmless.commit([World.incident(1), World.incident(2, resolved: true)], states: [World.sight()])
        for target in ["/", "/incidents/" + incident.id] {
            let page = face.get(target)
            #expect(
                page.status == 200 && PageTests.faults(page.text).isEmpty, "\(PageTests.faults(page.text).prefix(3))")
            // As many tags as with harmless ids: nothing of it became one.
            #expect(
                page.text.split(separator: "<").count == harmless.face().get(target).text.split(separator: "<").count)
            #expect(page.text.unicodeScalars.allSatisfy { $0 == "\n" || !Shown.isInvisible($0) })
            #expect(page.body.count < 60_000)
        }
        for target in [
            "/nothing/\(PercentEncoding.encode(text.utf8))", "/incidents/\(PercentEncoding.encode(text.utf8))",
        ] {
            let page = face.get(target)
            #expect(page.status == 404 && PageTests.faults(page.text).isEmpty && page.text.split(separator: "<script").count == 2)
        }
    }

    @Test("a browser runs and asks nothing but ours")
    func policy() throws {
        let world = try World()
        let answer = world.face().get("/")
        let policy = try #require(answer.header("Content-Security-Policy"))
        #expect(
            policy.hasPrefix("default-src 'none'; ") && !policy.contains("unsafe")
                && policy.contains("frame-ancestors 'none'"))
        for (name, text) in [("style", PageStyle.text.description), ("script", PageScript.text.description)] {
            #expect(answer.text.contains("<\(name)>\(text)</\(name)>"))
            #expect(policy.contains("\(name)-src 'sha256-"))
        }
        // No other host, anywhere; the one URL is the name of SVG.
        #expect(!answer.text.replacing(bytesOf: "http://www.w3.org/2000/svg", with: "").contains(bytesOf: "//"))
    }

    /// WCAG 2: what is read has a contrast of at least 4.5 to what it stands on.
    @Test("colours can be read, by day and by night", arguments: [0, 1])
    func contrast(theme: Int) throws {
        let themes = PageStyle.text.description.split(separator: ":root{", omittingEmptySubsequences: false).dropFirst()
        let colors = Dictionary(
            themes[themes.startIndex + theme].prefix { $0 != "}" }.split(separator: ";").compactMap {
                pair -> (String, [Double])? in
                let parts = pair.split(separator: ":")
                guard parts.count == 2, parts[1].hasPrefix("#") else { return nil }
                var digits = String(parts[1].dropFirst())
                if digits.utf8.count == 3 { digits = digits.map { "\($0)\($0)" }.joined() }
                let number = Int(digits, radix: 16) ?? 0
                return (String(parts[0].dropFirst(2)), [16, 8, 0].map { Double(number >> $0 & 255) / 255 })
            }
        ) { first, _ in first }
        func light(_ name: String) throws -> Double {
            let parts = try #require(colors[name]).map { $0 <= 0.04045 ? $0 / 12.92 : pow(($0 + 0.055) / 1.055, 2.4) }
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        }
        for paper in ["paper", "card", "good-bg", "doubt-bg", "bad-bg", "unknown-bg"] {
            for ink in ["ink", "faint", "link"] {
                let (a, b) = (try light(ink), try light(paper))
                let ratio = (max(a, b) + 0.05) / (min(a, b) + 0.05)
                #expect(ratio >= 4.5, "\(ink) on \(paper): \(ratio)")
            }
        }
        for (ink, papers) in [
            ("good", ["card", "good-bg"]), ("doubt", ["card", "doubt-bg"]), ("bad", ["card", "bad-bg"]),
        ] {
            for paper in papers {
                let (a, b) = (try light(ink), try light(paper))
                #expect((max(a, b) + 0.05) / (min(a, b) + 0.05) >= 4.5, "\(ink) on \(paper)")
            }
        }
    }
}
