import Actions
import Ambient
import Foundation
import Model
import Notify
import TestKit
import Testing
@testable import Configuration

/// Ways out, and who comes in.
extension ConfigurationTests {
    @Test func waysOutStandBesideEachURLAndInOnePlaceForAll() throws {
        let text = """
            schema: mozaiks.ops/config/v1
            network: {ca_file: all.pem, proxy: "http://proxy.example:3128/", no_proxy: [.corp, 10.0.0.0/8]}
            runtimes:
              a:
                replicas: ["https://a.example"]
                ca_file: a.pem
                client_certificate_file: ops.pem
                client_key_file: ops.key
                auth: {basic: {user: ops, password_file: pw}}
            actions:
              lease_api: {url: "https://core.example", client_certificate_file: core.pem}
              entitlements: {url: "https://core.example", apps: {x: {no_tenant: true}}, ca_file: e.pem}
              webhook: {url_file: u, secret_file: s, ca_file: w.pem}
            channels:
              s: {slack: {webhook_url_file: h, ca_file: s.pem}}
              h: {webhook: {url_file: u, secret_file: s, auth: {bearer_file: t}}}
              m: {alertmanager: {url: "https://am.example", auth: {basic: {user: am, password_env: PW}}}}
            heartbeat: {url_file: u, ca_file: h.pem}
            advisor: {provider: ollama, model: m, ca_file: m.pem}
            """
        let configuration = try load(text)
        #expect(configuration.network.tls.caFile == "conf/all.pem" && configuration.network.noProxy == [".corp", "10.0.0.0/8"])
        guard case .at(.literal(let proxy)) = configuration.network.proxy else {
            Issue.record("no proxy")
            return
        }
        #expect(proxy.reveal() == "http://proxy.example:3128")
        let runtime = try #require(configuration.runtimes.first)
        #expect(runtime.tls == TLSFiles(caFile: "conf/a.pem", certificateFile: "conf/ops.pem", keyFile: "conf/ops.key"))
        #expect(runtime.authentication == .basic(user: "ops", password: .file("conf/pw")))
        #expect(configuration.adapters.first?.tls.certificateFile == "conf/core.pem")
        #expect(configuration.adapters.map(\.name) == ["lease_api", "entitlements", "webhook"])
        #expect(configuration.adapters[1].tls.caFile == "conf/e.pem" && configuration.adapters[2].tls.caFile == "conf/w.pem")
        #expect(configuration.channels.map(\.tls.caFile) == ["conf/s.pem", nil, nil])
        guard let hook = configuration.channels[1].kind as? Webhook.Settings,
            let manager = configuration.channels[2].kind as? Alertmanager.Settings
        else {
            Issue.record("kinds")
            return
        }
        #expect(hook.authentication == .bearer(.file("conf/t")))
        #expect(manager.authentication == .basic(user: "am", password: .environment("PW")))
        #expect(configuration.heartbeat?.tls.caFile == "conf/h.pem" && configuration.advisor?.tls.caFile == "conf/m.pem")
        #expect(configuration.text.contains("runtimes.a.client_key_file: conf/ops.key"))
        #expect(configuration.text.contains("network.no_proxy: [.corp, 10.0.0.0/8]"))
    }

    @Test(arguments: [
        ("network: {proxy: \"http://ops:hunter2@proxy.example:3128\"}", "proxy_file"),
        ("network: {proxy: proxy.example}", "such as http://proxy.example:3128"), ("network: {no_proxy: [\"a,b\"]}", "a list of hosts"),
        ("network: {client_key_file: k}", "without a certificate"),
        ("channels: {a: {alertmanager: {url: \"http://ops:hunter2@am\"}}}", "use 'auth:'"),
        ("channels: {a: {alertmanager: {url: \"http://am\", token_file: t, auth: {bearer_file: t}}}}", "beside a token"),
        ("channels: {a: {pagerduty: {routing_key_file: k, url: \"https://ops:hunter2@pd\"}}}", "a key of its own"),
        ("runtimes: {a: {replicas: [\"http://a\"], auth: {basic: {user: \"a:b\", password_file: p}}}}", "without a colon"),
        ("runtimes: {a: {replicas: [\"http://a\"], auth: {basic: {user: a}}}}", "password_file"),
        ("runtimes: {a: {replicas: [\"http://a\"], auth: {basic: {user: a, password: hunter2}}}}", "must not stand in the file"),
        ("runtimes: {a: {replicas: [\"http://a\"], auth: {bearer_file: b, basic: {user: a, password_file: p}}}}", "only one can be used"),
    ])
    func whatIsWrongWithAWayOutIsSaid(_ text: String, _ says: String) {
        let faults = faults("schema: mozaiks.ops/config/v1\n" + text)
        #expect(faults.contains("error[") && faults.contains(says) && !faults.contains("hunter2"), "\(faults)")
    }

    @Test("who may read the page, and where it is")
    func readsTheServer() throws {
        func server(_ text: String) throws -> Configuration {
            try load("schema: mozaiks.ops/config/v1\nserver: {listen: '127.0.0.1:9464'\(text)}\n")
        }
        let open = try server("")
        #expect(open.readToken == nil && open.publicURL == nil)
        let closed = try server(", read_token: '${TOKEN}', public_url: 'https://ops.example.com/'")
        #expect(closed.readToken?.value == .environment("TOKEN") && closed.publicURL?.value == "https://ops.example.com")
        #expect(try server(", read_token_file: /run/token").text.contains("server.read_token: from file /run/token"))
        for (wrong, words) in [
            ("read_token: s3cret", "must not stand in the file"), ("public_url: ops", "public_url"),
            ("public_url: 'https://u:s3cret@x'", "credentials"),
        ] {
            let report = faults("schema: mozaiks.ops/config/v1\nserver: {listen: '127.0.0.1:9464', \(wrong)}\n", [:])
            #expect(report.contains(words) && !report.contains("s3cret"), "\(report)")
        }
    }

    @Test("a certificate with its key, and proxies that name people")
    func readsEncryptionAndProxies() throws {
        func text(_ more: String) -> String { "schema: mozaiks.ops/config/v1\nserver: {listen: '127.0.0.1:9464', \(more)}\n" }
        let files = try load(text("certificate: /tls/cert.pem, key: /tls/key.pem"))
        #expect(files.certificate?.value == ServerFiles(certificate: "/tls/cert.pem", key: "/tls/key.pem"))
        let trusting = try load(text("trusted_proxies: [10.0.0.5, 'fd00::/8'], trusted_user_header: Remote-User, trusted_approvers: maria"))
        let proxies = try #require(trusting.trustedProxies?.value)
        #expect(
            proxies.header == "Remote-User" && proxies.ranges.map(\.description) == ["10.0.0.5", "fd00::/8"]
                && proxies.approvers == ["maria"])
        #expect(trusting.text.contains("server.trusted_proxies: Remote-User of 10.0.0.5, fd00::/8; operators: 0, approvers: 1"))
        for (wrong, words) in [
            ("certificate: /tls/cert.pem", "TLS needs both files"), ("key: /tls/key.pem", "TLS needs both files"),
            ("trusted_proxies: [10.0.0.5]", "needs 'trusted_user_header'"),
            ("trusted_user_header: Remote-User", "anybody can send a header"),
            ("trusted_approvers: [maria]", "named here by 'trusted_user_header'"),
            ("trusted_proxies: [10.0.0.1/8], trusted_user_header: Remote-User", "is no address and no network"),
            ("trusted_proxies: [0.0.0.0/0], trusted_user_header: Remote-User", "nearly everybody"),
            ("trusted_proxies: [proxy.example], trusted_user_header: Remote-User", "is no address and no network"),
            ("trusted_proxies: [10.0.0.5], trusted_user_header: Cookie", "a header that says nothing else"),
            ("trusted_proxies: [10.0.0.5], trusted_user_header: 'X User'", "a header that says nothing else"),
        ] {
            let report = faults(text(wrong), [:])
            #expect(report.contains(words), "\(wrong): \(report)")
        }
    }

    @Test("a token from the environment leaves the runtime's certificates and labels as the file has them")
    func tokenOfTheEnvironment() throws {
        let text = """
            schema: mozaiks.ops/config/v1
            runtimes: {a: {replicas: [https://runtime.example], ca_file: /etc/ssl/own.pem, labels: {tier: gold}}}
            """
        let runtime = try #require(try load(text, ["MOZAIKS_RUNTIME_TOKEN": "t"]).runtimes.first)
        guard case .bearer(.environment("MOZAIKS_RUNTIME_TOKEN")) = runtime.authentication else {
            Issue.record("\(runtime.authentication)")
            return
        }
        #expect(runtime.tls.caFile == "/etc/ssl/own.pem" && runtime.labels == ["tier": "gold"])
    }
}
