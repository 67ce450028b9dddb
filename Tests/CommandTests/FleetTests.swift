import JSONParsing
import Model
import TestKit
import Testing

/// Replicas that are found, and the commands that say which data plane serves whom: the program as a whole.
@Suite struct FleetTests {
    private static func configure(_ shell: Shell, _ found: String) {
        shell.folder.write(
            "schema: mozaiks.ops/config/v1\nruntimes:\n  shared: {\(found), labels: {topology: shared}}\n", to: "mozaiks-ops.yaml")
    }

    /// `127.0.0.1:8000`
    private static func place(_ url: String) -> String { String(url.dropFirst("http://".count)) }

    @Test("a file names the replicas: who serves whom, with the labels of both")
    func files() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            shell.folder.write(#"[{"targets": ["\#(Self.place(url))"], "labels": {"tier": "gold"}}]"#, to: "a.json")
            Self.configure(shell, "file_sd: [a.json]")
            // Before anybody looked.
            let before = try shell.run("runtimes", "list", "-o", "json")
            #expect(before.code == 0, "\(before)")
            #expect(try before.json()["runtimes"]?[0]?["polled_at"]?.isNull == true)
            let check = try shell.run("check")
            #expect(check.code == 0, "\(check)")

            let runtime = try #require(try shell.run("runtimes", "list", "-o", "json").json()["runtimes"]?[0])
            #expect(runtime["runtime"] == "shared" && runtime["found_by"]?.string?.hasPrefix("file_sd ") == true)
            #expect(runtime["labels"] == ["tier": "gold", "topology": "shared"])
            #expect(runtime["replicas"]?[0]?["url"]?.string == url && runtime["replicas"]?[0]?["healthy"] == true)
            #expect(runtime["trouble"]?.isNull == true && (runtime["apps"]?.int ?? 0) > 0)
            let text = try shell.run("runtimes", "list").output
            #expect(text.contains("tier=gold, topology=shared") && text.contains("shared: \(url)"), "\(text)")

            let apps = try #require(try shell.run("apps", "list", "-o", "json").json()["apps"]?.array)
            #expect(apps.count == runtime["apps"]?.int.map { Int($0) })
            let first = try #require(apps.first?["app"]?.string)
            #expect(apps[0]["runtime"] == "shared" && apps[0]["labels"] == ["tier": "gold", "topology": "shared"])
            let one = try shell.run("apps", "list", "--app", first, "--runtime", "shared")
            #expect(one.code == 0 && one.output.split(separator: "\n").count == 2, "\(one)")
            for words in [["--app", "nobody"], ["--runtime", "nowhere"]] {
                let none = try shell.run(["apps", "list"] + words)
                #expect(none.code == 1 && none.errors.contains(words[1]), "\(none)")
            }
        }
    }

    @Test("a file that breaks takes nobody away, and every look says so; one that is whole again heals it")
    func brokenFile() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            shell.folder.write(#"[{"targets": ["\#(Self.place(url))"]}]"#, to: "a.json")
            Self.configure(shell, "file_sd: [a.json]")
            #expect(try shell.run("check").code == 0)
            shell.folder.write(#"[{"targets": ["127.0"#, to: "a.json")
            let broken = try shell.run("check")
            #expect(broken.code == 0 && broken.output.contains("who the replicas of shared are is not sure"), "\(broken)")
            let runtime = try #require(try shell.run("runtimes", "list", "-o", "json").json()["runtimes"]?[0])
            #expect(runtime["replicas"]?[0]?["url"]?.string == url && runtime["trouble"]?.string?.contains("it is no JSON") == true)
            #expect(try shell.run("doctor", "--wait", "10ms").output.contains("it is no JSON"))
            shell.folder.write(#"[{"targets": ["\#(Self.place(url))"]}]"#, to: "a.json")
            let healed = try shell.run("check")
            #expect(healed.code == 0 && !healed.output.contains("not sure"), "\(healed)")
        }
    }

    @Test("a name is asked for its addresses, which are the replicas")
    func dns() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let port = try #require(url.split(separator: ":").last)
            Self.configure(shell, "dns: {name: localhost, port: \(port)}")
            #expect(try shell.run("check").code == 0)
            let runtime = try #require(try shell.run("runtimes", "list", "-o", "json").json()["runtimes"]?[0])
            #expect(runtime["found_by"] == "dns localhost" && runtime["replicas"]?[0]?["url"]?.string == "http://127.0.0.1:\(port)")
            let doctor = try shell.run("doctor", "--wait", "10ms")
            #expect(doctor.output.contains("dns localhost names 1 replica"), "\(doctor.output)")
        }
    }
}
