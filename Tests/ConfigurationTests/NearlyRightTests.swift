import Ambient
import Model
import TestKit
import Testing
@testable import Configuration

/// What is nearly right in a configuration.
@Suite struct NearlyRightTests {
    private func read(
        _ text: String, _ environment: [String: String] = [:], url: String = "http://127.0.0.1:1"
    ) -> (configuration: Configuration?, text: String) {
        let head = "schema: mozaiks.ops/config/v1\nruntimes: {a: {replicas: [\"\(url)\"]}}\n"
        do throws(ConfigurationErrors) {
            let loader = ConfigurationLoader(ConfigurationFlags(), in: Environment(environment), isRoot: true)
            let found = try loader.read(("mozaiks-ops.yaml", Array((head + text).utf8)))
            return (found, found.warnings.map(\.description).joined(separator: "\n"))
        } catch {
            return (nil, error.description)
        }
    }

    @Test("half a percent is half a percent") func percents() {
        for (text, percent, shown) in [("0.5%", 0.5, "0.5%"), ("12.5%", 12.5, "12.5%"), ("10%", 10, "10%")] {
            let found = read("guard: {blast_radius: \(text)}").configuration
            #expect(found?.actionLimits.blastPercent == percent)
            #expect(found?.entries.first { $0.key == "guard.blast_radius" }?.value == shown)
        }
    }

    @Test("a URL is no path, and its password is not shown", arguments: ["policies", "playbooks"]) func urlAsPath(key: String) {
        let found = read("\(key): \"postgres://ann:s3cret@db/ops\"")
        #expect(
            found.configuration == nil && found.text.contains("'\(key)' is a file or a folder on this machine, and this is a URL"),
            "\(found.text)")
        #expect(!found.text.contains("s3cret"))
    }

    @Test("a state at a URL of another scheme is an error that says which one goes, wherever it is written")
    func stateOfAnotherScheme() throws {
        let found = read("state: \"mysql://ann:s3cret@db/ops\"")
        let words = "is no URL of a database: it begins with mysql:// and not with postgres://"
        #expect(found.configuration == nil && found.text.contains("error[state]: 'state' \(words)"), "\(found.text)")
        #expect(found.text.contains("postgres://ops@db.example/ops") && !found.text.contains("s3cret"), "\(found.text)")
        let variable = read("", ["MOZAIKS_OPS_STATE": "mysql://ann:s3cret@db/ops"])
        #expect(variable.configuration == nil && variable.text.contains("this \(words)"), "\(variable.text)")
        // Who needs the state whatever else is wrong gets no other folder for it.
        let file = ("mozaiks-ops.yaml", Array("schema: mozaiks.ops/config/v1\nstate: mysql://ann:s3cret@db/ops\n".utf8))
        let folder = TemporaryFolder()
        folder.write(String(decoding: file.1, as: UTF8.self), to: file.0)
        let loader = ConfigurationLoader(ConfigurationFlags(config: folder.path(file.0)), in: Environment([:]), isRoot: true)
        #expect("\(loader.stateFolder().folder.value)" == "mysql://…")
    }

    @Test("a channel with a fault is there all the same: one mistake is told once") func faultyChannel() {
        let found = read(
            "channels: {ops: {slack: {webhok_url_file: a}}, opps: {slack: {webhook_url_file: b}}}\nroutes: [{to: [ops, opps]}]")
        #expect(found.configuration == nil && found.text.contains("webhok_url_file"), "\(found.text)")
        #expect(!found.text.contains("no channel"), "\(found.text)")
    }

    @Test("a star is no address") func star() {
        for text in ["*:9465", ":9465", "/tmp:9465", "127.0.0.1:+9465", "[::1]:-0", "127.0.0.1: 9465"] {
            let found = read("actions: {gate: {listen: \"\(text)\"}}")
            #expect(found.configuration == nil && found.text.contains("'listen' must be an address and a port"), "\(text)")
        }
        #expect(read("actions: {gate: {listen: \"*:9465\"}}").text.contains("0.0.0.0:PORT"))
    }

    /// Its own tests count no time: what a long line costs is bounded by what is kept of it.
    @Test("of a very long line nothing is shown: the name of a secret may stand anywhere on it") func longLine() {
        let found = read("network: {password: hunter2, x: \"\(String(repeating: "x", count: 20_000))\", nope: 1}")
        #expect(found.configuration == nil && found.text.contains("no key 'nope'"), "\(found.text.prefix(2_000))")
        #expect(!found.text.contains("hunter2") && !found.text.contains("xxxx"))
    }

    @Test("a variable's default, as shells write it") func defaults() {
        for (text, environment, value) in [
            ("${NOPE:-staging}", [:], "staging"), ("${NOPE-staging}", [:], "staging"), ("${E:-staging}", ["E": ""], "staging"),
            ("${E:-staging}", ["E": "lab"], "lab"), ("x-${NOPE:-}y", [:], "x-y"), ("${NOPE:-${B}}", ["B": "inner"], "inner"),
            ("${NOPE:-a${B}c}-z", ["B": "b"], "abc-z"), ("${NOPE:-${ALSO:-deep}}", [:], "deep"), ("${E:?must be}", ["E": "lab"], "lab"),
            ("${E?must be}", ["E": "lab"], "lab"), ("$${E}", [:], "${E}"),
        ] as [(String, [String: String], String)] {
            #expect(read("environment: \"\(text)\"", environment).configuration?.environment.value == value, "\(text)")
        }
        let secret = read("channels: {c: {slack: {webhook_url: \"${NOPE:-https://x}\"}}}\n")
        #expect(secret.configuration == nil && secret.text.contains("a secret has no default"), "\(secret.text)")
    }

    @Test(
        "what a variable is not, in words",
        arguments: [
            ("${A:?say where}", "the environment variable 'A' is not set: say where"),
            ("${E:?say where}", "the environment variable 'E' is empty: say where"),
            ("${A", "'${' has no '}' behind it"), ("${A:-${B}}", "the environment variable 'B' is not set"),
            ("${A:-${B}", "'${' has no '}' behind it"),
            ("${A:+x}", "'${A:+x}' is not understood"), ("${A:0:2}", "'${A:0:2}' is not understood"), ("${}", "'${}' is not understood"),
        ]) func notAVariable(text: String, says: String)
    {
        let found = read("environment: \"\(text)\"", ["E": ""])
        #expect(found.configuration == nil && found.text.contains(says), "\(found.text)")
    }

    @Test(
        "what other programs would replace is warned about",
        arguments: [
            ("$(hostname)", "$(…)"), ("%STAGE%", "%STAGE%"), ("{{ .Values.env }}", "{{ … }}"), ("prod-100%", nil), ("a%20b%2Fc", nil),
            ("%AB%CD", nil), ("{x}", nil),
            ("(prod)", nil),
        ] as [(String, String?)]) func templates(text: String, names: String?)
    {
        let found = read("environment: \"\(text)\"")
        #expect(found.configuration?.environment.value == text)
        #expect(names.map { found.text.contains("'\($0)' is not replaced") } ?? !found.text.contains("is not replaced"), "\(found.text)")
    }

    @Test(
        "what a template left in a host is no host",
        arguments: [
            ("http://[[HOST]]:8000", "holds '['"), ("http://{{host}}:8000", "holds '{'"), ("http://<host>:8000", "holds '<'"),
            ("http://$HOST:8000", "holds '$'"), ("http://[host]:8000", "holds '['"),
            ("http://[::1]:8000", nil), ("http://[fe80::1%25eth0]:8000", nil), ("http://a_b-c.example:8000/base", nil),
            ("http://a%2Db", nil),
        ] as [(String, String?)]) func strangeHost(url: String, says: String?)
    {
        let inFile = read("", url: url)
        let inVariable = read("mode: observe", ["MOZAIKS_RUNTIME_URL": url])
        for found in [inFile, inVariable] {
            #expect(says.map { found.text.contains($0) } ?? !found.text.contains("error["), "\(url)\n\(found.text)")
            #expect((found.configuration == nil) == (says != nil), "\(url)\n\(found.text)")
        }
    }

    @Test("a variable without its braces is warned about") func bare() {
        let found = read("environment: \"$STAGE\"")
        #expect(found.text.contains("'$STAGE' is not replaced") && found.text.contains("write '${STAGE}'"), "\(found.text)")
        #expect(!read("environment: \"a$5\"").text.contains("is not replaced"))
    }
}
