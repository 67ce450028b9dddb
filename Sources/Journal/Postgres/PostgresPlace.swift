import Model

/// Where a password comes from, asked for at each connection: a rotated one counts from the next on.
public struct StatePassword: Sendable {
    /// Safe to print: `file /etc/mozaiks-ops/secrets/ops-db`.
    public let location: String
    let read: @Sendable () throws -> String

    public init(location: String, read: @escaping @Sendable () throws -> String) {
        self.location = location
        self.read = read
    }
}

/// A schema of a PostgreSQL database, as `postgres://USER@HOST:PORT/DATABASE?schema=NAME&sslmode=…` names it.
public struct PostgresPlace: Hashable, Sendable, CustomStringConvertible {
    /// Why a text is no such place. Never shows more of it than a parameter's name.
    public struct Fault: Error, Hashable, Sendable {
        public let message: String
        public let hint: String?
    }

    /// A keyword of libpq and its value.
    struct Parameter: Hashable, Sendable {
        let name: String
        let value: String
    }

    /// The schema when the URL names none.
    public static let defaultSchema = "mozaiks_ops"

    /// What the URL says, for libpq; without the schema, which is ours.
    let parameters: [Parameter]
    public let schema: String
    /// How long a statement may take.
    let statementTimeout: TimeSpan
    /// The URL without passwords.
    public let description: String
    var password: StatePassword?
    /// Shared by all who have this place, and by all places of one name.
    var ending = PostgresEnding()

    /// Whether a text is meant to be one.
    public static func isMeant(by text: some StringProtocol) -> Bool {
        let lower = text.lowercased()
        return lower.hasPrefix("postgres://") || lower.hasPrefix("postgresql://")
    }

    public init(_ url: String) throws(Fault) {
        let bytes = Array(url.utf8)
        guard PostgresPlace.isMeant(by: url), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
            throw Fault(message: "it is no URL of PostgreSQL", hint: "such as postgres://ops@db.example/ops")
        }
        let (main, query) = PostgresPlace.cut(bytes[(colon + 3)...], at: "?")
        let (authority, database) = PostgresPlace.cut(main, at: "/")
        // A bare '/' or '?' in a password would make a host, a database or a parameter of its parts, and they would be shown.
        guard !(database ?? []).contains(UInt8(ascii: "@")), !(query ?? []).contains(UInt8(ascii: "@")) else {
            throw Fault(
                message: "there is an '@' behind its host",
                hint: "in a user's name or a password write '/' as %2F, '?' as %3F, '@' as %40; or leave the password to a file")
        }
        let at = authority.lastIndex(of: UInt8(ascii: "@"))
        let (user, password) = PostgresPlace.cut(at.map { authority[..<$0] } ?? [], at: ":")
        let hosts = at.map { authority[($0 + 1)...] } ?? authority
        var parameters: [Parameter] = []
        func add(_ name: String, _ value: some Collection<UInt8>) throws(Fault) {
            guard !value.isEmpty else { return }
            guard let decoded = PostgresPlace.decoded(value) else {
                throw Fault(message: "a percent sign in its \(name) begins no byte", hint: "write %25 for a percent sign")
            }
            parameters.append(Parameter(name: name, value: decoded))
        }
        try add("user", user)
        try add("password", password ?? [])
        try PostgresPlace.hosts(hosts, add)
        try add("dbname", database ?? [])
        let asked = try Query(query ?? [], add)
        try PostgresPlace.check(parameters)
        self.parameters = parameters
        schema = asked.schema
        statementTimeout = asked.timeout
        var shown = String(decoding: bytes[..<(colon + 3)], as: UTF8.self)
        if !user.isEmpty { shown += String(decoding: user, as: UTF8.self) + "@" }
        shown += String(decoding: hosts, as: UTF8.self)
        if let database { shown += "/" + String(decoding: database, as: UTF8.self) }
        if !asked.shown.isEmpty { shown += "?" + asked.shown.joined(separator: "&") }
        description = Shown.line(shown)
    }

    /// What stands behind the question mark: what is ours of it, and the rest given on, for libpq.
    private struct Query {
        var schema = PostgresPlace.defaultSchema
        var timeout = TimeSpan.seconds(30)
        /// What may be shown of it.
        var shown: [String] = []

        init(_ query: ArraySlice<UInt8>, _ add: (String, ArraySlice<UInt8>) throws(Fault) -> Void) throws(Fault) {
            for part in query.split(separator: UInt8(ascii: "&")) {
                let (name, value) = PostgresPlace.cut(part, at: "=")
                let word = String(decoding: name, as: UTF8.self)
                guard let value else { throw Fault(message: "its parameter '\(Shown.id(word))' has no value", hint: "\(Shown.id(word))=…") }
                switch word {
                case "schema":
                    schema = String(decoding: value, as: UTF8.self)
                    guard PostgresPlace.isSchema(schema) else {
                        throw Fault(
                            message: "its schema is no name of one",
                            hint: "small letters, digits and '_', a letter first, at most 63; not beginning with pg_")
                    }
                case "statement_timeout":
                    guard let span = TimeSpan(String(decoding: value, as: UTF8.self)), span >= .seconds(1), span <= .hours(1) else {
                        throw Fault(message: "its statement_timeout is no length of time between 1s and 1h", hint: "such as 30s")
                    }
                    timeout = span
                default:
                    guard PostgresPlace.known.contains(word) else {
                        throw Fault(message: "its parameter '\(Shown.id(word))' is not known", hint: "docs/postgresql.md lists them")
                    }
                    try add(word, value)
                }
                if !PostgresPlace.secrets.contains(word) { shown.append(String(decoding: part, as: UTF8.self)) }
            }
        }
    }

    /// As SQL names it: what is a word of SQL is a name too.
    var quotedSchema: String { "\"\(schema)\"" }

    /// What the engine of the schema holds for as long as it is the engine, and what whoever writes holds while it does.
    var engineKey: Int64 { Checksum.of("mozaiks-ops engine " + schema) }
    var writerKey: Int64 { Checksum.of("mozaiks-ops writer " + schema) }

    public static func == (left: PostgresPlace, right: PostgresPlace) -> Bool {
        left.parameters == right.parameters && left.schema == right.schema
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(parameters)
        hasher.combine(schema)
    }

    /// What libpq knows and may stand in the URL. Not `application_name` and `options`: those are ours.
    private static let known: Set = [
        "host", "hostaddr", "port", "dbname", "user", "password", "passfile", "require_auth", "channel_binding", "connect_timeout",
        "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "sslmode", "sslcompression",
        "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslcrldir", "sslsni", "ssl_min_protocol_version",
        "ssl_max_protocol_version", "sslnegotiation", "gssencmode", "krbsrvname", "target_session_attrs", "load_balance_hosts", "service",
        "requirepeer",
    ]
    private static let secrets: Set = ["password", "sslpassword"]

    static func isSchema(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (1...63).contains(bytes.count), !name.hasPrefix("pg_"), !["public", "information_schema"].contains(name) else { return false }
        return bytes.enumerated().allSatisfy { place, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): place > 0
            default: false
            }
        }
    }

    /// One host or several, each with a port of its own: libpq takes both as lists.
    private static func hosts(_ text: ArraySlice<UInt8>, _ add: (String, [UInt8]) throws(Fault) -> Void) throws(Fault) {
        var (names, ports): ([[UInt8]], [[UInt8]]) = ([], [])
        for host in text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            if host.first == UInt8(ascii: "[") {
                guard let end = host.firstIndex(of: UInt8(ascii: "]")), [nil, UInt8(ascii: ":")].contains(host[(end + 1)...].first) else {
                    throw Fault(
                        message: "its address in brackets does not end with ']', or with ']:' and a port", hint: "such as [::1]:5432")
                }
                names.append(Array(host[(host.startIndex + 1)..<end]))
                ports.append(Array(host[(end + 1)...].drop { $0 == UInt8(ascii: ":") }))
            } else {
                let (name, port) = cut(host, at: ":")
                names.append(Array(name))
                ports.append(Array(port ?? []))
            }
            guard ports[ports.count - 1].allSatisfy({ (48...57).contains($0) }) else {
                throw Fault(message: "its port is no number", hint: "such as postgres://ops@db.example:5432/ops")
            }
        }
        if names.contains(where: { !$0.isEmpty }) { try add("host", Array(names.joined(separator: [UInt8(ascii: ",")]))) }
        if ports.contains(where: { !$0.isEmpty }) { try add("port", Array(ports.joined(separator: [UInt8(ascii: ",")]))) }
    }

    /// What stands before the first such letter, and behind it; nil where there is none.
    private static func cut(_ text: ArraySlice<UInt8>, at mark: Unicode.Scalar) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?) {
        guard let place = text.firstIndex(of: UInt8(ascii: mark)) else { return (text, nil) }
        return (text[..<place], text[(place + 1)...])
    }

    private static func decoded(_ text: some Collection<UInt8>) -> String? {
        let bytes = Array(text)
        guard bytes.contains(UInt8(ascii: "%")) else { return String(validating: bytes, as: UTF8.self) }
        return PercentEncoding.unescapeStrictly(bytes).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
