import Ambient
import Collector
import HTTP
import Model
import Settings
import YAML

/// Reads `services:`.
struct ServiceReader {
    let reader: SettingReader
    private var reporter: Reporter { reader.reporter }

    func services(_ fields: Fields) -> [ServiceSettings] {
        let beside = BesideReader(reader: reader)
        return beside.entries(fields, Keys.services, "a service").compactMap { entry, inner in
            let kind = self.kind(inner, at: entry)
            let parts = kind.map { self.parts($0, inner) }
            let timeout = reader.span(inner, ServiceKeys.timeout)
            let labels = beside.labels(inner)
            if kind == nil {
                // Nobody knows which keys belong there: each is known, and what is below them is looked at all the same.
                for key in ServiceKeys.section.keys { _ = inner.entry(key) }
                _ = http(nil, inner)
            }
            inner.finish()
            guard let parts, let check = parts.check else { return nil }
            return ServiceSettings(
                watched: WatchedRuntime(name: entry.name, kind: .service, replicas: [check.place], labels: labels), plain: check,
                authentication: parts.authentication, secretHeaders: parts.secretHeaders, timeout: timeout, shown: parts.shown,
                origin: reader.origin(entry.key))
        }
    }

    /// What a kind is made of, as far as it could be read.
    private struct Parts {
        var check: ServiceCheck?
        var authentication = Authentication.none
        var secretHeaders: [(name: String, source: SecretSource)] = []
        var shown: [(key: String, value: String)] = []
    }

    /// The one key that says what is looked at.
    private func kind(_ fields: Fields, at entry: YAMLNode.Entry) -> (key: SettingKey, node: YAMLNode)? {
        var found: (key: SettingKey, node: YAMLNode)?
        for key in ServiceKeys.kinds {
            guard let node = fields.node(key), let inner = fields.entry(key) else { continue }
            if let found {
                reporter.report(
                    "kind", "'\(key.name)' stands beside '\(found.key.name)': a service is looked at in one way", at: inner.key,
                    hint: "make two services of it")
                continue
            }
            found = (key, node)
        }
        if found == nil {
            reporter.report(
                "missing-key", "a service needs what is looked at", at: entry.key,
                hint: "one of " + ServiceKeys.kinds.map(\.name).joined(separator: ", ") + ", such as http: https://app.example.com/")
        }
        return found
    }

    private func parts(_ kind: (key: SettingKey, node: YAMLNode), _ fields: Fields) -> Parts {
        var parts = Parts()
        switch kind.key.name {
        case ServiceKeys.http.name: return http(kind.node, fields)
        case ServiceKeys.dns.name: parts.check = dns(kind.node)
        case ServiceKeys.icmp.name: parts.check = host(kind.node, kind.key).map { .icmp(host: $0) }
        case ServiceKeys.tcp.name: parts.check = place(kind.node, kind.key).map { .tcp($0) }
        case ServiceKeys.tls.name:
            let tls = self.tls(fields)
            parts.check = place(kind.node, kind.key, port: 443).map { .tls($0, tls) }
            note(tls, &parts)
        case ServiceKeys.mongodb.name:
            let (tls, role) = (encrypted(fields, &parts), reader.choice(fields, ServiceKeys.role) as ServiceCheck.MongoCheck.Role?)
            parts.check = place(kind.node, kind.key, port: 27_017).map { .mongodb($0, .init(tls: tls, role: role)) }
            if let role { parts.shown.append((ServiceKeys.role.name, role.rawValue)) }
        case ServiceKeys.postgres.name:
            var check = ServiceCheck.PostgresCheck()
            if let user = word(fields, ServiceKeys.user) { check.user = user }
            if let database = word(fields, ServiceKeys.database) { check.database = database }
            parts.check = place(kind.node, kind.key, port: 5_432).map { .postgres($0, check) }
            parts.shown += [(ServiceKeys.user.name, check.user), (ServiceKeys.database.name, check.database)]
        default:
            let tls = encrypted(fields, &parts)
            parts.check = place(kind.node, kind.key, port: 6_379).map { .redis($0, tls) }
        }
        if let check = parts.check { parts.shown.insert((kind.key.name, ServiceReader.shown(check)), at: 0) }
        return parts
    }

    /// What stands behind the kind's key.
    private static func shown(_ check: ServiceCheck) -> String {
        switch check {
        case .http(let check): check.request.shownPlace
        case .tcp(let place), .tls(let place, _), .mongodb(let place, _), .postgres(let place, _), .redis(let place, _): "\(place)"
        case .icmp(let host): host
        case .dns(let check): "\(check.type) of \(check.name)" + (check.server.map { " from \($0)" } ?? "")
        }
    }

    // MARK: Places

    private func place(_ node: YAMLNode, _ key: SettingKey, port: UInt16? = nil) -> ServicePlace? {
        guard let text = reader.text(node, "'\(key.name)'").map(SecretSource.trim) else { return nil }
        if let place = ServicePlace(text, port: port) { return place }
        let hint =
            text.contains(bytesOf: "://") ? "without what stands before the host, and without a login" : "such as db.example:\(port ?? 25)"
        // Without the line itself: it may be a URL with a password.
        reporter.adopt([
            Diagnostic(
                "value", "'\(key.name)' must be a host\(port == nil ? " and a port" : ", with a port where it is not \(port ?? 0)")",
                file: reporter.source.file, line: node.start.line, column: node.start.column, hint: hint)
        ])
        return nil
    }

    private func host(_ node: YAMLNode, _ key: SettingKey) -> String? {
        guard let text = reader.text(node, "'\(key.name)'").map(SecretSource.trim) else { return nil }
        if ServicePlace.isHost(text) { return text }
        reporter.report("value", "'\(key.name)' must be a host", at: node, hint: "a name or an address, without a port")
        return nil
    }

    private func dns(_ node: YAMLNode) -> ServiceCheck? {
        if !node.isNull, let name = node.text.map(SecretSource.trim), ServicePlace.isHost(name) {
            reporter.report(
                "type", "'dns' must be a mapping, not \(node.kind)", at: node, hint: "write 'dns: {name: \(name)}'")
            return nil
        }
        guard let fields = Fields(node, "'dns'", reporter) else { return nil }
        let name = reader.text(fields, DNSKeys.name).map(SecretSource.trim)
        let type = fields.node(DNSKeys.type).flatMap { self.oneOf(ServiceCheck.DNSCheck.types, $0, DNSKeys.type) }
        let server = fields.node(DNSKeys.server)
        let place = server.flatMap { self.place($0, DNSKeys.server, port: 53) }
        fields.finish()
        guard let name, server == nil || place != nil else { return nil }
        if let check = ServiceCheck.DNSCheck(name: name, type: type ?? "A", server: place) { return .dns(check) }
        reporter.report(
            "value", "'name' must be a name", at: fields.node(DNSKeys.name) ?? node,
            hint: "letters, digits and - between dots, such as db.example")
        return nil
    }

    /// One of these words, whatever the case of its letters.
    private func oneOf(_ words: [String], _ node: YAMLNode, _ key: SettingKey) -> String? {
        guard let text = reporter.string(node, "'\(key.name)'") else { return nil }
        if let word = words.first(where: { $0.isSame(as: text.uppercased()) }) { return word }
        reporter.report(
            "value", "'\(key.name)' cannot be '\(Shown.id(text))'", at: node,
            hint: Nearest.hint(to: text, among: words) ?? "one of: " + words.joined(separator: ", "))
        return nil
    }

    /// A name of a database or its user.
    private func word(_ fields: Fields, _ key: SettingKey) -> String? {
        guard let node = fields.node(key), let text = reader.text(node, "'\(key.name)'") else { return nil }
        guard (1...63).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            reporter.report("value", "'\(key.name)' must be a name of 1 to 63 bytes", at: node)
            return nil
        }
        return text
    }

    // MARK: TLS

    private func tls(_ fields: Fields) -> ServiceCheck.TLSCheck {
        ServiceCheck.TLSCheck(files: TLSReader(reader: reader).read(fields), verifies: reader.flag(fields, ServiceKeys.verify) ?? true)
    }

    private func note(_ tls: ServiceCheck.TLSCheck, _ parts: inout Parts) {
        if !tls.verifies { parts.shown.append((ServiceKeys.verify.name, "false")) }
    }

    /// Nil where it is asked in plain: then what belongs to TLS is reported, for it would do nothing.
    private func encrypted(_ fields: Fields, _ parts: inout Parts) -> ServiceCheck.TLSCheck? {
        let isEncrypted = reader.flag(fields, ServiceKeys.encrypted) ?? false
        let tls = self.tls(fields)
        guard !isEncrypted else {
            parts.shown.append((ServiceKeys.encrypted.name, "true"))
            note(tls, &parts)
            return tls
        }
        for key in TLSReader.keys + [ServiceKeys.verify] {
            guard let entry = fields.entry(key) else { continue }
            reporter.report(
                "value", "'\(key.name)' means nothing in plain", at: entry.key, hint: "with 'encrypted: true' it is asked by TLS")
        }
        return nil
    }

    // MARK: HTTP

    private func http(_ node: YAMLNode?, _ fields: Fields) -> Parts {
        var parts = Parts()
        let url = node.flatMap { reader.wholeURL($0, "'http'") }
        let method = fields.node(ServiceKeys.method).flatMap { oneOf(["GET", "HEAD", "POST", "PUT"], $0, ServiceKeys.method) }
        let body = fields.node(ServiceKeys.body).flatMap { reader.text($0, "'body'") }
        let tls = self.tls(fields)
        let follows = reader.flag(fields, ServiceKeys.follow) ?? false
        parts.authentication = AuthenticationReader(reader: reader).read(fields, for: url.map { [$0] } ?? [])
        let headers = self.headers(fields)
        parts.secretHeaders = secretHeaders(fields)
        let expected = ExpectationReader(reader: reader).read(fields)
        guard let url else { return parts }
        let verb = HTTPMethod(rawValue: method ?? "GET") ?? .get
        let hasBody = verb == .post || verb == .put
        if body != nil, !hasBody, let entry = fields.entry(ServiceKeys.body) {
            reporter.report("value", "'body' is sent with POST and PUT only", at: entry.key, hint: "method: POST")
        }
        if verb == .head, expected.readsBody, let entry = fields.entry(ServiceKeys.method) {
            reporter.report("value", "the answer to a HEAD has no body", at: entry.key, hint: "method: GET")
        }
        if follows, hasBody, let entry = fields.entry(ServiceKeys.follow) {
            reporter.report(
                "value", "redirects of a \(verb.rawValue) are not followed", at: entry.key, hint: "name the address that answers")
        }
        if !tls.verifies, parts.authentication != .none || !parts.secretHeaders.isEmpty, let entry = fields.entry(ServiceKeys.verify) {
            reporter.report(
                "secret", "a secret would be sent to a server whose certificate nobody looks at", at: entry.key,
                hint: "name who signed it as 'ca_file' instead")
        }
        var request = HTTPRequest(verb, url, headers: headers, body: Array((body ?? "").utf8))
        (request.tls, request.verifiesPeer) = (tls.files, tls.verifies)
        parts.shown.append((ServiceKeys.http.name, request.shownPlace))
        if let method { parts.shown.append((ServiceKeys.method.name, method)) }
        for header in headers {
            parts.shown.append(("headers.\(header.name)", "\(header)".replacing(bytesOf: "\(header.name): ", with: "")))
        }
        if follows { parts.shown.append((ServiceKeys.follow.name, "true")) }
        note(tls, &parts)
        parts.shown += expected.shown.map { ("\(ServiceKeys.expect.name).\($0.key)", $0.value) }
        parts.check = .http(HTTPCheck(request, followsRedirects: follows, expected: expected))
        return parts
    }

    private func headers(_ fields: Fields) -> [HTTPField] {
        guard let section = fields.section(ServiceKeys.headers) else { return [] }
        return section.all().compactMap { entry in
            guard let value = reader.text(entry.value, "a header"), isHeader(entry, value) else { return nil }
            if ["authorization", "cookie", "proxy-authorization"].contains(entry.name.lowercased()) {
                reporter.report(
                    "secret", "'\(entry.name)' must not stand in the file", at: entry.key.start,
                    hint: "'auth:' logs in, and 'secret_headers:' are read from files and variables")
                return nil
            }
            return HTTPField(entry.name, value)
        }
    }

    private func secretHeaders(_ fields: Fields) -> [(name: String, source: SecretSource)] {
        guard let section = fields.section(ServiceKeys.secretHeaders) else { return [] }
        return section.all().compactMap { entry in
            guard isHeader(entry, ""), let inner = Fields(entry.value, "a secret header", reporter, place: entry.key.start) else {
                return nil
            }
            let source = reader.secret(inner, SecretHeaderKeys.value)
            inner.finish()
            return source.map { (entry.name, $0) }
        }
    }

    private func isHeader(_ entry: YAMLNode.Entry, _ value: String) -> Bool {
        if HTTPField(entry.name, value).isSendable { return true }
        reporter.report(
            "value", "'\(Shown.id(entry.name))' cannot be sent as a header", at: entry.key,
            hint: "a name of letters, digits and -, and one line")
        return false
    }
}
