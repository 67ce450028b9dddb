import Model
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
        "state", .path, fallback: "/var/lib/mozaiks-ops, or ~/.local/state/mozaiks-ops for others than root",
        "Folder of journal, lock and kill switch")
    static let policies = SettingKey("policies", .path, fallback: "the built-in policy", "Folder of policy files")
    static let playbooks = SettingKey("playbooks", .path, fallback: "the built-in playbooks", "Folder of your own playbooks")
    static let runtimes = SettingKey("runtimes", .named(SettingKind.name, .section(RuntimeKeys.section)), "The runtimes to watch, by name")
    static let polling = SettingKey("polling", .section(PollingKeys.section), "What polling may cost a runtime")
    static let network = SettingKey("network", .section(NetworkKeys.section), "Proxy and TLS of everything that says nothing else")
    static let actions = SettingKey("actions", .section(ActionKeys.section), "Where actions land; without any of these nothing is ever done")
    static let guarding = SettingKey("guard", .section(GuardKeys.section), "Limits that every action is held to")
    static let channels = SettingKey("channels", .named(SettingKind.name, .section(ChannelKeys.section)), "Ways to tell people, by name")
    static let routes = SettingKey(
        "routes", .list(.section(RouteKeys.section)), fallback: "every incident to every channel", "Which incidents go to which channels")
    static let timezone = SettingKey(
        "timezone", .text(example: "Europe/Vienna"), fallback: "UTC", "Zone of hours in routes and of times in messages; a name of the zone database")
    static let maintenance = SettingKey(
        "maintenance", .list(.section(MaintenanceKeys.section)), "Recurring windows in which incidents are recorded and nobody is told")
    static let reminders = SettingKey(
        "reminders", .word("off", or: .section(ReminderKeys.section)), "After how long an open incident is told again, by severity")
    static let grouping = SettingKey("grouping", .section(GroupingKeys.section), "When several incidents become one message")
    static let pageBudget = SettingKey(
        "page_budget", .word("off", or: .section(PageBudgetKeys.section)), "How often people may be woken in a night")
    static let approvals = SettingKey("approvals", .section(ApprovalKeys.section), "How people answer what is offered, besides the command line")
    static let history = SettingKey("history", .section(HistoryKeys.section), "What is remembered of the runtimes")
    static let server = SettingKey("server", .section(ServerKeys.section), fallback: "nothing listens", "The page, the API and `/metrics`")
    static let metrics = SettingKey("metrics", .section(MetricsKeys.section), "What `/metrics` tells of single apps")
    static let heartbeat = SettingKey(
        "heartbeat", .section(HeartbeatKeys.section), "A dead man's switch elsewhere that notices when this monitor is gone")
    static let advisor = SettingKey("advisor", .section(AdvisorKeys.section), fallback: "off", "A language model that explains incidents and can never act")
    static let prices = SettingKey("prices", .named("MODEL", .section(PriceKeys.section)), "What models cost, for the figures in USD")

    static let section = SettingSection([
        schema, environment, mode, interval, state, policies, playbooks, runtimes, polling, network, history, actions, guarding, approvals,
        channels, routes, timezone, maintenance, reminders, grouping, pageBudget, server, metrics, heartbeat, advisor, prices,
    ])
}

enum RuntimeKeys {
    static let replicas = SettingKey(
        "replicas", .list(.url), isRequired: true, "Base URLs of its processes, such as `http://127.0.0.1:8000`")
    static let labels = SettingKey("labels", .named("LABEL", .text()), "Stand on every incident of the runtime; routes can pick by them")
    static let section = SettingSection([replicas, labels, AuthenticationReader.key] + NetworkReader.tlsKeys)
}

enum PollingKeys {
    private static let usual = PollingSettings()
    static let budget = SettingKey(
        "budget", .percent(0.01...50), fallback: "\(Amounts.number(usual.budgetPercent))%",
        "Most of a runtime's time that answering may take; dear endpoints are asked less often to stay within it")
    static let timeout = SettingKey(
        "timeout", .span(TimeSpan(milliseconds: 100)...TimeSpan.minutes(5)), fallback: "\(usual.timeout)", "How long an answer is waited for")
    static let bodyLimit = SettingKey(
        "body_limit", .bytes, fallback: "\(usual.bodyLimit >> 20) MiB", "Largest answer that is read")
    static let section = SettingSection([budget, timeout, bodyLimit])
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
        "certificate", .path, fallback: "plain HTTP", "PEM file with the server's certificate and those that vouch for it; with it page and API speak TLS, and a renewed one is shown within seconds")
    static let key = SettingKey("key", .path, "PEM file with the certificate's key, without a passphrase")
    static let trustedProxies = SettingKey(
        "trusted_proxies", .list(.text(example: "10.0.0.0/8")), fallback: "none", "Addresses or networks of proxies that have asked whoever comes who they are")
    static let trustedUserHeader = SettingKey(
        "trusted_user_header", .text(example: "X-Forwarded-User"), fallback: "none is believed", "Header in which they say it; from elsewhere it counts for nothing")
    static let trustedOperators = SettingKey(
        "trusted_operators", .list(.text(example: "maria@example.com")), fallback: "none", "Users of that header who are operators; who is in neither list is a viewer")
    static let trustedApprovers = SettingKey(
        "trusted_approvers", .list(.text(example: "maria@example.com")), fallback: "none", "Users of that header who are approvers")
    static let section = SettingSection([
        listen, readToken, publicURL, certificate, key, trustedProxies, trustedUserHeader, trustedOperators, trustedApprovers,
    ])
}

enum MetricsKeys {
    static let perApp = SettingKey("per_app", .flag, fallback: "false", "Whether `/metrics` names apps")
    static let top = SettingKey("top", .whole(1...1_000), fallback: "20", "How many of them, those with the most active runs")
    static let section = SettingSection([perApp, top])
}

enum HeartbeatKeys {
    static let url = SettingKey("url", .secret, isRequired: true, "What is pinged while the monitor works; who knows it can ping too, so it is a secret")
    static let interval = SettingKey(
        "interval", .span(.seconds(10)...TimeSpan.hours(1)), fallback: "\(HeartbeatSettings.defaultInterval)", "Between two pings of the daemon")
    static let section = SettingSection([url, interval] + NetworkReader.tlsKeys)
}

enum PriceKeys {
    static let prompt = SettingKey("prompt", .price, isRequired: true, "For a million prompt tokens")
    static let completion = SettingKey("completion", .price, isRequired: true, "For a million completion tokens")
    static let section = SettingSection([prompt, completion])
}

// MARK: - Out of the machine

enum NetworkKeys {
    static let proxy = SettingKey(
        "proxy", .secret, fallback: "what `HTTPS_PROXY` and its like say",
        "Address of a proxy (it may stand here as it is), or `none`; with a login it is a secret")
    static let noProxy = SettingKey(
        "no_proxy", .list(.text(example: ".corp.example")), fallback: "what `NO_PROXY` says", "Hosts that are reached without it")
    static let section = SettingSection([proxy, noProxy] + NetworkReader.tlsKeys)
}

extension NetworkReader {
    static let caFile = SettingKey("ca_file", .path, fallback: "the system's store", "Certificates that are trusted instead of the system's")
    static let certificateFile = SettingKey("client_certificate_file", .path, "Certificate that the monitor shows (mTLS)")
    static let keyFile = SettingKey("client_key_file", .path, "Its key")
    /// Beside any URL.
    static let tlsKeys = [caFile, certificateFile, keyFile]
}

extension AuthenticationReader {
    /// Beside any URL that may ask for a login.
    static let key = SettingKey("auth", .section(AuthenticationKeys.section), "How the monitor logs in; one of these")
}

enum AuthenticationKeys {
    static let bearer = SettingKey("bearer", .secret, "A fixed token")
    static let basic = SettingKey("basic", .section(BasicKeys.section), "User and password")
    static let oauth2 = SettingKey("oauth2", .section(OAuth2Keys.section), "Client credentials of an identity provider, such as Keycloak")
    static let section = SettingSection([bearer, basic, oauth2])
}

enum BasicKeys {
    static let user = SettingKey("user", .text(), isRequired: true, "Name, without a colon")
    static let password = SettingKey("password", .secret, isRequired: true, "Password")
    static let section = SettingSection([user, password])
}

enum OAuth2Keys {
    static let issuer = SettingKey("issuer", .url, "Whose discovery document names the token endpoint; this or `token_url`")
    static let tokenURL = SettingKey("token_url", .url, "The token endpoint itself")
    static let clientID = SettingKey("client_id", .text(), isRequired: true, "The monitor's client")
    static let clientSecret = SettingKey("client_secret", .secret, isRequired: true, "Its secret")
    static let audience = SettingKey("audience", .text(), "For whom the token is asked")
    static let scope = SettingKey("scope", .text(), "Scopes, separated by blanks")
    static let section = SettingSection([issuer, tokenURL, clientID, clientSecret, audience, scope], isOneOf: [issuer, tokenURL])
}

enum AdvisorKeys {
    static let provider = SettingKey("provider", .choice(of: AdviceProvider.self), isRequired: true, "Who runs the model")
    static let baseURL = SettingKey("base_url", .url, fallback: "the provider's own", "Where it answers; azure, vllm and llamacpp need it")
    static let model = SettingKey("model", .text(), isRequired: true, "The model; on Azure the deployment")
    static let apiKey = SettingKey("api_key", .secret, "What it is asked with, where one is needed")
    static let apiVersion = SettingKey("api_version", .text(example: "2024-10-21"), fallback: "the provider's usual", "Version of its API")
    static let timeout = SettingKey("timeout", .span(.seconds(1)...TimeSpan.minutes(10)), fallback: "30s", "How long an answer is waited for")
    static let maxTokens = SettingKey("max_tokens", .whole(100...32_000), fallback: "800", "Most tokens of an answer")
    static let minSeverity = SettingKey(
        "min_severity", .choice(of: Severity.self), fallback: "warning", "Incidents below it are not asked about")
    static let budget = SettingKey("budget", .section(BudgetKeys.section), "What it may spend")
    static let price = SettingKey("price", .section(PriceKeys.section), fallback: "that of the model under `prices`", "What its tokens cost")
    static let section = SettingSection(
        [provider, baseURL, model, apiKey, apiVersion, timeout, maxTokens, minSeverity, budget, price] + NetworkReader.tlsKeys)
}

enum BudgetKeys {
    private static let tokens = 1...1_000_000_000
    static let tokensPerHour = SettingKey(
        "tokens_per_hour", .whole(tokens), fallback: AdviceBudget.standard.tokensPerHour.map { "\($0)" }, "Most tokens in an hour")
    static let tokensPerDay = SettingKey(
        "tokens_per_day", .whole(tokens), fallback: AdviceBudget.standard.tokensPerDay.map { "\($0)" }, "Most tokens in a day")
    static let usdPerHour = SettingKey("usd_per_hour", .dollars, "Most USD in an hour; needs a price")
    static let usdPerDay = SettingKey("usd_per_day", .dollars, "Most USD in a day; needs a price")
    static let section = SettingSection([tokensPerHour, tokensPerDay, usdPerHour, usdPerDay])
}
