import Ambient
import Model
@testable import Collector
import Testing

@testable import Configuration

/// What may stand in the place of a runtime's `replicas`.
@Suite struct TargetFindingTests {
    private func read(_ runtime: String, _ environment: [String: String] = [:]) -> (runtime: RuntimeSettings?, text: String) {
        let text = "schema: mozaiks.ops/config/v1\nruntimes:\n  a:\n    {\(runtime)}\n"
        do throws(ConfigurationErrors) {
            let found = try ConfigurationLoader(in: Environment(environment), isRoot: true)
                .read(("/etc/mozaiks-ops/mozaiks-ops.yaml", Array(text.utf8)))
            return (found.runtimes.first, found.entries.map { "\($0.key)=\($0.value)" }.joined(separator: "\n"))
        } catch {
            return (nil, error.description)
        }
    }

    @Test("a name: its addresses, each asked by the name")
    func dns() throws {
        let found = read("dns: {name: runtime.internal., port: 8000, scheme: https, type: AAAA, refresh: 1m}, labels: {tier: gold}")
        let runtime = try #require(found.runtime, "\(found.text)")
        #expect(
            runtime.finding
                == .dns(.init(host: "runtime.internal", port: 8_000, scheme: "https", records: .aaaa, refresh: .minutes(1))))
        #expect(runtime.replicas.isEmpty && runtime.labels == ["tier": "gold"])
        let usual = read("dns: {name: runtime, port: 8000}").runtime?.finding
        #expect(usual == .dns(.init(host: "runtime", port: 8_000, scheme: "http", records: .a, refresh: .seconds(30))))
        let service = read("dns: {name: _runtime._tcp.internal, type: SRV}").runtime?.finding
        #expect(service == .dns(.init(host: "_runtime._tcp.internal", port: nil, scheme: "http", records: .srv, refresh: .seconds(30))))
    }

    @Test("an identity token is for the name, not for its addresses")
    func identity() {
        let found = read("dns: {name: runtime.example, port: 443, scheme: https}, auth: {google_identity: {}}")
        #expect(found.runtime?.authentication == .googleIdentity(audience: "https://runtime.example:443"), "\(found.text)")
    }

    @Test("files, relative to the configuration, with a star in the last part")
    func files() {
        let found = read("file_sd: [targets/*.yaml, /srv/t.json]")
        #expect(found.runtime?.finding == .files(["/etc/mozaiks-ops/targets/*.yaml", "/srv/t.json"]), "\(found.text)")
        #expect(found.text.contains("runtimes.a.file_sd=/etc/mozaiks-ops/targets/*.yaml, /srv/t.json"))
    }

    @Test("a server, with the logins that there are everywhere; its secret does not show")
    func http() throws {
        let found = read("http_sd: {url: https://sd.example/targets/, auth: {bearer_file: /run/t}, ca_file: /ca.pem, refresh: 5m}")
        guard case .http(let service)? = found.runtime?.finding else {
            Issue.record("\(found.text)")
            return
        }
        #expect(service.url == "https://sd.example/targets/" && service.refresh == .minutes(5) && service.tls.caFile == "/ca.pem")
        #expect(found.runtime?.finding?.secrets.map(\.source.location).count == 1)
        #expect(found.text.contains("runtimes.a.http_sd.auth=bearer token from "))
    }

    @Test("a query is sent, and not shown: it may be a secret")
    func query() throws {
        let found = read("http_sd: {url: \"https://sd.example/targets?service=runtime&key=s3cret\"}")
        guard case .http(let service)? = found.runtime?.finding else {
            Issue.record("\(found.text)")
            return
        }
        #expect(service.url == "https://sd.example/targets?service=runtime&key=s3cret")
        #expect(found.text.contains("runtimes.a.http_sd.url=https://sd.example/targets") && !found.text.contains("s3cret"))
        #expect(found.runtime?.finding?.shown == "http_sd https://sd.example/targets")
    }

    @Test("a service of Kubernetes, with what its pods log in with")
    func kubernetes() throws {
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        guard
            case .kubernetes(let cluster)? = read("kubernetes: {namespace: ai, service: runtime, port: 8000}", environment).runtime?.finding
        else {
            Issue.record("no cluster")
            return
        }
        #expect(
            cluster.namespace == "ai" && cluster.service == "runtime" && cluster.port == "8000" && cluster.api == "https://10.96.0.1:443")
        #expect(cluster.tokenFile == "/var/run/secrets/kubernetes.io/serviceaccount/token")
        guard case .kubernetes(let outside)? = read("kubernetes: {namespace: ai, service: runtime}").runtime?.finding else {
            Issue.record("no cluster")
            return
        }
        #expect(outside.api == "https://kubernetes.default.svc" && outside.port == nil)
    }

    @Test(
        "what cannot be meant is an error",
        arguments: [
            ("labels: {a: b}", "a runtime needs 'replicas'"),
            ("replicas: [http://x:1], dns: {name: x, port: 1}", "'dns' stands beside 'replicas'"),
            ("file_sd: [a.yaml], http_sd: {url: https://x}", "'http_sd' stands beside 'file_sd'"),
            ("dns: runtime", "'dns' must be a mapping"), ("dns: {port: 1}", "'dns' needs 'name'"),
            ("dns: {name: x}", "'dns' needs 'port'"), ("dns: {name: x, port: 1, type: SRV}", "'port' stands beside SRV records"),
            ("dns: {name: \"http://x\", port: 1}", "'name' is no name of the DNS"),
            ("dns: {name: x, port: 0}", "'port' must be at least 1"),
            ("dns: {name: x, port: 1, type: MX}", "type cannot be 'MX'"), ("dns: {name: x, port: 1, refresh: 1s}", "refresh"),
            ("dns: {name: x, port: 1, tipe: A}", "did you mean 'type'?"), ("file_sd: []", "'file_sd' is empty"),
            ("file_sd: [a.txt]", "ends in .json, .yml or .yaml"), ("file_sd: [\"a*/b.yaml\"]", "has '*' in its last part alone"),
            ("http_sd: {refresh: 1m}", "'http_sd' needs 'url'"),
            ("http_sd: {url: \"https://u:p4ss@x\"}", "credentials do not stand in a URL"),
            ("kubernetes: {service: x}", "'kubernetes' needs 'namespace'"),
            ("kubernetes: {namespace: ../x, service: x}", "'namespace' is no name of Kubernetes"),
        ])
    func faults(runtime: String, says: String) {
        let found = read(runtime)
        #expect(found.runtime == nil && found.text.contains(says) && !found.text.contains("p4ss"), "\(found.text)")
    }
}
