import Glibc
import JSONParsing
import Model
import TestKit
import Testing

@testable import Simulator

/// The page and the API of a running daemon.
@Suite struct PageServerTests {
    private func ask(_ port: UInt16, _ path: String, _ method: String = "GET") throws -> (status: Int, body: [UInt8]) {
        let answer = try LoopbackClient(port: port, timeoutMilliseconds: 5_000).send(method, Array(path.utf8))
        return (answer.status, answer.body)
    }

    @Test(
        "beside a daemon they say what the command line says, and only at an address of their own",
        arguments: [true, false])
    func besideADaemon(isApart: Bool) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder, severity: "critical")
            let gate = try Loopback.closedPort()
            let port = isApart ? try Loopback.closedPort() : gate
            shell.configure(
                url, "server: {listen: \"127.0.0.1:\(port)\"}\nactions: {gate: {listen: \"127.0.0.1:\(gate)\"}}")
            let daemon = try shell.start(["run"], atMost: 60)
            #expect(daemon.waits { _, errors in errors.contains("=> firing") }, "\(daemon.errors)")
            for _ in 0..<200 where try shell.run("status", "-o", "json").json()["incidents"]?.array?.isEmpty != false {}
            guard isApart else {
                for path in ["/", "/api/v1/situation"] { #expect(try ask(port, path).status == 404) }
                #expect(try ask(port, "/metrics").status == 200)
                #expect(daemon.ending(SIGTERM).code == 0)
                return
            }
            for path in ["/", "/api/v1/situation"] { #expect(try ask(gate, path).status == 404) }
            // The first answer may be from before the incident; it lives for a second.
            var page = ""
            for _ in 0..<400 where !page.contains("crowded") {
                page = String(decoding: try ask(port, "/").body, as: UTF8.self)
                _ = try shell.run("status", "--brief")
            }
            let listed = try shell.run("status", "-o", "json").json()["incidents"]?[0]
            let short = try #require(listed?["short_id"]?.string)
            #expect(page.contains("Critical") && page.contains("mozaiks-ops incidents ack \(short)"), "\(page)")
            #expect(try JSON(parsing: ask(port, "/api/v1/incidents/\(short)").body)["incident"]?["id"] == listed?["id"])
            #expect(try ask(port, "/incidents/\(short)").status == 200)
            #expect(try ask(port, "/api/v1/incidents/\(short)", "POST").status == 405)
            let rules = try JSON(parsing: ask(port, "/api/v1/rules").body)
            let crowded = rules["rules"]?.array?.first { $0["name"]?.string == "crowded" }
            #expect(
                crowded?["open_incidents"]?[0] == listed?["id"]
                    && crowded?["condition"]?.string?.contains("open_runs") == true, "\(rules)")
            #expect(try ask(port, "/metrics").status == 200)
            #expect(daemon.ending(SIGTERM).code == 0)
        }
    }

    @Test("docs/api.md names every path of docs/api.yaml")
    func documented() throws {
        func text(_ name: String) throws -> String {
            String(decoding: try #require(Fixtures.read(Fixtures.repository + "/docs/" + name)), as: UTF8.self)
        }
        let paths = try text("api.yaml").split(separator: "\n").filter { $0.hasPrefix("  /") }.map {
            $0.dropFirst(2).dropLast()
        }
        #expect(paths.count >= 8)
        let page = try text("api.md")
        for path in paths { #expect(page.contains("`\(path)`"), "\(path)") }
    }
}
