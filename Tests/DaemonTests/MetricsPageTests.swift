import Glibc
import JSONParsing
import Model
import Server
import TestKit
import Testing
@testable import Cycle
@testable import Daemon

/// docs/metrics.md, and what stands ready for Prometheus and Grafana: every metric that they name is one of ours.
@Suite struct MetricsPageTests {
    private let path = Fixtures.repository + "/docs/metrics.md"
    private static let deploy = Fixtures.repository + "/docs/deploy/"

    private static func read(_ path: String) throws -> String { String(decoding: try #require(Fixtures.read(path)), as: UTF8.self) }

    /// `MOZAIKS_RECORD=1 swift test --filter MetricsPageTests` writes it anew, and fails for that run.
    @Test func theTableIsTheProgramsOwn() throws {
        var table = "| metric | kind | labels | what it says |\n|---|---|---|---|\n"
        for info in MonitorMetric.all {
            let names = info.labels.map { "`\($0)`" }
            let either = [names.prefix(info.alternatives).joined(separator: " or ")].filter { !$0.isEmpty }
            let labels = (either + names.dropFirst(info.alternatives)).joined(separator: ", ")
            table += "| `\(info.name)` | \(info.kind.rawValue) | \(labels) | \(info.help) |\n"
        }
        try Fixtures.recorded("docs/metrics.md", between: "metrics", table, "MetricsPageTests")
    }

    /// Names of ours in any text, those of histograms without their suffixes.
    private static func named(_ text: String) -> Set<String> {
        var names: Set<String> = []
        for range in text.ranges(of: MonitorMetric.prefix) {
            var name = String(text[range.lowerBound...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
            if !known.contains(name) {
                for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) { name.removeLast(suffix.utf8.count) }
            }
            names.insert(name)
        }
        return names
    }

    private static let known = Set(MonitorMetric.all.map(\.name))

    @Test(
        "every metric that it names exists", arguments: ["prometheus-rules.yaml", "prometheus-rules.test.yaml", "grafana-dashboard.json"])
    func names(file: String) throws {
        let names = Self.named(try Self.read(Self.deploy + file))
        #expect(names.count >= 10, "the file was not read")
        #expect(names.subtracting(Self.known).sorted() == [])
    }

    @Test func promtoolTakesTheRulesAndTheirTestsPass() throws {
        let check = try Promtool.run("exec \(Promtool.path) check rules \"$0\"", Self.deploy + "prometheus-rules.yaml")
        #expect(check.code == 0, "\(check.everything)")
        let tests = try Promtool.run("exec \(Promtool.path) test rules \"$0\"", Self.deploy + "prometheus-rules.test.yaml")
        #expect(tests.code == 0 && tests.everything.contains("SUCCESS"), "\(tests.everything)")
    }

    @Test func everyAlertIsTested() throws {
        let rules = try Self.read(Self.deploy + "prometheus-rules.yaml"), tests = try Self.read(Self.deploy + "prometheus-rules.test.yaml")
        let alerts = rules.split(separator: "\n").compactMap { line in
            line.ranges(of: "- alert: ").first.map { String(line[$0.upperBound...]) }
        }
        #expect(alerts.count > 10)
        for alert in alerts { #expect(tests.contains(alert), "\(alert) has no test") }
    }

    @Test func theDashboardIsWhole() throws {
        let board = try JSON(parsing: Array(try Self.read(Self.deploy + "grafana-dashboard.json").utf8))
        let panels = try #require(board["panels"]?.array)
        #expect(panels.count > 20)
        #expect(Set(panels.compactMap { $0["id"]?.int }).count == panels.count)
        var places: Set<[Int64]> = []
        var expressions: [String] = []
        for panel in panels {
            let place = panel["gridPos"]
            let (x, y, w, h) = (place?["x"]?.int ?? -1, place?["y"]?.int ?? -1, place?["w"]?.int ?? 0, place?["h"]?.int ?? 0)
            #expect(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24)
            // Two panels on one spot would cover each other.
            for column in x..<(x + w) { for line in y..<(y + h) { #expect(places.insert([column, line]).inserted) } }
            guard panel["type"]?.string != "row" else { continue }
            #expect(panel["title"]?.string?.isEmpty == false)
            #expect(panel["datasource"]?["uid"]?.string == "${datasource}")
            let targets = panel["targets"]?.array ?? []
            #expect(!targets.isEmpty)
            expressions += targets.compactMap { $0["expr"]?.string }
            // Gaps are evidence that was missing.
            if panel["type"]?.string == "timeseries" {
                #expect(panel["fieldConfig"]?["defaults"]?["custom"]?["spanNulls"]?.bool == false)
            }
        }
        // What Grafana sends is what Prometheus can parse: as a rule, each expression is checked.
        let folder = TemporaryFolder()
        let rules = expressions.enumerated().map { index, text in
            "      - {record: \"e\(index)\", expr: '\(text.replacing("$runtime", with: "shared").replacing("'", with: "''"))'}\n"
        }
        let file = folder.write("groups:\n  - name: dashboard\n    rules:\n" + rules.joined(), to: "rules.yaml")
        let check = try Promtool.run("exec \(Promtool.path) check rules \"$0\"", file)
        #expect(check.code == 0, "\(check.everything)")
    }
}
