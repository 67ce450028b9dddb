import Glibc
import JSONParsing
import Model
import TestKit
import Testing

@testable import Simulator

/// Several monitors with one configuration: of two shards `eu` is the first's and `shared` the second's.
@Suite struct ShardCommandTests {
    /// With no shard in the file, as where each monitor is told its own.
    private func twoShards(_ body: (Shell) throws -> Void) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["SLACK": "https://127.0.0.1:9/x"])
            shell.folder.write(
                """
                schema: mozaiks.ops/config/v1
                runtimes:
                  shared: {replicas: ["\(url)"]}
                  eu: {replicas: ["http://127.0.0.1:9"], labels: {tier: gold}}
                channels: {ops: {slack: {webhook_url_env: SLACK}}}
                routes: [{runtime: eu, labels: {tier: gold}, to: [ops]}, {to: [ops]}]

                """, to: "mozaiks-ops.yaml")
            try body(shell)
        }
    }

    @Test func aPassOfAShardSeesItsOwnAndSaysWhatIsNot() throws {
        try twoShards { shell in
            let pass = try shell.run("check", "--shard", "2/2", "--brief")
            #expect(pass.code == 0 && pass.output.hasPrefix("OK: 7 open chats of 12"), "\(pass.everything)")
            #expect(!pass.errors.contains("matches-nothing"), "a route to what another shard watches is right: \(pass.errors)")
            var other = shell
            other.environment["MOZAIKS_OPS_SHARD"] = "2/2"
            let status = try other.run("status")
            #expect(status.output.contains("Shard:  2/2, watches shared; not watched here: eu (1/2)\n"), "\(status.output)")
            let shard = try #require(try other.run("status", "-o", "json").json()["shard"])
            #expect(shard["number"]?.int == 2 && shard["count"]?.int == 2 && shard["watches"]?.array?.map(\.string) == ["shared"])
            #expect(shard["elsewhere"]?[0]?["runtime"]?.string == "eu" && shard["elsewhere"]?[0]?["shard"]?.int == 1)
            // Whoever looks and was told nothing has it from the journal.
            #expect(try shell.run("status").output.contains("Shard:  2/2, watches shared\n"))
            let mark = try other.run("mark", "deploy", "v1", "--runtime", "eu")
            #expect(mark.code == 1 && mark.errors.contains("the runtime 'eu' (shard 1/2) is watched by another monitor"), "\(mark.errors)")
            let silence = try other.run("silences", "add", "--runtime", "eu", "--for", "1h")
            #expect(silence.errors.contains("the runtime 'eu' (shard 1/2) is watched by another monitor"), "\(silence.everything)")
            #expect(!silence.errors.contains("there is no runtime"))
        }
    }

    @Test func whatAnotherShardRemembersIsNotTouched() throws {
        try twoShards { shell in
            #expect(try shell.run("check", "--shard", "2/2").code == 0)
            let words = "is the state of shard 2/2, and this monitor is shard 1/2"
            let pass = try shell.run("check", "--shard", "1/2")
            #expect(pass.code == 3 && pass.errors.contains(words), "\(pass.everything)")
            let work = try shell.run("check", "--shard", "1/2", "--exit-code", "work")
            #expect(work.code == 78 && work.errors.contains(words), "\(work.everything)")
            let daemon = try shell.run("run", "--shard", "1/2")
            #expect(daemon.code == 78 && daemon.errors.contains(words), "\(daemon.everything)")
            let doctor = try shell.run("doctor", "--shard", "1/2", "--wait", "10ms")
            let said = doctor.output.split { $0.isWhitespace }.joined(separator: " ")
            #expect(said.contains("BROKEN state: cannot use the state: ") && said.contains(words), "\(doctor.output)")
            let untold = try shell.run("check")
            #expect(untold.code == 3 && untold.errors.contains("is the state of shard 2/2, and this monitor is none of several"))
            #expect(untold.errors.contains("say --shard 2/2 or MOZAIKS_OPS_SHARD=2/2"), "\(untold.errors)")
            #expect(try shell.run("check", "--shard", "2/3").code == 0, "of three it is the second's too")
        }
    }

    @Test func whoAsksSomethingOfAnotherShardIsTold() throws {
        try twoShards { shell in
            #expect(try shell.run("check", "--shard", "2/2").code == 0)
            let words = "this is the state of shard 2/2, and "
            var other = shell
            other.environment["MOZAIKS_OPS_SHARD"] = "1/2"
            for arguments in [["mark", "deploy", "v1"], ["silences", "add", "--runtime", "shared", "--for", "1h"]] {
                let untold = try shell.run(arguments)
                #expect(untold.errors.contains(words + "this command was told to be none of several"), "\(untold.everything)")
            }
            let mark = try other.run("mark", "deploy", "v2")
            #expect(mark.errors.contains(words + "this command was told to be shard 1/2"), "\(mark.everything)")
            let status = try other.run("status").output
            #expect(status.contains("note: \(words)not of shard 1/2: what is shown is what shard 2/2 saw\n"), "\(status)")
            other.environment["MOZAIKS_OPS_SHARD"] = "2/2"
            #expect(try !other.run("mark", "deploy", "v3").errors.contains(words))
            #expect(try !other.run("status").output.contains(words))
        }
    }

    @Test func whoseEachRuntimeIsIsShown() throws {
        try twoShards { shell in
            let shown = try shell.run("config", "show", "--shard", "2/2").output
            for line in ["shard: 2/2 ", "runtimes.shared.shard: 2/2 ", "runtimes.eu.shard: 1/2, not watched here "] {
                #expect(shown.contains(line), "\(shown)")
            }
            let doctor = try shell.run("doctor", "--shard", "2/2", "--wait", "10ms")
            #expect(doctor.output.contains("shard: 2/2 watches shared; others watch eu (1/2)"), "\(doctor.output)")
        }
    }

    @Test func aShardWithNothingToWatchSaysSo() throws {
        try twoShards { shell in
            let empty = try shell.run("check", "--shard", "3/3")
            #expect(empty.code == 78 && empty.errors.contains("of the 2 configured none belongs to shard 3/3"), "\(empty.everything)")
        }
    }

    /// On one schema: two of one shard are two monitors, of which one stands by; another shard is no standby of theirs.
    @Test(.enabled(if: PostgresServer.shared != nil)) func oneSchemaIsOneShards() throws {
        try twoShards { shell in
            var shell = shell
            shell.environment["PGPASSWORD"] = PostgresServer.secret
            let state = try #require(PostgresServer.shared).url(password: nil)
            let engine = try shell.start(["run", "--shard", "2/2", "--state", state], atMost: 60)
            #expect(engine.waits { _, errors in errors.contains("msg=started") }, "\(engine.errors)")
            #expect(engine.waits { _, errors in errors.contains("one of several shards") }, "\(engine.errors)")
            let second = try shell.start(["run", "--shard", "2/2", "--state", state], atMost: 60)
            #expect(second.waits { _, errors in errors.contains("msg=\"standing by\"") }, "\(second.errors)")
            let other = try shell.run("run", "--shard", "1/2", "--state", state)
            #expect(other.code == 78, "\(other.errors)")
            #expect(other.errors.contains("the engine of this database is shard 2/2, and this monitor is shard 1/2"), "\(other.errors)")
            #expect(second.ending(SIGTERM).code == 0)
            #expect(engine.ending(SIGTERM).code == 0)
            // Nobody is the engine any more, and the state is the same shard's.
            let later = try shell.run("run", "--shard", "1/2", "--state", state)
            #expect(
                later.code == 78 && later.errors.contains("is the state of shard 2/2, and this monitor is shard 1/2"), "\(later.errors)")
        }
    }
}
