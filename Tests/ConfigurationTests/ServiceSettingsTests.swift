import Ambient
import Collector
import HTTP
import Model
import Settings
import TestKit
import Testing
import YAML

@testable import Configuration

/// `services:` as operators write it.
@Suite struct ServiceSettingsTests {
    private func read(_ text: String, _ environment: [String: String] = [:]) -> Result<Configuration, ConfigurationErrors> {
        let lines = "schema: mozaiks.ops/config/v1\nruntimes: {shared: {replicas: ['http://127.0.0.1:8000']}}\nservices:\n  \(text)\n"
        return Result { () throws(ConfigurationErrors) in
            try ConfigurationLoader(ConfigurationFlags(), in: Environment(environment), isRoot: true).read(
                ("/etc/c.yaml", Array(lines.utf8)))
        }
    }

    private func service(_ text: String, _ environment: [String: String] = [:]) throws -> ServiceSettings {
        try #require(try read(text, environment).get().services.first)
    }

    static let kinds: [(String, String)] = [
        ("a: {http: 'https://app.example.com/health?deep=1'}", "https://app.example.com/health?deep=***"),
        ("a: {tcp: 'mail.example:25'}", "tcp://mail.example:25"), ("a: {tls: ldap.example}", "tls://ldap.example:443"),
        ("a: {tls: 'ldap.example:636', verify: false}", "tls://ldap.example:636"), ("a: {icmp: gateway}", "icmp://gateway"),
        ("a: {icmp: 'fd00::1'}", "icmp://fd00::1"), ("a: {mongodb: db.example}", "mongodb://db.example:27017"),
        ("a: {mongodb: 'db.example:27018', encrypted: true, role: primary, ca_file: ca.pem}", "mongodb://db.example:27018"),
        ("a: {postgres: db.example, user: probe, database: app}", "postgres://db.example:5432"),
        ("a: {redis: '[fd00::1]:6380'}", "redis://[fd00::1]:6380"), ("a: {dns: {name: db.example}}", "dns:///db.example?type=A"),
        ("a: {dns: {name: _db._tcp.example, type: srv, server: 10.0.0.53}}", "dns://10.0.0.53:53/_db._tcp.example?type=SRV"),
    ]

    @Test("each kind is read, and is what it is called", arguments: kinds)
    func kind(_ text: String, _ place: String) throws {
        let service = try service(text)
        #expect(service.watched == WatchedRuntime(name: "a", kind: .service, replicas: [place]))
        #expect(service.timeout == nil && service.secrets.isEmpty)
    }

    @Test func `what is asked by HTTP, and what is expected of it`() throws {
        let service = try service(
            """
            a:
                http: https://app.example.com/health/
                method: post
                body: '{}'
                headers: {Accept: application/json, X-Empty: ''}
                secret_headers: {X-Api-Key: {value_env: KEY}}
                auth: {bearer_file: token}
                ca_file: ca.pem
                timeout: 2s
                labels: {tier: web}
                expect:
                  status: [200, 3XX]
                  body: [ok, fine]
                  not_body: error
                  json: {status: ok, 'a\\.b.0': 2, up: true, gone: null, text: '2'}
                  header: {X-Version: 7}
            """)
        guard case .http(let check) = service.plain else {
            Issue.record("not by HTTP")
            return
        }
        #expect(check.request.method == .post && check.request.url == "https://app.example.com/health/")
        #expect(check.request.body == Array("{}".utf8) && check.request.tls.caFile == "/etc/ca.pem" && check.request.verifiesPeer)
        #expect(!check.followsRedirects && service.timeout == .seconds(2) && service.watched.labels == ["tier": "web"])
        #expect(check.expected.statuses == [.exactly(200), .all(3)] && check.expected.body == ["ok", "fine"])
        #expect(check.expected.notBody == ["error"] && check.expected.headers.first?.value == "7")
        let values: [(String, JSON)] = [("status", "ok"), (#"a\.b.0"#, 2), ("up", true), ("gone", nil), ("text", "2")]
        #expect(check.expected.json == values.compactMap { HTTPExpectation.Member(path: $0.0, value: $0.1) })
        #expect(service.secrets.map(\.what) == ["the bearer token of service a", "the header X-Api-Key of service a"])
        let shown = service.entries.map { "\($0.key): \($0.value)" }
        #expect(
            shown == [
                "services.a.http: https://app.example.com/health/", "services.a.method: POST",
                "services.a.headers.Accept: application/json",
                "services.a.headers.X-Empty: ", "services.a.expect.status: [200, 3xx]", "services.a.expect.body: [ok, fine]",
                "services.a.expect.not_body: error", #"services.a.expect.json.status: "ok""#, "services.a.expect.json.a.b.0: 2",
                "services.a.expect.json.up: true", "services.a.expect.json.gone: null", #"services.a.expect.json.text: "2""#,
                "services.a.expect.header.X-Version: 7", "services.a.auth: bearer token from file /etc/token",
                "services.a.secret_headers.X-Api-Key: from environment variable KEY", "services.a.timeout: 2s",
                "services.a.labels.tier: web",
                "services.a.ca_file: /etc/ca.pem",
            ])
    }

    @Test func `its secrets are read when it is looked at, from where it was said`() throws {
        let service = try service(
            "a: {http: 'https://h', secret_headers: {X-Key: {value_env: KEY}}, auth: {basic: {user: u, password_env: PASS}}}")
        let client = try HTTPClient()
        let means = Means(client: client, environment: Environment(["KEY": "s3cret"]))
        guard case .http(let check) = service.check(means), let header = check.secrets.first else {
            Issue.record("no header")
            return
        }
        #expect(try header.secret() == Secret("s3cret") && header.name == "X-Key" && check.authenticator != nil)
    }

    static let faults: [(String, String)] = [
        ("a: {}", "a service needs what is looked at"), ("a: {htpp: 'https://h'}", "a service has no key 'htpp'"),
        ("a: {http: 'https://h', tcp: 'h:1'}", "'tcp' stands beside 'http': a service is looked at in one way"),
        ("a: {http: 'h'}", "'http': this is not an http or https URL"),
        ("a: {http: 'https://u:p@h/'}", "'http': credentials do not stand in a URL"),
        ("a: {tcp: h}", "'tcp' must be a host and a port"), ("a: {mongodb: 'mongodb://u:p@h'}", "'mongodb' must be a host"),
        ("a: {redis: 'h:0'}", "'redis' must be a host"), ("a: {icmp: 'h:80'}", "'icmp' must be a host"),
        ("a: {dns: {name: 'a b'}}", "'name' must be a name"), ("a: {dns: {name: a, type: ANY}}", "'type' cannot be 'ANY'"),
        ("a: {dns: {}}", "'dns' needs 'name'"), ("a: {dns: db.example}", "hint: write 'dns: {name: db.example}'"),
        ("a: {http: 'https://h', role: primary}", "a service has no key 'role'"),
        ("a: {tcp: 'h:1', expect: {status: 200}}", "a service has no key 'expect'"),
        ("a: {http: 'https://h', expect: {status: 2x}}", "'2x' is no status"),
        ("a: {http: 'https://h', expect: {json: {'a..b': 1}}}", "'a..b' is no path"),
        ("a: {http: 'https://h', expect: {body: ''}}", "'body' is empty"),
        ("a: {http: 'https://h', method: TRACE}", "'method' cannot be 'TRACE'"),
        ("a: {http: 'https://h', body: x}", "'body' is sent with POST and PUT only"),
        ("a: {http: 'https://h', method: POST, follow: true}", "redirects of a POST are not followed"),
        ("a: {http: 'https://h', method: HEAD, expect: {json: {a: 1}}}", "the answer to a HEAD has no body"),
        ("a: {http: 'https://h', headers: {'X Y': 1}}", "'X Y' cannot be sent as a header"),
        ("a: {http: 'https://h', headers: {Authorization: Basic abc}}", "'Authorization' must not stand in the file"),
        ("a: {http: 'https://h', secret_headers: {X: {value: abc}}}", "'value' must not stand in the file"),
        (
            "a: {http: 'https://h', verify: false, auth: {bearer_env: T}}",
            "a secret would be sent to a server whose certificate nobody looks at"
        ),
        ("a: {redis: h, ca_file: ca.pem}", "'ca_file' means nothing in plain"),
        ("a: {mongodb: h, verify: false}", "'verify' means nothing in plain"),
        ("a: {http: 'https://h', timeout: 2m}", "'timeout' must be at most 1m"), ("'a b': {tcp: 'h:1'}", "'a b' cannot name a service"),
        ("shared: {tcp: 'h:1'}", "'shared' stands under 'runtimes' already"),
        ("a: {postgres: h, user: ''}", "'user' must be a name of 1 to 63 bytes"),
    ]

    @Test("what is wrong is said where it stands", arguments: faults)
    func fault(_ text: String, _ message: String) {
        guard case .failure(let errors) = read(text) else {
            Issue.record("read")
            return
        }
        let said = errors.diagnostics.flatMap { [$0.message, "hint: \($0.hint ?? "")"] }
        #expect(said.contains { $0.hasPrefix(message) }, "\(said)")
        #expect(!errors.diagnostics.contains { "\($0)".contains("u:p@") })
    }
}
