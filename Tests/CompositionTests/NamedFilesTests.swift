import Ambient
import TestKit
import Testing

@testable import Composition
@testable import Configuration

/// What a configuration names and what cannot be had is found by one walk, whatever it is for.
struct NamedFilesTests {
    private static func faults(_ text: String, runtime: String = "", logins: Bool = true) throws -> [String] {
        let text = "schema: mozaiks.ops/config/v1\nruntimes: {r: {replicas: [https://127.0.0.1:1]\(runtime)}}\n\(text)\n"
        let configuration = try ConfigurationLoader(ConfigurationFlags(), in: Environment([:]), isRoot: true)
            .read(("conf/mozaiks-ops.yaml", Array(text.utf8)))
        return NamedFiles(configuration, Environment([:])).faults(logins: logins)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var text = ""
        var runtime = ""
        let says: String
    }

    static let gone = "/nowhere/at-all"

    static let missing = [
        Case(testDescription: "bearer token", runtime: ", auth: {bearer_file: \(gone)}", says: "the bearer token of r"),
        Case(testDescription: "bearer token in a variable", runtime: ", auth: {bearer_env: NOPE}", says: "the bearer token of r"),
        Case(testDescription: "authorities of a runtime", runtime: ", ca_file: \(gone)", says: "the authorities of r"),
        Case(testDescription: "client certificate", runtime: ", client_certificate_file: \(gone)", says: "the certificate of r"),
        Case(testDescription: "authorities of the network", text: "network: {ca_file: \(gone)}", says: "the authorities of the network"),
        Case(testDescription: "proxy", text: "network: {proxy_file: \(gone)}", says: "the address of the proxy"),
        Case(testDescription: "heartbeat", text: "heartbeat: {url_file: \(gone)}", says: "the URL of the heartbeat"),
        Case(
            testDescription: "authorities of the database", text: "state: postgres://ops@db/ops?sslmode=require&sslrootcert=\(gone)",
            says: "the authorities of the database of 'state'"),
        Case(
            testDescription: "token of a service", text: "services: {web: {http: 'https://h', auth: {bearer_file: \(gone)}}}",
            says: "the bearer token of service web"),
        Case(
            testDescription: "header of a service",
            text: "services: {web: {http: 'https://h', secret_headers: {X-Key: {value_env: NOPE}}}}",
            says: "the header X-Key of service web"),
        Case(
            testDescription: "authorities of a service", text: "services: {web: {tls: h, ca_file: \(gone)}}",
            says: "the authorities of service web"),
        Case(testDescription: "playbooks", text: "playbooks: \(gone)", says: "the playbooks"),
        Case(
            testDescription: "server certificate", text: "server: {listen: 127.0.0.1:9464, certificate: \(gone), key: \(gone)}",
            says: "the certificate of the server"),
        Case(
            testDescription: "channel", text: "channels: {ops: {slack: {webhook_url_file: \(gone)}}}\nroutes: [{to: ops}]",
            says: "the webhook URL of channel ops"),
    ]

    @Test(arguments: missing) func whatIsMissingIsNamed(_ test: Case) throws {
        let faults = try Self.faults(test.text, runtime: test.runtime)
        #expect(faults.contains { $0.contains(test.says) }, "\(faults)")
        #expect(faults.allSatisfy { !$0.contains("environment variable") || $0.contains("NOPE") })
    }

    @Test func whatIsThereAndIsNotWhatItIsForIsNamedWithoutIt() throws {
        let folder = TemporaryFolder()
        let (odd, empty) = (folder.write("s3cret words\n", to: "odd"), folder.write("", to: "empty"))
        for (text, says) in [
            ("heartbeat: {url_file: \(odd)}", "is no URL"), ("heartbeat: {url_file: \(empty)}", "it is empty"),
            ("heartbeat: {url_file: \(folder.path)}", "the URL of the heartbeat"), ("state: \(odd)", "it is not a folder"),
            ("network: {ca_file: \(odd)}", "BEGIN … CERTIFICATE"), ("network: {ca_file: \(empty)}", "it is empty"),
            ("channels: {ops: {slack: {webhook_url_file: \(odd)}}}\nroutes: [{to: ops}]", "is no URL"),
        ] {
            let faults = try Self.faults(text)
            #expect(faults.count == 1 && faults[0].contains(says), "\(text): \(faults)")
            #expect(!faults.contains { $0.contains("s3cret") })
        }
    }

    @Test func aSecretThatIsDressedAsSomethingElseIsNamedWithoutIt() throws {
        let folder = TemporaryFolder()
        let token = folder.write("\"s3cret\"\n", to: "token")
        for logins in [true, false] {
            let faults = try Self.faults("", runtime: ", auth: {bearer_file: \(token)}", logins: logins)
            #expect(faults == ["the bearer token of r, from file \(token), stands in quotes: they are a part of it, leave them out"])
        }
        let url = folder.write("'https://hc.example/s3cret'", to: "url")
        let faults = try Self.faults("heartbeat: {url_file: \(url)}")
        #expect(faults == ["the URL of the heartbeat, from file \(url), stands in quotes: they are a part of it, leave them out"])
    }

    @Test func whatIsThereIsNotSpokenOf() throws {
        let folder = TemporaryFolder()
        let url = folder.write("https://hc.example/abc\n", to: "url")
        let pem = folder.write("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", to: "pem")
        #expect(try Self.faults("heartbeat: {url_file: \(url)}\nnetwork: {ca_file: \(pem)}\nplaybooks: \(folder.path)").isEmpty)
        #expect(try Self.faults("", runtime: ", auth: {bearer_file: \(Self.gone)}", logins: false).isEmpty)
    }
}
