import Ambient
import Model
import Telling
import Testing

@testable import Configuration

/// Routes, hours, maintenance, grouping, reminders and budgets as the configuration writes them.
@Suite struct TellingConfigurationTests {
    private func load(_ text: String) throws -> Configuration {
        let head = """
            schema: mozaiks.ops/config/v1
            channels:
              ops: {slack: {webhook_url_env: OPS}}
              page: {pagerduty: {routing_key_env: PAGE}, rate: 5 in 1m}
              night: {slack: {webhook_url_env: OPS}, pages: true}

            """
        let file: (path: String, bytes: [UInt8]) = ("mozaiks-ops.yaml", Array((head + text).utf8))
        return try ConfigurationLoader(in: Environment([:])).read(file)
    }

    private func faults(_ text: String) -> [String] {
        do {
            _ = try load(text)
            return []
        } catch let error as ConfigurationErrors {
            return error.diagnostics.filter { $0.severity == .error }.map(\.message)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func everything() throws {
        let configuration = try load(
            """
            timezone: Europe/Berlin
            routes:
              - {severity: critical, app: [app-a*, app-b], rule: noisy-*, runtime: shared, environment: prod*, labels: {tier: [gold, silver]}, hours: "22:00-07:00", days: [sat, sun], to: [ops, page], stop: true, page_outside_production: true}
              - {to: ops}
            maintenance:
              - {days: sun, hours: "02:00-04:00", match: {rule: runtime-*}, comment: restart}
            reminders: {critical: 30m, warning: never, info: 24h}
            grouping: {wait: 30s, from: 5, limit: 20 in 10m}
            page_budget: {pages: 3, hours: "23:00-06:00"}
            """)
        let settings = configuration.telling
        #expect(settings.zone.name == "Europe/Berlin")
        #expect(settings.channels == [.init("ops"), .init("page", pages: true), .init("night", pages: true)])
        let route = try #require(settings.routes.first)
        #expect(
            "\(route.match)"
                == "severity=critical app=app-a*,app-b rule=noisy-* runtime=shared environment=prod* label.tier=gold,silver")
        #expect(route.hours?.description == "sun,sat 22:00-07:00" && route.stop && route.pagesOutsideProduction)
        #expect(settings.routes[1] == TellingSettings.Route(channels: ["ops"]))
        #expect(settings.maintenance.map { "\($0.hours) \($0.match) \($0.comment)" } == ["sun 02:00-04:00 rule=runtime-* restart"])
        #expect(settings.reminders == [.critical: .minutes(30), .info: .hours(24)])
        #expect(settings.grouping.wait == .seconds(30) && settings.grouping.from == 5)
        #expect(settings.grouping.limit == Pace(20, in: .minutes(10)))
        #expect(settings.pageBudget?.pages == 3 && settings.pageBudget?.hours.description == "23:00-06:00")
        #expect(configuration.channels.map(\.pace) == [Pace(10, in: .seconds(10)), Pace(5, in: .minutes(1)), Pace(10, in: .seconds(10))])
        let shown = configuration.text
        for line in [
            "routes[1]: [info, warning, critical] to [ops]", "reminders.warning: never", "timezone: Europe/Berlin",
            "maintenance[0]: sun 02:00-04:00, rule=runtime-*: restart", "page_budget.pages: 3", "channels.night.pages: true",
            "channels.page.rate: 5 in 1m", "grouping.limit: 20 in 10m",
        ] { #expect(shown.contains(line), "\(line)\n\(shown)") }
        for key in ["timezone", "maintenance[0]", "reminders.critical", "page_budget.hours"] {
            let line = try #require(shown.split(separator: "\n").first { $0.hasPrefix("\(key):") })
            #expect(line.contains("# mozaiks-ops.yaml:"), "\(line)")
        }
    }

    @Test func off() throws {
        let settings = try load("reminders: off\npage_budget: off\ntimezone: +02:00\n").telling
        #expect(settings.reminders.isEmpty && settings.pageBudget == nil && settings.zone.first == 7_200)
        let shown = try load("reminders: off\npage_budget: off\n").text
        for key in ["reminders.critical", "reminders.info", "page_budget"] {
            let line = try #require(shown.split(separator: "\n").first { $0.hasPrefix("\(key):") })
            #expect(line.contains("# mozaiks-ops.yaml:"), "\(line)")
        }
        #expect(try load("").telling.reminders == [.critical: .hours(1), .warning: .hours(8)])
    }

    @Test(
        "what is wrong is said",
        arguments: [
            ("routes: [{app: [], to: ops}]", "'app' is empty"),
            ("routes: [{hours: 22-7, to: ops}]", "'hours' must be two times of the day"),
            ("routes: [{days: [someday], to: ops}]", "'days' must be days of the week"),
            ("routes: [{days: [], to: ops}]", "'days' must be days of the week"),
            ("routes: [{sevrity: critical, to: ops}]", "a route has no key 'sevrity'"),
            ("routes: [{stop: maybe, to: ops}]", "'stop' must be true or false"),
            ("routes: [{to: opps}]", "no channel 'opps'"),
            ("maintenance: [{match: {rule: x}}]", "a maintenance window needs 'hours' or 'days'"),
            ("maintenance: [{days: sun, match: {rul: x}}]", "'match' has no key 'rul'"),
            ("timezone: Europe/Atlantis", "cannot read the time zone 'Europe/Atlantis': No such file or directory"),
            ("timezone: ../../etc/passwd", "'../../etc/passwd' is no time zone"),
            ("reminders: {critical: 1}", "'critical' must be a length of time"),
            ("reminders: {crit: 1h}", "'reminders' has no key 'crit'"),
            ("grouping: {from: 1}", "'from' must be at least 2"),
            ("grouping: {limit: 10}", "'limit' must be a number in a time"),
            ("page_budget: {pages: -1}", "'pages' must be at least 0"),
        ])
    func faults(text: String, message: String) { #expect(faults(text + "\n") == [message]) }
}
