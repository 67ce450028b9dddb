import Advisor
import Collector
import Model
import Notify
import Settings
import Telling

/// The keys of `mozaiks-ops.yaml` itself.
enum Keys {
    static let schema = SettingKey("schema", .choice([ConfigurationReader.schema]), isRequired: true, "Version of the file's form")
    static let environment = SettingKey(
        "environment", .text(), fallback: "production", "Name that stands on every message; channels that page do so in production only")
    static let mode = SettingKey(
        "mode", .choice(of: Mode.self), fallback: "observe",
        "What happens to actions: only noted, offered to people, or taken. The stricter of this and the policy's holds")
    static let interval = SettingKey(
        "interval", .span(.seconds(1)...TimeSpan.hours(1)), fallback: "10s", "Between two polls of a runtime")
    static let state = SettingKey(
        "state", .path,
        fallback: "`$STATE_DIRECTORY` (systemd and the image set it), else /var/lib/mozaiks-ops, or ~/.local/state/mozaiks-ops for "
            + "others than root",
        "Folder of journal, lock and kill switch; or the URL of a PostgreSQL database that holds them, such as "
            + "`postgres://ops@db.example/ops?sslmode=verify-full` (postgresql.md)")
    static let statePassword = SettingKey(
        "state_password", .secret, fallback: "what libpq finds by itself: `PGPASSWORD`, `PGPASSFILE`", "Password of the database's user")
    static let policies = SettingKey("policies", .path, fallback: "the built-in policy", "Folder of policy files")
    static let playbooks = SettingKey("playbooks", .path, fallback: "the built-in playbooks", "Folder of your own playbooks")
    static let runtimes = SettingKey("runtimes", .named(SettingKind.name, .section(RuntimeKeys.section)), "The runtimes to watch, by name")
    static let shard = SettingKey(
        "shard", .text(example: "2/5"), fallback: "all of them are watched",
        "Which of several monitors with one configuration this is: it watches the runtimes and services that are its own (two-monitors.md)")
    static let hosts = SettingKey(
        "hosts", .named(SettingKind.name, .section(HostKeys.section)),
        "The machine that the monitor runs on, by the name that its incidents bear (hosts-and-services.md)")
    static let services = SettingKey(
        "services", .named(SettingKind.name, .section(ServiceKeys.section)),
        "What is looked at over the network besides, by the name that its incidents bear (hosts-and-services.md)")
    static let polling = PollingSettings.key
    static let network = NetworkSettings.key
    static let actions = SettingKey(
        "actions", .section(ActionKeys.section), "Where actions land; without any of these nothing is ever done")
    static let guarding = SettingKey("guard", .section(GuardKeys.section), "Limits that every action is held to")
    static let channels = SettingKey("channels", .named(SettingKind.name, .section(ChannelReader.section)), "Ways to tell people, by name")
    static let routes = SettingKey(
        "routes", .list(.section(RouteKeys.section)), fallback: "every incident to every channel", "Which incidents go to which channels")
    static let timezone = SettingKey(
        "timezone", .text(example: "Europe/Vienna"), fallback: "UTC",
        "Zone of hours in routes and conditions, and of times in messages; a name of the zone database")
    static let maintenance = SettingKey(
        "maintenance", .list(.section(MaintenanceKeys.section)), "Recurring windows in which incidents are recorded and nobody is told")
    static let reminders = SettingKey(
        "reminders", .word("off", or: .section(ReminderKeys.section)), "After how long an open incident is told again, by severity")
    static let grouping = SettingKey("grouping", .section(GroupingKeys.section), "When several incidents become one message")
    static let pageBudget = SettingKey(
        "page_budget", .word("off", or: .section(PageBudgetKeys.section)), "How often people may be woken in a night")
    static let approvals = SettingKey(
        "approvals", .section(ApprovalKeys.section), "How people answer what is offered, besides the command line")
    static let history = SettingKey("history", .section(HistoryKeys.section), "What is remembered of the runtimes")
    static let server = SettingKey("server", .section(ServerKeys.section), fallback: "nothing listens", "The page, the API and `/metrics`")
    static let metrics = SettingKey("metrics", .section(MetricsKeys.section), "What `/metrics` tells of single apps")
    static let heartbeat = HeartbeatSettings.key
    static let advisor = AdvisorSettings.key
    static let prices = SettingKey("prices", .named("MODEL", .section(PriceKeys.section)), "What models cost, for the figures in USD")

    static let section = SettingSection([
        schema, environment, mode, interval, state, statePassword, policies, playbooks, shard, runtimes, hosts, services, polling, network,
        history,
        actions,
        guarding, approvals,
        channels, routes, timezone, maintenance, reminders, grouping, pageBudget, server, metrics, heartbeat, advisor, prices,
    ])
}

enum RuntimeKeys {
    static let replicas = SettingKey(
        "replicas", .list(.url), "Base URLs of its processes, such as `http://127.0.0.1:8000`; this, or one of those that find them")
    static let labels = SettingKey(
        "labels", .named("LABEL", .text()), "Stand on every incident of the runtime; routes can pick by them, conditions ask for them")
    static let metrics = SettingKey(
        "metrics", .text(example: "/metrics"), fallback: "no page of metrics is read",
        "Page of Prometheus metrics that conditions read with `metric(…)`: a path on each replica, or a URL of its own, "
            + "which gets no login")
    static let section = SettingSection(
        [replicas, metrics, labels, AuthenticationReader.key] + TLSReader.keys + FindingKeys.all, isOneOf: [replicas] + FindingKeys.all)
}

enum HistoryKeys {
    static let retain = SettingKey(
        "retain", .span(.hours(1)...TimeSpan.hours(24 * 3_650)), fallback: "30d",
        "How long readings are kept: as far back `replay` can ask what a policy would have done")
    static let section = SettingSection([retain])
}

enum ServerKeys {
    static let listen = SettingKey(
        "listen", .address, isRequired: true, "Address and port of page, API and `/metrics`, such as `127.0.0.1:9465`")
    static let readToken = SettingKey(
        "read_token", .secret, fallback: "only this machine may read", "What whoever reads from elsewhere shows")
    static let publicURL = SettingKey(
        "public_url", .url, "Where people reach the page; messages then link to their incident")
    static let certificate = SettingKey(
        "certificate", .path, fallback: "plain HTTP",
        "PEM file with the server's certificate and those that vouch for it; with it page and API speak TLS, and a renewed one is shown within seconds"
    )
    static let key = SettingKey("key", .path, "PEM file with the certificate's key, without a passphrase")
    static let trustedProxies = SettingKey(
        "trusted_proxies", .list(.text(example: "10.0.0.0/8")), fallback: "none",
        "Addresses or networks of proxies that have asked whoever comes who they are")
    static let trustedUserHeader = SettingKey(
        "trusted_user_header", .text(example: "X-Forwarded-User"), fallback: "none is believed",
        "Header in which they say it; from elsewhere it counts for nothing")
    static let trustedSecret = SettingKey(
        "trusted_secret", .secret, fallback: "their address is enough",
        "What they show in the header X-Mozaiks-Proxy-Secret, so that nobody else at their address is believed")
    static let trustedOperators = SettingKey(
        "trusted_operators", .list(.text(example: "maria@example.com")), fallback: "none",
        "Users of that header who are operators; who is in neither list is a viewer")
    static let trustedApprovers = SettingKey(
        "trusted_approvers", .list(.text(example: "maria@example.com")), fallback: "none", "Users of that header who are approvers")
    static let section = SettingSection([
        listen, readToken, publicURL, certificate, key, trustedProxies, trustedUserHeader, trustedSecret, trustedOperators,
        trustedApprovers,
    ])
}

enum MetricsKeys {
    static let perApp = SettingKey("per_app", .flag, fallback: "false", "Whether `/metrics` names apps")
    static let top = SettingKey("top", .whole(1...1_000), fallback: "20", "How many of them, those with the most active runs")
    static let section = SettingSection([perApp, top])
}
