import Model

extension PostgresPlace {
    /// What libpq would refuse only once somebody connects, at night perhaps. It parses a URL without looking at most values, and
    /// is not there on every machine that checks a configuration.
    static func check(_ parameters: [Parameter]) throws(Fault) {
        // Of two with one name libpq takes the last.
        var values: [String: String] = [:]
        for parameter in parameters {
            guard !parameter.value.utf8.contains(0) else {
                throw Fault(message: "there is a zero byte in its \(parameter.name)", hint: "libpq would read no further")
            }
            values[parameter.name] = parameter.value
        }
        for parameter in parameters {
            guard let (isRight, hint) = rule(parameter.name) else { continue }
            guard isRight(parameter.value) else { throw Fault(message: "its \(parameter.name) is none that libpq takes", hint: hint) }
        }
        // Without a host in the URL they come from where libpq looks by itself.
        if let port = values["port"], let hosts = (values["hostaddr"] ?? values["host"]).map({ items($0).count }) {
            let ports = items(port)
            guard ports.count == 1 || ports.count == hosts else {
                throw Fault(message: "it has \(ports.count) ports for \(hosts) hosts", hint: "one for all, or one for each")
            }
        }
        if let least = values["ssl_min_protocol_version"].flatMap(version), let most = values["ssl_max_protocol_version"].flatMap(version),
            least > most
        {
            throw Fault(message: "its ssl_min_protocol_version is above its ssl_max_protocol_version", hint: nil)
        }
    }

    /// Files of TLS that the URL names, with what each is. Where one is missing libpq may go on without it and say nothing.
    var files: [(what: String, path: String, holds: String)] {
        parameters.compactMap { parameter in
            switch parameter.name {
            // 'system' stands for the system's own, 'ENGINE:NAME' for a key in a device.
            case "sslrootcert" where parameter.value != "system": ("the authorities", parameter.value, "CERTIFICATE-----")
            case "sslcert": ("the certificate", parameter.value, "CERTIFICATE-----")
            case "sslkey" where !parameter.value.utf8.contains(UInt8(ascii: ":")): ("the key", parameter.value, "PRIVATE KEY-----")
            case "sslcrl": ("the revoked certificates", parameter.value, "X509 CRL-----")
            default: nil
            }
        }
    }

    private static let versions = ["tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"]
    private static func version(_ text: String) -> Int? { versions.firstIndex(of: text.lowercased()) }

    /// Lists of libpq count what is empty between commas: it stands for the usual.
    private static func items(_ text: String) -> [Substring] { text.split(separator: ",", omittingEmptySubsequences: false) }

    private static let choices = [
        "sslmode": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        "channel_binding": ["disable", "prefer", "require"], "gssencmode": ["disable", "prefer", "require"],
        "sslnegotiation": ["postgres", "direct"], "load_balance_hosts": ["disable", "random"],
        "target_session_attrs": ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"],
        "sslsni": ["0", "1"], "sslcompression": ["0", "1"],
    ]
    private static let numbers: Set = [
        "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
    ]
    private static let ways = ["password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"]

    /// What a value must be, and how that is said; nil where any will do.
    private static func rule(_ name: String) -> (isRight: (String) -> Bool, hint: String)? {
        if let words = choices[name] { return ({ words.contains($0) }, words.joined(separator: ", ")) }
        if numbers.contains(name) { return ({ Int32($0) != nil }, "a whole number, without a unit") }
        switch name {
        case "port": return ({ items($0).allSatisfy { $0.isEmpty || (UInt16($0) ?? 0) > 0 } }, "a number from 1 to 65535")
        case "ssl_min_protocol_version", "ssl_max_protocol_version": return ({ version($0) != nil }, "TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3")
        case "require_auth":
            return (
                { items($0).allSatisfy { ways.contains(String($0.first == "!" ? $0.dropFirst() : $0)) } },
                ways.joined(separator: ", ") + ", with '!' before those that are not wanted"
            )
        case "host":
            // Paths of sockets may hold blanks.
            return (
                {
                    items($0).allSatisfy { host in
                        host.first == "/" || host.first == "@" || host.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
                    }
                },
                "a name, an address or, with '/' as %2F, the folder of a socket"
            )
        default: return nil
        }
    }
}
