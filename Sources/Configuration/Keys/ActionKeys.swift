import Model

/// `actions`.
enum ActionKeys {
    static let gate = SettingKey("gate", .section(GateKeys.section), "The gate that a reverse proxy or the runtime's extension asks")
    static let leaseAPI = SettingKey("lease_api", .section(LeaseAPIKeys.section), "A control plane with leases")
    static let entitlements = SettingKey("entitlements", .section(EntitlementsKeys.section), "A control plane with entitlement documents")
    static let webhook = SettingKey("webhook", .section(ActionWebhookKeys.section), "Any receiver that enforces what it is told")
    static let section = SettingSection([gate, leaseAPI, entitlements, webhook])
}

enum GateKeys {
    static let listen = SettingKey("listen", .address, isRequired: true, "Address and port, such as `127.0.0.1:9464`")
    static let text = SettingKey("text", .text(), fallback: "a text that says what is held and until when", "What a user reads who is refused")
    static let section = SettingSection([listen, text])
}

enum LeaseAPIKeys {
    /// What can land: a notice lands nowhere.
    static let kinds = ActionKind.allCases.filter { $0 != .notify }
    static let url = SettingKey("url", .url, isRequired: true, "Its base URL")
    static let owner = SettingKey("owner", .text(), fallback: "that of `environment`; two monitors need two names", "Name that its leases carry; a name of letters, digits and `. _ -`")
    static let actions = SettingKey(
        "actions", .list(.choice(kinds.map(\.rawValue))), fallback: "all", "Which actions land here")
    static let section = SettingSection([url, AuthenticationReader.key, owner, actions] + NetworkReader.tlsKeys)
}

enum ActionWebhookKeys {
    static let url = SettingKey("url", .secret, isRequired: true, "Where it is told; an address that is no secret may stand here as it is")
    static let secret = SettingKey("secret", .secret, isRequired: true, "Key of the signature")
    static let expiry = SettingKey(
        "expiry", .choice(["monitor", "receiver"]), fallback: "monitor", "Who ends a lease that is over: `receiver` if it keeps time itself")
    static let section = SettingSection([url, secret, LeaseAPIKeys.owner, LeaseAPIKeys.actions, expiry] + NetworkReader.tlsKeys)
}

enum EntitlementsKeys {
    static let runtime = SettingKey("runtime", .text(), fallback: "the only one", "Whose apps these are; needed where there are several")
    static let apps = SettingKey(
        "apps", .named("APP", .section(EntitledAppKeys.section)), isRequired: true, "Apps that may be acted upon there")
    static let allowUnsynced = SettingKey(
        "allow_unsynced", .flag, fallback: "false", "Whether a document that the control plane did not write itself may be changed")
    static let usageReset = SettingKey(
        "usage_reset", .choice(["refused", "accepted"]), fallback: "refused", "Whether a change may set the app's usage back, as some control planes do")
    static let pause = SettingKey(
        "pause", .choice(of: EntitlementsSettings.Pause.self), fallback: EntitlementsSettings.Pause.feature.rawValue, "How a pause is written there")
    static let features = SettingKey(
        "features", .named("WORKFLOW", .text()), "Which feature stands for which workflow: without it a pack cannot be disabled")
    static let pauseApproval = SettingKey(
        "pause_approval", .choice(["required", "not_required"]), fallback: "required", "Whether a person has to agree to each pause")
    static let section = SettingSection(
        [LeaseAPIKeys.url, AuthenticationReader.key, runtime, apps, allowUnsynced, usageReset, pause, features, pauseApproval]
            + NetworkReader.tlsKeys)
}

enum EntitledAppKeys {
    static let tenantID = SettingKey("tenant_id", .text(), "Its tenant there, which the control plane does not give back")
    static let noTenant = SettingKey("no_tenant", .flag, fallback: "false", "It has none there")
    static let section = SettingSection([tenantID, noTenant])
}

/// `guard`.
enum GuardKeys {
    private static let usual = ActionLimits()
    private static let time = TimeSpan.zero...TimeSpan.hours(24)
    static let protected = SettingKey("protected", .list(.text()), "Apps that nothing is ever done to")
    static let cooldown = SettingKey(
        "cooldown", .span(time), fallback: "\(usual.cooldown)", "After an action on an app, until the next one on it")
    static let perAppHour = SettingKey(
        "per_app_hour", .whole(0...1_000), fallback: "\(usual.perAppHour)", "Most actions on one app in an hour")
    static let totalHour = SettingKey("total_hour", .whole(0...1_000), fallback: "\(usual.totalHour)", "Most actions in an hour in all")
    static let blastRadius = SettingKey(
        "blast_radius", .percent(0...100), fallback: "\(Amounts.number(usual.blastPercent))%", "Most of the active apps under action at once; one is always allowed")
    static let storm = SettingKey(
        "storm", .pace, fallback: "\(usual.stormIncidents) in \(usual.stormWindow)", "So many new incidents in so long are a storm: then nothing is done")
    static let floor = SettingKey("floor", .section(FloorKeys.section), "A throttle never asks for less")
    static let maxLease = SettingKey(
        "max_lease", .span(.seconds(1)...TimeSpan.hours(24)), fallback: "\(usual.maxLease)", "Longest time for which an action holds, extended or not")
    static let quietAfterRestart = SettingKey(
        "quiet_after_restart", .span(time), fallback: "\(usual.quietAfterRestart)", "After a restart of the runtime nobody is acted upon for so long")
    static let quietAfterFault = SettingKey(
        "quiet_after_fault", .span(time), fallback: "\(usual.quietAfterFault)", "After a fault of the runtime itself nobody is acted upon for so long")
    static let section = SettingSection([
        protected, cooldown, perAppHour, totalHour, blastRadius, storm, floor, maxLease, quietAfterRestart, quietAfterFault,
    ])
}

enum FloorKeys {
    private static let usual = ActionLimits().floor
    static let concurrentWorkflows = SettingKey(
        "concurrent_workflows", .whole(1...1_000_000), fallback: usual.concurrentWorkflows.map { "\($0)" }, "Workflows at once")
    static let requestsPerMinute = SettingKey(
        "requests_per_minute", .whole(1...1_000_000), fallback: usual.requestsPerMinute.map { "\($0)" }, "Starts in a minute")
    static let section = SettingSection([concurrentWorkflows, requestsPerMinute])
}

/// `approvals`.
enum ApprovalKeys {
    static let expire = SettingKey(
        "expire", .span(.minutes(1)...TimeSpan.hours(72)), fallback: "\(ActionLimits().approvalExpiry)", "How long an offer waits for an answer")
    static let slack = SettingKey("slack", .section(SlackApprovalKeys.section), "Reactions on the messages of a Slack bot")
    static let section = SettingSection([expire, slack])
}

enum SlackApprovalKeys {
    private static let usual = ApprovalSettings.Slack(channel: "", users: [])
    static let channel = SettingKey("channel", .text(), isRequired: true, "Name of a channel of `channels` that is a Slack bot's")
    static let users = SettingKey(
        "users", .list(.text(example: "U012AB3CD")), isRequired: true, "Slack's ids of those whose reaction counts; nobody else's does")
    static let approve = SettingKey("approve", .text(), fallback: usual.approve, "Emoji that says yes, without colons")
    static let deny = SettingKey("deny", .text(), fallback: usual.deny, "Emoji that says no")
    static let section = SettingSection([channel, users, approve, deny])
}
