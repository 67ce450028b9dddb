import Actions
import Guard
import Model
import Notify
import Settings

/// `actions`.
enum ActionKeys {
    static let section = SettingSection([GateSettings.key] + AdapterKinds.all.map { $0.key })
}

/// `guard`.
enum GuardKeys {
    private static let usual = GuardOptions()
    private static let time = TimeSpan.zero...TimeSpan.hours(24)
    static let protected = SettingKey(
        "protected", .list(.text()), "Apps that nothing is ever done to; `*` stands for any text, `?` for one character")
    static let cooldown = SettingKey(
        "cooldown", .span(time), fallback: "\(usual.cooldown)", "After an action on an app, until the next one on it")
    static let perAppHour = SettingKey(
        "per_app_hour", .whole(0...1_000), fallback: "\(usual.perAppHour)", "Most actions on one app in an hour")
    static let totalHour = SettingKey("total_hour", .whole(0...1_000), fallback: "\(usual.totalHour)", "Most actions in an hour in all")
    static let blastRadius = SettingKey(
        "blast_radius", .percent(0...100), fallback: "\(Amounts.number(usual.blastPercent))%",
        "Most of the active apps under action at once; one is always allowed")
    static let storm = SettingKey(
        "storm", .pace, fallback: "\(usual.stormIncidents) in \(usual.stormWindow)",
        "So many new incidents in so long are a storm: then nothing is done")
    static let floor = SettingKey("floor", .section(FloorKeys.section), "A throttle never asks for less")
    static let maxLease = SettingKey(
        "max_lease", .span(.seconds(1)...TimeSpan.hours(24)), fallback: "\(usual.maxLease)",
        "Longest time for which an action holds, extended or not")
    static let quietAfterRestart = SettingKey(
        "quiet_after_restart", .span(time), fallback: "\(usual.quietAfterRestart)",
        "After a restart of the runtime nobody is acted upon for so long")
    static let quietAfterFault = SettingKey(
        "quiet_after_fault", .span(time), fallback: "\(usual.quietAfterFault)",
        "After a fault of the runtime itself nobody is acted upon for so long")
    static let section = SettingSection([
        protected, cooldown, perAppHour, totalHour, blastRadius, storm, floor, maxLease, quietAfterRestart, quietAfterFault,
    ])
}

enum FloorKeys {
    private static let usual = GuardOptions().floor
    static let concurrentWorkflows = SettingKey(
        "concurrent_workflows", .whole(1...1_000_000), fallback: usual.concurrentWorkflows.map { "\($0)" }, "Workflows at once")
    static let requestsPerMinute = SettingKey(
        "requests_per_minute", .whole(1...1_000_000), fallback: usual.requestsPerMinute.map { "\($0)" }, "Starts in a minute")
    static let section = SettingSection([concurrentWorkflows, requestsPerMinute])
}

/// `approvals`.
enum ApprovalKeys {
    static let expire = SettingKey(
        "expire", .span(.minutes(1)...TimeSpan.hours(72)), fallback: "\(GuardOptions().approvalExpiry)",
        "How long an offer waits for an answer")
    static let section = SettingSection([expire, SlackApprovals.key])
}
