import Ambient
import Model
import Settings
import YAML

/// Reads `server:`.
struct ServerReader {
    let reader: SettingReader
    private var reporter: Reporter { reader.reporter }

    /// Names of headers that say something else already.
    private static let taken: Set = [
        "authorization", "cookie", "host", "origin", "content-type", "content-length", "connection", "if-none-match",
        "last-event-id", "idempotency-key", "sec-fetch-site", "sec-fetch-dest", "transfer-encoding", "user-agent", "x-mozaiks-proxy-secret",
    ]

    init(reader: SettingReader) { self.reader = reader }

    func read(_ inner: Fields, into configuration: inout Configuration) {
        let place = inner.node(ServerKeys.listen)
        configuration.server = place.flatMap { node in reader.listen(node).map { Setting($0, reader.origin(node)) } }
        configuration.readToken = reader.secret(inner, ServerKeys.readToken).map { Setting($0, reader.origin(inner)) }
        configuration.publicURL = inner.node(ServerKeys.publicURL).flatMap { node in
            reader.url(inner, ServerKeys.publicURL).map { Setting($0, reader.origin(node)) }
        }
        configuration.certificate = certificate(inner)
        if let place, configuration.server?.value.isLoopback == false, inner.node(ServerKeys.certificate) == nil {
            reporter.report(
                "listen",
                "The server can be reached from other machines without TLS: tokens can be read on their way, and '/metrics' asks for none",
                at: place, hint: "give it 'certificate' and 'key', or listen on 127.0.0.1 behind a proxy that has them", severity: .warning)
        }
        configuration.trustedProxies = proxies(inner)
        configuration.trustedSecret = reader.secret(inner, ServerKeys.trustedSecret).map { Setting($0, reader.origin(inner)) }
        if configuration.trustedSecret != nil, inner.node(ServerKeys.trustedProxies) == nil {
            reporter.report(
                "missing-key", "'trusted_secret' is shown by 'trusted_proxies', and none is named", at: inner.place,
                hint: "the addresses of the proxies, such as [127.0.0.1]")
        }
        inner.finish()
    }

    private func certificate(_ inner: Fields) -> Setting<ServerFiles>? {
        let (first, second) = (inner.node(ServerKeys.certificate), inner.node(ServerKeys.key))
        let certificate = reader.path(inner, ServerKeys.certificate)
        let key = reader.path(inner, ServerKeys.key)
        if let first, let certificate, let key { return Setting(ServerFiles(certificate: certificate, key: key), reader.origin(first)) }
        if let there = first ?? second, (first == nil) != (second == nil) {
            reporter.report(
                "missing-key", "'\(first == nil ? "key" : "certificate")' stands alone: TLS needs both files", at: there,
                hint: "certificate: /etc/mozaiks-ops/tls/fullchain.pem and key: /etc/mozaiks-ops/tls/privkey.pem")
        }
        return nil
    }

    private func proxies(_ inner: Fields) -> Setting<TrustedProxies>? {
        let (listNode, headerNode) = (inner.node(ServerKeys.trustedProxies), inner.node(ServerKeys.trustedUserHeader))
        let ranges = listNode.flatMap(ranges)
        let header = headerNode.flatMap(header)
        let operators = names(inner, ServerKeys.trustedOperators)
        let approvers = names(inner, ServerKeys.trustedApprovers)
        switch (listNode, headerNode) {
        case (let node?, nil):
            reporter.report(
                "missing-key", "'trusted_proxies' needs 'trusted_user_header'", at: node,
                hint: "the header in which they say who somebody is, such as X-Forwarded-User")
        case (nil, let node?):
            reporter.report(
                "missing-key", "'trusted_user_header' needs 'trusted_proxies': anybody can send a header", at: node,
                hint: "the addresses that it is believed from, such as [10.0.0.5]")
        case (nil, nil):
            if let node = inner.node(ServerKeys.trustedApprovers) ?? inner.node(ServerKeys.trustedOperators) {
                reporter.report(
                    "missing-key", "users are named here by 'trusted_user_header' of 'trusted_proxies' only", at: node,
                    hint: "for people with tokens: mozaiks-ops token create NAME --role approver")
            }
        case (let node?, _?):
            guard let ranges, let header else { return nil }
            return Setting(
                TrustedProxies(header: header, ranges: ranges, operators: operators, approvers: approvers), reader.origin(node))
        }
        return nil
    }

    private func ranges(_ node: YAMLNode) -> [AddressRange]? {
        guard let texts = reporter.strings(node, "'trusted_proxies'") else { return nil }
        var ranges: [AddressRange] = []
        for text in texts {
            guard let range = AddressRange(text) else {
                reporter.report(
                    "type", "'\(Shown.id(text))' is no address and no network", at: node,
                    hint: "such as 10.0.0.5, 10.0.0.0/8 or fd00::/8, with no bit set behind the network's own")
                return nil
            }
            if range.contains("192.0.2.1"), range.contains("198.51.100.1") {
                reporter.report(
                    "range", "'\(Shown.id(text))' is nearly everybody, who could then call themselves anything", at: node,
                    hint: "name the proxies' own addresses")
                return nil
            }
            ranges.append(range)
        }
        return ranges
    }

    private func header(_ node: YAMLNode) -> String? {
        guard let text = reader.text(node, "'trusted_user_header'") else { return nil }
        let isName =
            (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 95
            }
        guard isName, !ServerReader.taken.contains(text.lowercased()) else {
            reporter.report(
                "type", "'trusted_user_header' must be the name of a header that says nothing else", at: node,
                hint: "such as X-Forwarded-User or Remote-User")
            return nil
        }
        return text
    }

    private func names(_ inner: Fields, _ key: SettingKey) -> [String] {
        inner.node(key).flatMap { reporter.strings($0, "'\(key.name)'") } ?? []
    }
}
