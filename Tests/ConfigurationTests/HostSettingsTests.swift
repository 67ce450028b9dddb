import Ambient
import Model
import Testing

@testable import Configuration

/// `hosts:`: what is read, and what is said of slips.
@Suite struct HostSettingsTests {
    private static let head = "schema: mozaiks.ops/config/v1\nruntimes: {shared: {replicas: [http://127.0.0.1:8000]}}\n"

    private func load(_ text: String, _ flags: ConfigurationFlags = ConfigurationFlags()) throws(ConfigurationErrors) -> Configuration {
        try ConfigurationLoader(flags, in: Environment([:]), isRoot: true).read(
            ("conf/mozaiks-ops.yaml", Array((Self.head + text).utf8)))
    }

    private func faults(_ text: String) -> String {
        do throws(ConfigurationErrors) {
            _ = try load(text)
            return ""
        } catch {
            return error.description
        }
    }

    @Test func withoutTheSectionNoMachineIsWatched() throws {
        let configuration = try load("")
        #expect(configuration.hosts.isEmpty && configuration.watched.map(\.kind) == [.runtime])
    }

    @Test func aNameIsEnough() throws {
        let configuration = try load("hosts: {this: {}}\n")
        let host = try #require(configuration.hosts.first)
        #expect(host.mounts == ["/"] && host.proc == "/proc" && host.cgroup == "/sys/fs/cgroup")
        #expect(host.watched == WatchedRuntime(name: "this", kind: .host, replicas: ["/proc"]))
        #expect(configuration.watched.map(\.name) == ["shared", "this"])
        #expect(configuration.watched.map(\.carries) == [[], ["shared"]])
    }

    @Test func theLogCallsEachWhatItIs() throws {
        let configuration = try load("hosts: {this: {}}\nservices: {a: {tcp: 'db:1'}, b: {tcp: 'db:2'}}\n")
        #expect(configuration.names(of: .runtime) == "shared" && configuration.names(of: .host) == "this")
        #expect(configuration.names(of: .service) == "a,b")
        #expect(try load("").names(of: .service) == "none")
    }

    @Test func everythingIsReadAndShown() throws {
        let configuration = try load(
            "hosts:\n  this:\n    mounts: [/host, /host/var/lib/mongodb]\n    proc: /host/proc\n"
                + "    cgroup: /sys/fs/cgroup/mozaiks.slice\n    labels: {rack: b12}\n")
        let host = try #require(configuration.hosts.first)
        #expect(host.mounts == ["/host", "/host/var/lib/mongodb"] && host.proc == "/host/proc")
        #expect(host.cgroup == "/sys/fs/cgroup/mozaiks.slice" && host.watched.labels == ["rack": "b12"])
        let shown = configuration.entries.filter { $0.key.hasPrefix("hosts.") }.map { "\($0.key): \($0.value) # \($0.origin)" }
        #expect(
            shown == [
                "hosts.this.mounts: [/host, /host/var/lib/mongodb] # conf/mozaiks-ops.yaml:4",
                "hosts.this.proc: /host/proc # conf/mozaiks-ops.yaml:4",
                "hosts.this.cgroup: /sys/fs/cgroup/mozaiks.slice # conf/mozaiks-ops.yaml:4",
                "hosts.this.carries: [shared] # conf/mozaiks-ops.yaml:4",
                "hosts.this.labels.rack: b12 # conf/mozaiks-ops.yaml:4",
            ])
    }

    @Test(
        "who is reached on loopback runs here",
        arguments: [
            ("http://127.0.0.1:8000", true), ("http://localhost", true), ("https://LOCALHOST:8443/base", true), ("http://[::1]:8000", true),
            ("http://127.0.0.1.example.com", false), ("http://10.0.0.7:8000", false), ("http://[::2]", false),
            ("http://localhost.corp", false),
        ])
    func loopback(_ url: String, _ isHere: Bool) { #expect(Configuration.isLoopback(url) == isHere) }

    @Test func whatRunsThereCanBeSaid() throws {
        #expect(try load("hosts: {this: {carries: []}}\n").watched[1].carries == [])
        #expect(try load("hosts: {this: {carries: [shared]}}\n").watched[1].carries == ["shared"])
        #expect(faults("hosts: {this: {carries: [sharde]}}\n").contains("no runtime 'sharde'"))
    }

    @Test func aNameIsOfOneThing() {
        #expect(
            faults("hosts: {shared: {}}\n") == """
                conf/mozaiks-ops.yaml:3:9: error[name]: 'shared' stands under 'runtimes' already: a name is of one thing
                    hosts: {shared: {}}
                            ^~~~~~
                hint: another name: incidents, silences and history go by it
                """)
    }

    @Test func slipsAreNamed() {
        #expect(faults("hosts: {my host: {}}\n").contains("'my host' cannot name a host"))
        #expect(faults("hosts: {this: {mount: [/]}}\n").contains("unknown"))
        #expect(faults("hosts: {this: {mounts: [https://example.com]}}\n").contains("a mount is a file or a folder on this machine"))
        let many = (0..<65).map { "/m\($0)" }.joined(separator: ", ")
        #expect(faults("hosts: {this: {mounts: [\(many)]}}\n").contains("more than 64 mounts"))
    }

    @Test(arguments: [#"[""]"#, "[data]", "[/, ./data]", "[../]", "data"])
    func aMountIsAnAbsolutePath(mounts: String) {
        let said = faults("hosts: {this: {mounts: \(mounts)}}\n")
        #expect(
            said.contains("a mount must be an absolute path") && said.contains("hint: absolute paths, such as [/, /var/lib/mongodb]"),
            "\(said)")
    }

    @Test func aListOfNoMountsIsRefused() {
        let said = faults("hosts: {this: {mounts: []}}\n")
        #expect(said.contains("'mounts' names no folder") && said.contains("without it, / is looked at"), "\(said)")
        #expect(faults("hosts: {this: {mounts: /}}\n").isEmpty)
    }

    @Test func aMountThatStandsTwiceIsAskedOnce() throws {
        let configuration = try load("hosts: {this: {mounts: [/, /var, /]}}\n")
        #expect(configuration.hosts[0].mounts == ["/", "/var"])
        #expect(configuration.warnings.map(\.code) == ["mount-twice"])
    }

    @Test func aRuntimeNamedInPassingKeepsToItself() throws {
        var flags = ConfigurationFlags()
        flags.url = "http://127.0.0.1:9000"
        #expect(try load("hosts: {this: {}}\n", flags).watched.map(\.name) == ["default"])
    }
}
