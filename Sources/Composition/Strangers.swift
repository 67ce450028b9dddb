import Configuration
import Model
import Policy
import Views
import YAML

/// What filters name and nobody has: a route to a rule that there is not sends nothing, and nobody notices.
public struct Strangers: Sendable {
    private let configuration: Configuration
    private let policies: PolicySet
    private let names: KnownNames

    public init(_ configuration: Configuration, _ policies: PolicySet) {
        self.configuration = configuration
        self.policies = policies
        names = KnownNames(
            environment: configuration.environment.value, runtimes: configuration.watched,
            elsewhere: configuration.elsewhere, policies: policies)
    }

    /// Warnings about routes and hours of maintenance.
    public var warnings: [Diagnostic] {
        var found: [Diagnostic] = []
        let whole = Diagnostic("", "", file: configuration.file ?? "configuration", line: 0)
        func add(_ match: IncidentMatch, _ what: String, _ place: Diagnostic?) {
            for finding in find(in: match) {
                let message = "\(what): \(finding.message)"
                found.append((place ?? whole).saying("matches-nothing", message, hint: finding.hintOnPatterns, severity: .warning))
            }
        }
        for route in configuration.routes { add(route.rule.match, "a route", route.place) }
        // Routes for other places are right in a file that several share; none for this place leaves nobody to tell.
        let environment = configuration.environment.value
        if !configuration.routes.isEmpty, configuration.routes.allSatisfy({ isElsewhere($0.rule.match) }) {
            found.append(
                Diagnostic(
                    "matches-nothing", "no route is for environment '\(Shown.id(environment))': nobody is told of anything",
                    file: configuration.file ?? "configuration", line: 0, hint: "leave 'environment' out of a route, or name this one",
                    severity: .warning))
        } else if !configuration.routes.isEmpty, !isReached(.critical) {
            found.append(
                Diagnostic(
                    "matches-nothing",
                    isReached(.critical, byApp: true)
                        ? "no route leads critical incidents about a runtime, such as that it is down, to a channel: each asks for an app"
                        : "no route leads critical incidents to a channel: nobody is told of them",
                    file: configuration.file ?? "configuration", line: 0,
                    hint: "add a route without 'severity' and 'app', or with critical",
                    severity: .warning))
        }
        if let warning = seldom { found.append(warning) }
        found += unlabelled
        let places = configuration.maintenancePlaces
        for (index, window) in configuration.telling.maintenance.enumerated() {
            let place = places.indices.contains(index) ? places[index] : nil
            add(window.match, "a maintenance window", place)
            // Hours that never end are a slip: a silence is for that, and has an end.
            if Strangers.minutes([window.hours]) == Strangers.week, Strangers.isOfAll(window.match, .critical) {
                found.append(
                    (place ?? whole).saying(
                        "always-maintenance", "a maintenance window holds all day on every day: nobody is ever told of critical incidents",
                        hint: "name the hours in which work is done, or what it is about", severity: .warning))
            }
        }
        return found
    }

    /// Conditions on labels that neither a runtime nor an app has: they would be unknown for ever.
    private var unlabelled: [Diagnostic] {
        // Those of replicas that are found are known when they are.
        guard !configuration.watched.contains(where: \.isFound) else { return [] }
        var known: [String: Set<String>] = ["environment": [configuration.environment.value]]
        let all =
            (configuration.watched + configuration.elsewhere.map(\.watched))
            .flatMap { $0.labels.map { ($0.key, $0.value) } }
            + policies.policies.flatMap { $0.labels.map { ($0.name, $0.value) } }
        for (name, value) in all { known[name, default: []].insert(value) }
        var found: [Diagnostic] = []
        for rule in policies.allRules {
            func warn(_ key: String, _ message: String, _ written: String, _ known: [String]) {
                let origin = rule.origin(of: key)
                let hint =
                    Nearest.name(to: written, among: known).map { "did you mean '\(Shown.id($0))'?" }
                    ?? "there are: " + known.map { Shown.id($0) }.joined(separator: ", ")
                let warning = policies.warning("matches-nothing", "'\(rule.name)': \(message)", at: origin, hint: hint)
                if !found.contains(warning) { found.append(warning) }
            }
            for (key, condition) in [("when", rule.when), ("while", rule.keeps)] {
                for (_, test) in condition?.labels ?? [] {
                    guard let values = known[test.name] else {
                        let names = known.keys.inByteOrder()
                        warn(key, "neither a runtime nor an app has a label '\(Shown.id(test.name))'", test.name, names)
                        continue
                    }
                    // Of `missing(label(tier))` no text is asked.
                    guard !test.value.isEmpty, !values.contains(where: { $0.isSame(as: test.value) }) else { continue }
                    warn(key, "no label '\(Shown.id(test.name))' is '\(Shown.id(test.value))'", test.value, values.inByteOrder())
                }
            }
        }
        return found
    }

    /// What of a filter matches nothing that is known: rules, runtimes and labels.
    ///
    /// - Parameter apps: those that were seen, where that is known: apps come and go.
    public func find(in match: IncidentMatch, apps: [AppID] = []) -> [KnownNames.Stranger] { names.strangers(in: match, apps: apps) }

    /// What of a filter only other shards have.
    public func elsewhere(in match: IncidentMatch) -> [KnownNames.Stranger] { names.elsewhere(in: match) }

    /// Whether a route leads incidents of a severity that have no app (or, `byApp`, some that have one) anywhere, as far as that hangs on no more than severity and place.
    private func isReached(_ severity: Severity, byApp: Bool = false) -> Bool {
        for route in configuration.routes.lazy.map(\.rule) where !isElsewhere(route.match) {
            guard route.match.severities.isEmpty || route.match.severities.contains(severity) else { continue }
            // Those about a runtime have no app: that it is down goes by no such route.
            if !route.channels.isEmpty, byApp || route.match.apps.isEmpty { return true }
            var rest = route.match
            (rest.severities, rest.environments) = ([], [])
            if route.stop, route.hours == nil, rest.isEmpty { return false }
        }
        return false
    }

    /// Hours of work are a choice, minutes are a slip.
    private static let fewMinutes = 20 * 60
    private static let week = 7 * 1_440

    /// A warning where critical incidents are led anywhere for so little of a week that it cannot be meant.
    private var seldom: Diagnostic? {
        let routes = configuration.routes.map(\.rule).filter { route in
            !isElsewhere(route.match) && !route.channels.isEmpty && route.match.apps.isEmpty
                && (route.match.severities.isEmpty || route.match.severities.contains(.critical))
        }
        let hours = routes.map { $0.hours ?? .always }
        let minutes = Strangers.minutes(hours)
        guard !hours.isEmpty, minutes < Strangers.fewMinutes else { return nil }
        return Diagnostic(
            "seldom", "routes lead critical incidents to a channel for \(minutes) minutes of a week, and no longer",
            file: configuration.file ?? "configuration", line: 0, hint: "'hours' are those in which people are told; add a route without",
            severity: .warning)
    }

    /// How many minutes of a week some of these hours hold.
    private static func minutes(_ hours: [Hours]) -> Int {
        var held = [Bool](repeating: false, count: week)
        for one in hours {
            let length = one.to > one.from ? one.to - one.from : one.to + 1_440 - one.from
            for day in one.days {
                for minute in 0..<length { held[(day * 1_440 + one.from + minute) % week] = true }
            }
        }
        return held.count { $0 }
    }

    private static func isOfAll(_ match: IncidentMatch, _ severity: Severity) -> Bool {
        guard match.severities.isEmpty || match.severities.contains(severity) else { return false }
        var rest = match
        rest.severities = []
        // '*' asks for nothing.
        if rest.rules.contains(where: { $0.pattern.utf8.elementsEqual("*".utf8) }) { rest.rules = [] }
        if rest.runtimes.contains(where: { $0.pattern.utf8.elementsEqual("*".utf8) }) { rest.runtimes = [] }
        if rest.environments.contains(where: { $0.pattern.utf8.elementsEqual("*".utf8) }) { rest.environments = [] }
        return rest.isEmpty
    }

    private func isElsewhere(_ match: IncidentMatch) -> Bool { names.isElsewhere(match) }
}
