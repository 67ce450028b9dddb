import Model
import Testing

@testable import Telling

/// Where a message goes, and the reason that is shown.
@Suite struct RoutingTests {
    typealias Route = TellingSettings.Route

    struct Case: CustomTestStringConvertible {
        let name: String
        var severity = Severity.warning
        var named: [String]? = []
        var channels = ["ops", "mail"]
        var routes: [Route] = []
        var incident: Incident?
        var environment = "production"
        /// After midnight.
        var hour = 12
        var zone = "UTC"
        var pages: [String] = []
        /// `channel yes|no reason`
        let says: [String]
        var unknown: [String] = []
        var silence: String?
        var testDescription: String { name }
    }

    static let both = [
        Route(match: IncidentMatch(severities: [.warning, .critical]), channels: ["ops"]),
        Route(match: IncidentMatch(severities: [.critical]), channels: ["mail"]),
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
        Case(
            name: "by app, with a glob", routes: [Route(match: IncidentMatch(apps: [Glob("app-c*")]), channels: ["ops"])],
            says: ["ops yes routes[0] sends it warning, app=app-c*", "mail no no route leads to it"]),
        Case(
            name: "another app", routes: [Route(match: IncidentMatch(apps: [Glob("app-b*")]), channels: ["ops"])],
            says: ["ops no routes[0] is for the app app-b*", "mail no no route leads to it"]),
        Case(
            name: "a runtime is no app", routes: [Route(match: IncidentMatch(apps: [Glob("*")]), channels: ["ops"])],
            incident: .made("runtime-down", app: nil),
            says: ["ops no routes[0] is for the app *", "mail no no route leads to it"]),
        Case(
            name: "by label", routes: [Route(match: IncidentMatch(labels: ["tier": [Glob("gold")]]), channels: ["ops"])],
            incident: .made(labels: ["tier": "gold"]),
            says: ["ops yes routes[0] sends it warning, label.tier=gold", "mail no no route leads to it"]),
        Case(
            name: "the label is not there",
            routes: [Route(match: IncidentMatch(labels: ["tier": [Glob("*")]]), channels: ["ops"])],
            says: ["ops no routes[0] is for tier=*", "mail no no route leads to it"]),
        Case(
            name: "by rule, runtime and environment",
            routes: [
                Route(match: IncidentMatch(rules: [Glob("noisy-*")], runtimes: [Glob("s?ared")]), channels: ["ops"]),
                Route(match: IncidentMatch(environments: [Glob("staging")]), channels: ["mail"]),
            ],
            says: [
                "ops yes routes[0] sends it warning, rule=noisy-* runtime=s?ared",
                "mail no routes[1] is for the environment staging",
            ]),
        Case(
            name: "every matching route adds its channels", routes: [Route(channels: ["ops"]), Route(channels: ["mail"])],
            says: ["ops yes routes[0] sends it warning", "mail yes routes[1] sends it warning"]),
        Case(
            name: "stop", routes: [Route(channels: ["ops"], stop: true), Route(channels: ["mail"])],
            says: ["ops yes routes[0] sends it warning", "mail no routes[0] stops before routes[1]"]),
        Case(
            name: "a stop that does not match stops nothing",
            routes: [
                Route(match: IncidentMatch(severities: [.info]), channels: ["ops"], stop: true), Route(channels: ["mail"]),
            ],
            says: ["ops no its routes send it info, not warning", "mail yes routes[1] sends it warning"]),
        Case(
            name: "outside of hours", routes: [Route(hours: Hours("22:00-07:00"), channels: ["ops", "mail"])],
            says: ["ops no routes[0] holds 22:00-07:00", "mail no routes[0] holds 22:00-07:00"]),
        Case(
            name: "within hours that go over midnight",
            routes: [Route(hours: Hours("22:00-07:00", days: ["fri"]), channels: ["ops", "mail"])], hour: 6,
            says: ["ops yes routes[0] sends it warning", "mail yes routes[0] sends it warning"]),
        Case(
            name: "hours are local", routes: [Route(hours: Hours("14:00-15:00"), channels: ["ops", "mail"])],
            zone: "+02:00", says: ["ops yes routes[0] sends it warning", "mail yes routes[0] sends it warning"]),
        Case(
            name: "staging pages nobody", routes: [Route(channels: ["ops", "mail"])], environment: "staging",
            pages: ["mail"],
            says: [
                "ops yes routes[0] sends it warning",
                "mail no routes[0] sends it warning, but it pages, and nobody is paged for staging "
                    + "(page_outside_production: true allows it)",
            ]),
        Case(
            name: "unless a route says so", routes: [Route(channels: ["mail"], pagesOutsideProduction: true)],
            environment: "staging", pages: ["mail"],
            says: ["ops no no route leads to it", "mail yes routes[0] sends it warning"]),
        Case(
            name: "also where a rule names the pager", named: ["mail"], environment: "staging", pages: ["mail"],
            says: [
                "ops no the rule names others",
                "mail no the rule names it, but it pages, and nobody is paged for staging "
                    + "(page_outside_production: true allows it)",
            ]),
    ]

    @Test(arguments: cases) func decides(_ entry: Case) throws {
        var settings = TellingSettings()
        settings.channels = entry.channels.map { .init($0, pages: entry.pages.contains($0)) }
        settings.routes = entry.routes
        settings.zone = try #require(Zone(fixed: entry.zone))
        let routing = Routing(
            entry.incident ?? .made(severity: entry.severity), named: entry.named, environment: entry.environment,
            now: at(.hours(entry.hour)), settings: settings)
        #expect(routing.decisions.map { "\($0.channel) \($0.isSent ? "yes" : "no") \($0.reason)" } == entry.says)
        #expect(routing.unknown == entry.unknown && routing.silence == entry.silence)
        #expect(routing.channels == routing.decisions.filter(\.isSent).map(\.channel))
    }
}
