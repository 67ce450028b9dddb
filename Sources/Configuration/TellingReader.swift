import Ambient
import Model
import Settings
import Telling
import YAML

/// Reads who is told what, and when: routes, hours, maintenance, grouping, reminders, the page budget.
struct TellingReader {
    let reader: SettingReader

    private var reporter: Reporter { reader.reporter }

    // MARK: - Routes

    /// - Parameter onChannel: called with each name of a channel and where it stands.
    func routes(_ fields: Fields, onChannel: (String, YAMLNode) -> Void) -> [Route] {
        guard let node = fields.node(Keys.routes), let items = reporter.list(node, "'routes'") else { return [] }
        return items.compactMap { item in
            guard let fields = Fields(item, "a route", reporter) else { return nil }
            let match = match(fields)
            let hours = hours(fields)
            let stop = reader.flag(fields, RouteKeys.stop) ?? false
            let pages = reader.flag(fields, RouteKeys.pageOutsideProduction) ?? false
            let to = fields.node(RouteKeys.to).flatMap { reporter.list($0, "'to'") }?.compactMap { node -> String? in
                guard let name = reporter.string(node, "a channel's name") else { return nil }
                onChannel(name, node)
                return name
            }
            fields.finish()
            if to?.isEmpty == true, !stop {
                reporter.report(
                    "value", "this route leads to no channel", at: item,
                    hint: "name one in 'to', or say 'stop: true' where nobody is to hear of it")
            }
            return to.map {
                Route(
                    rule: TellingSettings.Route(
                        match: match, hours: hours, channels: $0, stop: stop, pagesOutsideProduction: pages),
                    origin: reader.origin(item), place: place(of: item))
            }
        }
    }

    /// The keys by which incidents are picked; each one text or a list of them.
    private func match(_ fields: Fields) -> IncidentMatch {
        var match = IncidentMatch()
        match.severities =
            fields.node(MatchKeys.severity).flatMap { reporter.list($0, "'severity'") }?
            .compactMap { node -> Severity? in reporter.choice(node, "a severity") } ?? []
        match.apps = globs(fields, MatchKeys.app)
        match.rules = globs(fields, MatchKeys.rule)
        match.runtimes = globs(fields, MatchKeys.runtime)
        match.environments = globs(fields, MatchKeys.environment)
        if let inner = fields.section(MatchKeys.labels) {
            for entry in inner.all() { match.labels[entry.name] = globs(entry.value, "a label") }
        }
        return match
    }

    private func globs(_ fields: Fields, _ key: SettingKey) -> [Glob] {
        fields.node(key).map { globs($0, "'\(key.name)'") } ?? []
    }

    private func globs(_ node: YAMLNode, _ what: String) -> [Glob] {
        let texts = reporter.strings(node, what) ?? []
        // An empty list would pick everything, which nobody means who writes one.
        if texts.isEmpty, node.items?.isEmpty == true {
            reporter.report("type", "\(what) is empty", at: node, hint: "leave the key out to pick all")
        }
        // Nothing is called by an empty name, so it would pick nothing.
        if texts.contains(where: \.isEmpty) {
            reporter.report("value", "\(what) is an empty text, which picks nothing", at: node, hint: "leave the key out to pick all")
        }
        return texts.map { Glob($0) }
    }

    /// `hours` and `days`; nil where neither is given.
    private func hours(_ fields: Fields) -> Hours? {
        let times = fields.node(HoursKeys.hours)
        let days = fields.node(HoursKeys.days)
        guard let place = times ?? days else { return nil }
        let text = times.flatMap { reporter.string($0, "'hours'") }
        let names = days.flatMap { reporter.strings($0, "'days'") } ?? []
        guard times == nil || text != nil else { return nil }
        if let days, Hours(nil, days: names) == nil || names.isEmpty {
            reporter.report(
                "value", "'days' must be days of the week", at: days, hint: "such as [sat, sun], or mon-fri")
            return nil
        }
        if let hours = Hours(text, days: names) { return hours }
        reporter.report("value", "'hours' must be two times of the day", at: place, hint: "such as 22:00-07:00")
        return nil
    }

    // MARK: - The rest

    /// - Returns: where each window of maintenance stands.
    func read(_ fields: Fields, _ settings: inout TellingSettings) -> [Diagnostic] {
        if let node = fields.node(Keys.timezone), let zone = zone(node) { settings.zone = zone }
        let windows = maintenance(fields)
        settings.maintenance = windows.map(\.window)
        if let node = fields.node(Keys.reminders) { reminders(node, &settings) }
        if let inner = fields.section(Keys.grouping) {
            if let span = reader.span(inner, GroupingKeys.wait) { settings.grouping.wait = span }
            if let count = reader.whole(inner, GroupingKeys.from) { settings.grouping.from = count }
            if let node = inner.node(GroupingKeys.limit), let pace = reader.pace(node, "limit") { settings.grouping.limit = pace }
            inner.finish()
        }
        if let node = fields.node(Keys.pageBudget) { pageBudget(node, &settings) }
        return windows.map(\.place)
    }

    /// With the line, where that shows no secret.
    private func place(of node: YAMLNode) -> Diagnostic { SensitiveLine.hiding(reporter.place(of: node)) }

    private func zone(_ node: YAMLNode) -> Zone? {
        guard let text = reader.text(node, "'timezone'") else { return nil }
        do {
            return try ZoneFile.zone(text, in: reader.environment)
        } catch {
            reporter.report("timezone", error.why, at: node, hint: error.hint)
            return nil
        }
    }

    private func maintenance(_ fields: Fields) -> [(window: TellingSettings.Maintenance, place: Diagnostic)] {
        guard let node = fields.node(Keys.maintenance), let items = reporter.list(node, "'maintenance'") else { return [] }
        return items.compactMap { item in
            guard let fields = Fields(item, "a maintenance window", reporter) else { return nil }
            let hasHours = fields.node(HoursKeys.hours) != nil || fields.node(HoursKeys.days) != nil
            if !hasHours {
                reporter.report(
                    "missing-key", "a maintenance window needs 'hours' or 'days'", at: item.start,
                    hint: "hours: 02:00-04:00")
            }
            let hours = hours(fields)
            var match = IncidentMatch()
            if let inner = fields.section(MaintenanceKeys.match) {
                match = self.match(inner)
                inner.finish()
            }
            let comment = reader.text(fields, MaintenanceKeys.comment) ?? ""
            fields.finish()
            return hours.map { (TellingSettings.Maintenance(hours: $0, match: match, comment: comment), place(of: item)) }
        }
    }

    /// A length of time or `never` for each severity; `off` for all of them.
    private func reminders(_ node: YAMLNode, _ settings: inout TellingSettings) {
        if node.text == "off" {
            settings.reminders = [:]
            return
        }
        guard let inner = Fields(node, "'reminders'", reporter) else { return }
        for severity in Severity.allCases {
            guard let key = ReminderKeys.section.keys.first(where: { $0.name == severity.rawValue }), let node = inner.node(key) else {
                continue
            }
            if node.text == "never" {
                settings.reminders[severity] = nil
            } else if let span = reader.span(node, severity.rawValue, ReminderKeys.range) {
                settings.reminders[severity] = span
            }
        }
        inner.finish()
    }

    private func pageBudget(_ node: YAMLNode, _ settings: inout TellingSettings) {
        if node.text == "off" {
            settings.pageBudget = nil
            return
        }
        guard let inner = Fields(node, "'page_budget'", reporter) else { return }
        var budget = TellingSettings.PageBudget()
        if let count = reader.whole(inner, PageBudgetKeys.pages) { budget.pages = count }
        if let hours = hours(inner) { budget.hours = hours }
        inner.finish()
        settings.pageBudget = budget
    }
}

/// The lines of `config show`.
enum TellingEntries {
    static func list(_ settings: TellingSettings) -> [(String, String)] {
        var entries = [("timezone", settings.zone.name)]
        for (index, window) in settings.maintenance.enumerated() {
            let comment = window.comment.isEmpty ? "" : ": \(window.comment)"
            entries.append(("maintenance[\(index)]", "\(window.hours), \(window.match)\(comment)"))
        }
        for severity in Severity.allCases.reversed() {
            let span = settings.reminders[severity].map { "\($0)" } ?? "never"
            entries.append(("reminders.\(severity.rawValue)", span))
        }
        entries.append(("grouping.wait", "\(settings.grouping.wait)"))
        entries.append(("grouping.from", "\(settings.grouping.from)"))
        entries.append(("grouping.limit", "\(settings.grouping.limit)"))
        if let budget = settings.pageBudget {
            entries.append(("page_budget.pages", "\(budget.pages)"))
            entries.append(("page_budget.hours", "\(budget.hours)"))
        } else {
            entries.append(("page_budget", "off"))
        }
        return entries
    }
}

extension Route {
    /// `[warning, critical] app=app-* to [ops]`
    var text: String {
        var others = rule.match
        others.severities = []
        let severities = rule.match.severities.isEmpty ? Severity.allCases : rule.match.severities
        var parts = ["[" + severities.map(\.rawValue).joined(separator: ", ") + "]"]
        if !others.isEmpty { parts.append("\(others)") }
        if let hours = rule.hours { parts.append("\(hours)") }
        parts.append("to [" + rule.channels.joined(separator: ", ") + "]")
        if rule.stop { parts.append("stop") }
        if rule.pagesOutsideProduction { parts.append("page_outside_production") }
        return parts.joined(separator: " ")
    }
}
