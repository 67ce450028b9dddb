import Glibc
import JSONParsing
import Model
import TestKit
import Testing

/// `check --watch`: one execution of a scheduled job, with its codes, its log and its end.
@Suite struct CheckWatchTests {
    /// The rule's `for` is longer than any pass.
    @Test func withinOneExecutionARuleHoldsItsTimeAndFires() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let policies = QuickPolicy.write(to: shell.folder, hold: "1s")
            let ending = try shell.run(
                "check", "--url", url, "--policies", policies, "--interval", "1s", "--watch", "4s", "--brief", atMost: 60)
            #expect(ending.code == 1, "\(ending.errors)")
            #expect(ending.firstLine.hasPrefix("WARNING: crowded on runtime default"))
            #expect(ending.errors.contains("msg=watching"), "it says what it does")
            #expect(ending.errors.contains(#"msg="pending => firing""#))
            #expect(try shell.run("incidents", "list", "-o", "json").json()["incidents"]?.array?.count == 1)
        }
    }

    /// SIGTERM comes ten seconds before SIGKILL where jobs run.
    @Test func toldToEndItLosesNothing() throws {
        try CheckTests.serving("busy") { url in
            let channel = "http://127.0.0.1:\(try Loopback.closedPort())/"
            let shell = Shell(["MOZAIKS_SLACK_WEBHOOK_URL": channel])
            let policies = QuickPolicy.write(to: shell.folder)
            let job = try shell.start(
                ["check", "--url", url, "--policies", policies, "--interval", "1s", "--watch", "10m", "--brief"], atMost: 60)
            #expect(job.waits { _, errors in errors.contains("message not delivered") })
            job.send(SIGTERM)
            let ending = job.waitForEnd()
            #expect(ending.code == 1, "what was found: \(ending.errors)")
            #expect(ending.errors.contains("told to end before its time"))
            #expect(ending.firstLine.hasPrefix("WARNING: crowded"))
            #expect(try shell.run("incidents", "list", "-o", "json").json()["incidents"]?.array?.count == 1)
            let outbox = try shell.run("notify", "history", "-o", "json")
            #expect(outbox.output.contains("pending"), "what could not be sent waits: \(outbox.output)\(outbox.errors)")
            #expect(try shell.run("check", "--url", url, "--policies", policies).code == 1, "the lock is gone with it")
        }
    }

    /// Its database takes connections and never answers.
    @Test(.enabled(if: Shell.hasPostgres), arguments: [([String](), 3), (["--exit-code", "work"], 75)] as [([String], Int32)])
    func toldToEndWhileItsStateDoesNotAnswerItEnds(more: [String], code: Int32) throws {
        let port = try Loopback.MutePort()
        let shell = Shell(["MOZAIKS_RUNTIME_URL": "http://127.0.0.1:9"])
        let job = try shell.start(["check", "--watch", "10m", "--brief", "--state", port.database] + more)
        let guest = port.waitForGuest()
        let ending = job.ending(SIGTERM)
        #expect(ending.code == code, "\(ending.errors)")
        #expect(ending.errors.contains("told to end before the first poll was over: nothing was seen"), "\(ending.errors)")
        withExtendedLifetime((port, guest)) {}
    }

    @Test(
        "a length that cannot be meant is wrong usage",
        arguments: [
            ("--watch=soon", "is not a span"), ("--watch=1s", "is shorter than the interval of polls"), ("--watch=8d", "is longer than"),
            ("--exit-code=maybe", "is neither findings nor work"),
        ])
    func misuse(option: String, says: String) throws {
        let ending = try Shell(["MOZAIKS_RUNTIME_URL": "http://127.0.0.1:9"]).run("check", option)
        #expect(ending.code == 64)
        #expect(ending.errors.contains(says), "\(ending.errors)")
    }

    /// What the platform may try again is what another attempt can mend.
    @Test func byItsWorkTheCodeTellsWhetherAnotherAttemptMayHelp() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let policies = QuickPolicy.write(to: shell.folder)
            let words = ["check", "--url", url, "--brief", "--exit-code", "work"]
            let found = try shell.run(words + ["--policies", policies])
            #expect(found.code == 0 && found.firstLine.hasPrefix("WARNING: "), "it did its work, whatever it found")
            let silent = "http://127.0.0.1:\(try Loopback.closedPort())"
            #expect(
                try shell.run(["check", "--url", silent, "--brief", "--exit-code", "work"]).code == 0, "so it did where nobody answers")
            let engine = try shell.start(["run", "--url", url])
            #expect(engine.waits { _, errors in errors.contains("msg=started") })
            let beside = try shell.run(words)
            #expect(beside.code == 0 && beside.errors.contains("another engine runs here"), "another does it already: \(beside.errors)")
            engine.send(SIGTERM)
            #expect(engine.waitForEnd().code == 0)
            #expect(try shell.run(words + ["--policies", "/nonexistent"]).code == 78)
            #expect(try shell.run(words + ["--mode", "loud"]).code == 78)
            shell.folder.write("no folder", to: "file")
            #expect(try shell.run(words + ["--state", shell.folder.path("file")]).code == 78, "nobody mends that by trying again")
            #expect(try shell.run(["check", "--exit-code", "work", "--breif"]).code == 64)
        }
    }

    @Test func onCloudRunEveryLineOfStandardErrorIsAnEntryOfItsLog() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["CLOUD_RUN_JOB": "ops", "MOZAIKS_RUNTIME_URL": url])
            let policies = QuickPolicy.write(to: shell.folder)
            func severities(_ words: String...) throws -> [String] {
                let ending = try shell.run(words)
                return try ending.errors.split(separator: "\n").map { line in
                    let entry = try JSON(parsing: Array(line.utf8))
                    #expect(entry["message"]?.string?.isEmpty == false && entry["time"]?.string != nil, "\(line)")
                    return try #require(entry["severity"]?.string, "\(line)")
                }
            }
            let watched = try severities("check", "--policies", policies, "--watch", "2s", "--interval", "1s")
            #expect(watched.contains("WARNING"))
            let misused = try severities("check", "--breif")
            #expect(misused == ["ERROR"], "wrong usage, too")
            let unreadable = try severities("check", "--policies", "/nonexistent")
            #expect(unreadable.last == "ERROR")
            let named = try shell.run("check", "--breif", "--log-format", "logfmt")
            #expect(named.errors.hasPrefix("{"), "a command line that cannot be read names no format")
            let plain = try shell.run("check", "--policies", "/nonexistent", "--log-format", "logfmt")
            #expect(!plain.errors.hasPrefix("{"))
        }
    }

    /// A private service wants the identity token of whoever calls it.
    @Test func aPrivateRuntimeIsAskedWithTheTokenOfTheMachinesAccount() throws {
        let end = Int(time(nil)) + 3_600
        let payload = Base64.encode(#"{"exp":\#(end)}"#.utf8).filter { $0 != "=" }
        let metadata = try MisbehavingServer { _, peer in
            peer.answer(200, "e30.\(payload).c2ln", headers: ["Metadata-Flavor: Google"])
        }
        defer { metadata.stop() }
        let runtime = try MisbehavingServer { _, peer in peer.answer(200, #"{"status":"healthy"}"#) }
        defer { runtime.stop() }
        let host = String(metadata.url.dropFirst("http://".count))
        let shell = Shell(["GCE_METADATA_HOST": host, "MOZAIKS_RUNTIME_AUTH": "google-identity", "MOZAIKS_RUNTIME_URL": runtime.url])
        let ending = try shell.run("check", "--brief")
        #expect(!ending.errors.contains("no token"), "\(ending.errors)")
        #expect(metadata.requests.count == 1, "one token for all requests")
        #expect(metadata.requests.allSatisfy { $0.path.contains("audience=http%3A%2F%2F127.0.0.1") })
        #expect(!runtime.requests.isEmpty && runtime.requests.allSatisfy { $0.head.contains("Authorization: Bearer e30.\(payload).c2ln") })
        #expect(!ending.everything.contains(payload))
        metadata.stop()
        let without = try shell.run("check", "--brief")
        #expect(without.errors.contains("cannot reach the metadata server"), "\(without.errors)")
        #expect(try Shell(["MOZAIKS_RUNTIME_AUTH": "google", "MOZAIKS_RUNTIME_URL": runtime.url]).run("check").code == 78)
    }
}
