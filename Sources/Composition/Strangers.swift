import Configuration
import Model
import Policy
import YAML

/// What filters name and nobody has: a route to a rule that there is not sends nothing, and nobody notices.
public struct Strangers: Sendable {
    private let configuration: Configuration
    private let rules: [String]
    private let runtimes: [String]
    /// By the label's name, the values that there are.
    private let labels: [String: Set<String>]
    /// Labels whose values are known only when an incident opens.
    private let open: Set<String>

    /// Something that matches nothing.
    public struct Finding: Hashable, Sendable {
        public let message: String
        public let hint: String
    }

    public init(_ configuration: Configuration, _ policies: PolicySet) {
        self.configuration = configuration
        let all = policies.allRules
        let disabled = policies.policies.flatMap { $0.disabled.map(\.rule) }
        rules = Set(all.map(\.name) + disabled).inByteOrder()
        runtimes = configuration.runtimes.map(\.name)
        var labels: [String: Set<String>] = [:]
        for (name, value) in configuration.runtimes.flatMap(\.labels) + all.flatMap(\.labels) { labels[name, default: []].insert(value) }
        self.labels = labels
        open = Set(labels.filter { $0.value.contains { $0.utf8.contains(UInt8(ascii: "{")) } }.keys)
    }

    /// Warnings about routes and hours of maintenance.
    public var warnings: [Diagnostic] {
        var found: [Diagnostic] = []
        func add(_ match: IncidentMatch, _ what: String, _ origin: SettingOrigin?) {
            for finding in find(in: match) {
                var (file, line) = (configuration.file ?? "configuration", 0)
                if case .file(let place)? = origin { (file, line) = (place.file, place.line) }
                found.append(
                    Diagnostic("matches-nothing", "\(what): \(finding.message)", file: file, line: line, hint: finding.hint, severity: .warning))
            }
        }
        for route in configuration.routes { add(route.rule.match, "a route", route.origin) }
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
                    "matches-nothing", "no route leads critical incidents to a channel: nobody is told of them",
                    file: configuration.file ?? "configuration", line: 0, hint: "add a route without 'severity', or with critical",
                    severity: .warning))
        }
        for window in configuration.telling.maintenance { add(window.match, "a maintenance window", nil) }
        return found
    }

    /// What of a filter matches nothing that is known: rules, runtimes and labels.
    ///
    /// - Parameter apps: those that were seen, where that is known: apps come and go.
    public func find(in match: IncidentMatch, apps: [AppID] = []) -> [Finding] {
        var found: [Finding] = []
        let seen = apps.map(\.text)
        for glob in match.apps where !seen.isEmpty && !seen.contains(where: glob.matches) {
            found.append(
                finding("no app '\(Shown.id(glob.pattern))' was seen", glob.pattern, seen, "an app's id is exact, also in its case; '*' stands for any text"))
        }
        for glob in match.rules where !rules.contains(where: glob.matches) {
            found.append(finding("there is no rule '\(glob)'", glob.pattern, rules, "mozaiks-ops policy show"))
        }
        // Without a configuration nothing is known of runtimes.
        for glob in match.runtimes where !runtimes.isEmpty && !runtimes.contains(where: glob.matches) {
            found.append(finding("there is no runtime '\(glob)'", glob.pattern, runtimes, "there are: " + runtimes.joined(separator: ", ")))
        }
        // What is nearly this environment is meant to be it.
        let environment = configuration.environment.value
        for glob in match.environments where isElsewhere(match) {
            let (written, here) = (glob.pattern.lowercased(), environment.lowercased())
            guard !written.isEmpty, here.hasPrefix(written) || written.hasPrefix(here) || Nearest.name(to: written, among: [here]) != nil else { continue }
            found.append(finding("the environment is '\(Shown.id(environment))', not '\(glob)'", here, [], "did you mean '\(Shown.id(environment))'?"))
        }
        let names = labels.keys.inByteOrder()
        for (name, globs) in match.labels.inByteOrder(of: \.key) {
            guard let values = labels[name] else {
                let known = names.isEmpty ? "no runtime and no rule has labels" : "there are: " + names.joined(separator: ", ")
                found.append(finding("nothing has a label '\(name)'", name, names, known))
                continue
            }
            guard !open.contains(name) else { continue }
            let sorted = values.inByteOrder()
            for glob in globs where !sorted.contains(where: glob.matches) {
                found.append(
                    finding("no label '\(name)' is '\(glob)'", glob.pattern, sorted, "there are: " + sorted.joined(separator: ", ")))
            }
        }
        return found
    }

    /// Whether a route leads incidents of a severity anywhere, as far as that hangs on no more than severity and place.
    private func isReached(_ severity: Severity) -> Bool {
        for route in configuration.routes.lazy.map(\.rule) where !isElsewhere(route.match) {
            guard route.match.severities.isEmpty || route.match.severities.contains(severity) else { continue }
            if !route.channels.isEmpty { return true }
            var rest = route.match
            (rest.severities, rest.environments) = ([], [])
            if route.stop, route.hours == nil, rest.isEmpty { return false }
        }
        return false
    }

    private func isElsewhere(_ match: IncidentMatch) -> Bool {
        !match.environments.isEmpty && !match.environments.contains { $0.matches(configuration.environment.value) }
    }

    private func finding(_ message: String, _ written: String, _ known: [String], _ otherwise: String) -> Finding {
        Finding(message: message, hint: Nearest.name(to: written, among: known).map { "did you mean '\(Shown.id($0))'?" } ?? otherwise)
    }
}
