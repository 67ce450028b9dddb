import Model
import Settings
import Telling

/// By which incidents are picked; each one text or several, `*` and `?` stand for anything.
enum MatchKeys {
    static let severity = SettingKey("severity", .list(.choice(of: Severity.self)), fallback: "all", "Severities")
    static let app = SettingKey("app", .list(.text(example: "app-*")), fallback: "all", "Apps")
    static let rule = SettingKey("rule", .list(.text()), fallback: "all", "Rules")
    static let runtime = SettingKey("runtime", .list(.text()), fallback: "all", "Runtimes")
    static let environment = SettingKey("environment", .list(.text()), fallback: "all", "Environments")
    static let labels = SettingKey("labels", .named("LABEL", .list(.text())), fallback: "all", "Labels of runtimes and rules")
    static let keys = [severity, app, rule, runtime, environment, labels]
    static let section = SettingSection(keys)
}

enum HoursKeys {
    static let hours = SettingKey("hours", .text(example: "22:00-07:00"), fallback: "the whole day", "Time of the day, in `timezone`")
    static let days = SettingKey("days", .list(.text(example: "mon-fri")), fallback: "all", "Days of the week on which it begins")
    static let keys = [hours, days]
}

enum RouteKeys {
    static let to = SettingKey("to", .list(.text()), isRequired: true, "Names of channels")
    static let stop = SettingKey("stop", .flag, fallback: "false", "Whether later routes are not asked once this one has sent something")
    static let pageOutsideProduction = SettingKey(
        "page_outside_production", .flag, fallback: "false", "Whether its channels may page in other environments")
    static let section = SettingSection(MatchKeys.keys + HoursKeys.keys + [to, stop, pageOutsideProduction])
}

enum MaintenanceKeys {
    static let match = SettingKey("match", .section(MatchKeys.section), fallback: "all incidents", "Which incidents it is about")
    static let comment = SettingKey("comment", .text(), "Why, for whoever reads it later")
    static let section = SettingSection(HoursKeys.keys + [match, comment])
}

enum ReminderKeys {
    static let range = TimeSpan.minutes(1)...TimeSpan.hours(7 * 24)
    static let section = SettingSection(
        Severity.allCases.reversed().map { severity in
            SettingKey(
                severity.rawValue, .word("never", or: .span(range)),
                fallback: TellingSettings().reminders[severity].map { "\($0)" } ?? "never", "For incidents that are \(severity.rawValue)")
        })
}

enum GroupingKeys {
    private static let usual = TellingSettings().grouping
    static let wait = SettingKey(
        "wait", .span(TimeSpan.zero...TimeSpan.minutes(30)), fallback: "\(usual.wait)", "How long others are waited for")
    static let from = SettingKey("from", .whole(2...1_000), fallback: "\(usual.from)", "So many at once become one message")
    static let limit = SettingKey("limit", .pace, fallback: "\(usual.limit)", "So many messages in so long, then a digest")
    static let section = SettingSection([wait, from, limit])
}

enum PageBudgetKeys {
    private static let usual = TellingSettings.PageBudget()
    static let pages = SettingKey(
        "pages", .whole(0...10_000), fallback: "\(usual.pages)",
        "So many openings page within the hours, then a digest; a critical one about a whole runtime pages all the same")
    static let hours = SettingKey("hours", .text(example: "22:00-07:00"), fallback: "\(usual.hours)", "The hours that it counts in")
    static let section = SettingSection([pages, hours, HoursKeys.days])
}
