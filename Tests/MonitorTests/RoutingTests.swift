import Model
import Testing

@testable import Monitor

/// Where a message goes, and the reason that is shown.
@Suite struct RoutingTests {
    typealias Route = MonitorSettings.Route

    struct Case: CustomTestStringConvertible {
        let name: String
        var severity = Severity.warning
        var named: [String]? = []
        var channels = ["ops", "mail"]
        var routes: [Route] = []
        /// `channel yes|no reason`
        let says: [String]
        var unknown: [String] = []
        var silence: String?
        var testDescription: String { name }
    }

    static let both = [
        Route(severities: [.warning, .critical], channels: ["ops"]), Route(severities: [.critical], channels: ["mail"]),
    ]

    static let cases = [
        Case(
            name: "no routes: everybody", says: ["ops yes there are no routes", "mail yes there are no routes"]),
        Case(
            name: "by severity", routes: both,
            says: ["ops yes routes[0] sends it warning", "mail no its routes send it critical, not warning"]),
        Case(
            name: "the worst goes to both", severity: .critical, routes: both,
            says: ["ops yes routes[0] sends it critical", "mail yes routes[1] sends it critical"]),
        Case(
            name: "too small for any", severity: .info, routes: both,
            says: [
                "ops no its routes send it warning, critical, not info",
                "mail no its routes send it critical, not info",
            ]),
        Case(
            name: "a route for all severities", severity: .info, routes: [Route(channels: ["mail"])],
            says: ["ops no no route leads to it", "mail yes routes[0] sends it info"]),
        Case(
            name: "the rule's own channels win over routes", named: ["mail"], routes: both,
            says: ["ops no the rule names others", "mail yes the rule names it"]),
        Case(
            name: "named and not configured", named: ["pager", "mail", "pager"],
            says: ["ops no the rule names others", "mail yes the rule names it"], unknown: ["pager"]),
        Case(
            name: "the rule does not notify", named: nil, routes: both,
            says: ["ops no the rule notifies nobody", "mail no the rule notifies nobody"],
            silence: "the rule's actions have no 'notify'"),
        Case(name: "nobody is there", channels: [], says: [], silence: "no channel is configured"),
    ]

    @Test(arguments: cases) func decides(_ entry: Case) {
        let routing = Routing(entry.severity, named: entry.named, channels: entry.channels, routes: entry.routes)
        #expect(routing.decisions.map { "\($0.channel) \($0.isSent ? "yes" : "no") \($0.reason)" } == entry.says)
        #expect(routing.unknown == entry.unknown && routing.silence == entry.silence)
        #expect(routing.channels == routing.decisions.filter(\.isSent).map(\.channel))
    }

    /// What explains is what decides.
    @Test func settingsSendWhereTheRoutingSays() {
        for entry in RoutingTests.cases {
            guard let named = entry.named else { continue }
            var settings = MonitorSettings()
            (settings.channels, settings.routes) = (entry.channels, entry.routes)
            #expect(
                settings.channels(for: entry.severity, named: named)
                    == settings.routing(of: entry.severity, named: named).channels)
        }
    }
}
