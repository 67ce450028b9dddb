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

    @Test("a certificate that comes after the start is shown without another")
    func lateCertificate() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let files = CertificateFiles()
            _ = QuickPolicy.write(to: shell.folder, severity: "critical")
            let port = try Loopback.closedPort()
            shell.configure(url, "server: {listen: \"127.0.0.1:\(port)\", certificate: \(files.certificate), key: \(files.key)}")
            let daemon = try shell.start(["run"], atMost: 240)
            #expect(daemon.waits { _, errors in errors.contains("page and API cannot be shown") }, "\(daemon.errors)")
            #expect(throws: (any Error).self, "nothing listens yet") { try ask(port, "/healthz") }
            try files.make("localhost")
            #expect(daemon.waits { _, errors in errors.contains("page=https://127.0.0.1:\(port)") }, "\(daemon.errors)")
            #expect(daemon.ending(SIGTERM).code == 0)
        }
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
            let daemon = try shell.start(["run"], atMost: 240)
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
            let standing = try JSON(parsing: ask(port, "/api/v1/standings?rule=crowded").body)["standings"]?[0]
            #expect(standing?["phase"]?.string == "firing" && standing?["runtime"]?.string == "shared", "\(rules)")
            let policy = try JSON(parsing: ask(port, "/api/v1/policy").body)
            #expect(policy["schema"]?.string == "mozaiks.ops/effective-policy/v1", "\(policy)")
            let ruled = String(decoding: try ask(port, "/rules").body, as: UTF8.self)
            #expect(ruled.contains("crowded") && ruled.contains("open_runs") && ruled.contains("href=\"/apps/"), "\(ruled)")
            let apps = try #require(ruled.firstIndex(ofBytes: "href=\"/apps/"))
            let place = String(ruled[apps...].dropFirst(6).prefix { $0 != "\"" })
            let app = try ask(port, place)
            #expect(app.status == 200 && String(decoding: app.body, as: UTF8.self).contains("Where each rule stands"))
            let document = try JSON(parsing: ask(port, "/api/v1" + place).body)
            #expect(
                document["schema"]?.string == "mozaiks.ops/app/v1" && document["runtimes"]?[0]?["runtime"]?.string == "shared",
                "\(document)")
            #expect(
                document["runtimes"]?[0]?["open_runs_of"]?["users"]?.array != nil
                    || document["runtimes"]?[0]?["no_open_run_at"]?.string != nil)
            #expect(document["runtimes"]?[0]?["month"]?["tokens"]?["known_minutes"]?.int != nil)
            #expect(try ask(port, "/api/v1/apps/%ff").status == 404)
            #expect(try JSON(parsing: ask(port, "/api/v1/standings?limit=1").body)["next_cursor"]?.string != nil)
            #expect(try ask(port, "/apps/%3Cscript%3E").status == 200)
            #expect(try ask(port, "/metrics").status == 200)
            try orders(shell, port, short)
            #expect(daemon.ending(SIGTERM).code == 0)
        }
    }

    /// An operator with a token acknowledges over HTTP; the audit says who it was; without the token nobody does.
    private func orders(_ shell: Shell, _ port: UInt16, _ short: String) throws {
        let made = try shell.run("token", "create", "maria", "--role", "operator")
        let token = String(made.output.dropLast())
        #expect(made.code == 0 && token.hasPrefix("mozops_") && !made.errors.contains(token), "\(made.errors)")
        #expect(try shell.run("token", "create", "maria").code == 1)
        let listed = try shell.run("token", "list").output
        #expect(listed.contains("maria") && listed.contains("operator") && !listed.contains(token.dropFirst(7)))
        func post(_ path: String, _ body: String, _ token: String?) throws -> (status: Int, body: [UInt8]) {
            var headers: [(name: String, value: [UInt8])] = [("Content-Type", Array("application/json".utf8))]
            if let token { headers.append(("Authorization", Array("Bearer \(token)".utf8))) }
            let answer = try LoopbackClient(port: port, timeoutMilliseconds: 5_000).send(
                "POST", Array(path.utf8), headers: headers, body: Array(body.utf8))
            return (answer.status, answer.body)
        }
        let path = "/api/v1/incidents/\(short)/ack"
        for wrong in [nil, "mozops_wrong"] { #expect(try post(path, "{}", wrong).status == 401) }
        #expect(try post(path, #"{"comment":"\#(String(repeating: "x", count: 20_000))"}"#, token).status == 413)
        let taken = try post(path, #"{"comment":"on it"}"#, token)
        let number = try #require(try JSON(parsing: taken.body)["command"]?.int, "\(taken)")
        #expect(taken.status == 202)
        var command: JSON = .null
        for _ in 0..<400 where command["done"]?.bool == nil {
            command = try JSON(parsing: ask(port, "/api/v1/commands/\(number)").body)
            _ = try shell.run("status", "--brief")
        }
        #expect(command["done"] == true && command["by"]?.string == "token:maria", "\(command)")
        #expect(try shell.run("incidents", "show", short).output.contains("token:maria"))
        #expect(try shell.run("token", "revoke", "maria").code == 0)
        #expect(try post(path, "{}", token).status == 401)
        for _ in 0..<200 where try !shell.run("audit", "export").output.contains("token maria revoked") {}
        let audit = try shell.run("audit", "export").output
        for words in ["token maria created", "token:maria", "token maria revoked"] { #expect(audit.contains(words), "\(words)") }
        #expect(!audit.contains(token.dropFirst(7)))
        #expect(try shell.run("audit", "verify").code == 0)
    }

    @Test("docs/api.md names every path of docs/api.yaml, and has an example of each")
    func documented() throws {
        func text(_ name: String) throws -> String {
            String(decoding: try #require(Fixtures.read(Fixtures.repository + "/docs/" + name)), as: UTF8.self)
        }
        let paths = try text("api.yaml").split(separator: "\n").filter { $0.hasPrefix("  /") }.map {
            $0.dropFirst(2).dropLast()
        }
        #expect(paths.count >= 8)
        let page = try text("api.md")
        // What stands between fences, up to what ends an address.
        let blocks = page.split(separator: "```", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map(
            \.element)
        let asked = blocks.flatMap { $0.split { " \n\"'?".contains($0) } }.compactMap { word in
            word.firstIndex(ofBytes: "/api/v1/").map { word[$0...].split(separator: "/") }
        }
        for path in paths {
            #expect(page.contains("`\(path)`"), "\(path)")
            let parts = path.split(separator: "/")
            #expect(
                asked.contains { one in one.count == parts.count && zip(one, parts).allSatisfy { $1 == "{id}" || $0 == $1 } },
                "\(path) has no example")
        }
    }
}
