import Collector
import Model
import Settings

/// The keys of `services`.
enum ServiceKeys {
    static let http = SettingKey("http", .url, "A URL that is asked by HTTP; it may have a path and a query")
    static let tcp = SettingKey("tcp", .text(example: "mail.example:25"), "Host and port: whether a connection can be made")
    static let tls = SettingKey(
        "tls", .text(example: "ldap.example:636"), "Host and port: whether a handshake succeeds, and how long the certificate lasts")
    static let dns = SettingKey("dns", .section(DNSKeys.section), "A name: whether it has such a record")
    static let icmp = SettingKey(
        "icmp", .text(example: "gateway.example"), "A host that is pinged, where the system lets the monitor do that")
    static let mongodb = SettingKey(
        "mongodb", .text(example: "db.example:27017"), "Host, and port where it is not 27017: what MongoDB says to `hello`; nobody logs in")
    static let postgres = SettingKey(
        "postgres", .text(example: "db.example:5432"),
        "Host, and port where it is not 5432: whether PostgreSQL asks who comes; nobody logs in")
    static let redis = SettingKey(
        "redis", .text(example: "cache.example:6379"), "Host, and port where it is not 6379: whether Redis answers `PING`; nobody logs in")
    static let kinds = [http, tcp, tls, dns, icmp, mongodb, postgres, redis]

    static let method = SettingKey("method", .choice(["GET", "HEAD", "POST", "PUT"]), fallback: "GET", "Of `http`: how it is asked")
    static let headers = SettingKey("headers", .named("HEADER", .text()), "Of `http`: sent with the question")
    static let secretHeaders = SettingKey(
        "secret_headers", .named("HEADER", .section(SecretHeaderKeys.section)), "Of `http`: sent too, and never shown")
    static let body = SettingKey("body", .text(example: "{}"), "Of `http` with `POST` or `PUT`: sent as it is")
    static let follow = SettingKey(
        "follow", .flag, fallback: "false",
        "Of `http`: whether redirects are followed, five at most; never from https to http, and what is sent goes to no other host")
    static let expect = SettingKey("expect", .section(ExpectKeys.section), "Of `http`: what the answer must be")
    static let encrypted = SettingKey("encrypted", .flag, fallback: "false", "Of `mongodb` and `redis`: whether they are asked by TLS")
    static let role = SettingKey(
        "role", .choice(of: ServiceCheck.MongoCheck.Role.self), fallback: "any that serves", "Of `mongodb`: what it must be")
    static let user = SettingKey("user", .text(), fallback: "mozaiks_ops", "Of `postgres`: who is said to come; the server may log it")
    static let database = SettingKey("database", .text(), fallback: "postgres", "Of `postgres`: where to")
    static let verify = SettingKey(
        "verify", .flag, fallback: "true",
        "Whether the certificate must be one that is trusted and of that host; where it need not be, nothing secret is sent")
    static let timeout = SettingKey(
        "timeout", .span(TimeSpan(milliseconds: 100)...TimeSpan.minutes(1)), fallback: "that of `polling`",
        "For one look, all of it together")
    static let labels = SettingKey(
        "labels", .named("LABEL", .text()), "Stand on every incident of the service; routes can pick by them, conditions ask for them")

    static let section = SettingSection(
        kinds + [
            expect, method, headers, secretHeaders, AuthenticationReader.key, body, follow, encrypted, role, user, database, verify,
            timeout,
            labels,
        ] + TLSReader.keys,
        isOneOf: kinds)
}

enum DNSKeys {
    static let name = SettingKey("name", .text(example: "db.example"), isRequired: true, "The name that is looked up")
    static let type = SettingKey("type", .choice(ServiceCheck.DNSCheck.types), fallback: "A", "The kind of record")
    static let server = SettingKey(
        "server", .text(example: "10.0.0.53"),
        fallback: "`A` and `AAAA` as programs of this machine find them, others from its name servers", "The name server that is asked")
    static let section = SettingSection([name, type, server])
}

enum SecretHeaderKeys {
    static let value = SettingKey("value", .secret, isRequired: true, "What is sent")
    static let section = SettingSection([value])
}

enum ExpectKeys {
    static let status = SettingKey(
        "status", .list(.text(example: "2xx")), fallback: "2xx", "Statuses that are well: `204`, or `2xx` for all of them")
    static let body = SettingKey("body", .list(.text()), "Texts that must stand in the body, each of them")
    static let notBody = SettingKey("not_body", .list(.text()), "Texts of which none may")
    static let json = SettingKey(
        "json", .named("PATH", .text(example: "ok")),
        "Values of the answer's JSON: `data.items.0.state: ready`; a dot that belongs to a key has `\\` before it")
    static let header = SettingKey("header", .named("HEADER", .text()), "Headers of the answer, with their values")
    static let section = SettingSection([status, body, notBody, json, header])
}
