import Glibc
import JSONParsing
import Model
import TestKit
import Testing

/// What becomes of results, events and log lines when nobody reads them, or there is no room for them.
@Suite struct OutputTests {
    /// Redirects as a shell script does and becomes the program: `"$0" "$@"`.
    private static func shell(_ script: String) -> [String] { ["/bin/sh", "-c", script] }

    /// Standard output, or standard error, with nobody at its other end: each write is EPIPE.
    private static func unread(_ redirection: String) -> [String] {
        shell(#"mkfifo gone; exec 3<>gone 4>gone 3<&-; exec "$0" "$@" \#(redirection) 4>&-"#)
    }

    /// A pipe that is full, which nobody reads and nobody closes.
    private static func blocked(_ redirection: String) -> [String] {
        shell(#"mkfifo full; exec 3<>full; head -c 65536 /dev/zero >&3; exec "$0" "$@" \#(redirection)"#)
    }

    @Test(arguments: [
        ["policy", "show"], ["incidents", "list"], ["incidents", "list", "-o", "json"], ["silences", "list"],
        ["config", "show"], ["audit", "export"], ["--help"], ["--version"], ["policy", "check", "--help"],
    ])
    func aFullDiskIsSaidAndIsAFailure(words: [String]) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let policies = QuickPolicy.write(to: shell.folder)
            // So that the audit log has a row.
            #expect(try shell.run("check", "--policies", policies).code == 1)
            #expect(try shell.run("silences", "add", "--app", "x", "--for", "1h").code == 0)
            #expect(try shell.run("check", "--policies", policies).code == 1)
            let ending = try shell.run(below: Self.shell(#"exec "$0" "$@" >/dev/full"#), words)
            #expect(ending.code == 1)
            #expect(ending.errors == "mozaiks-ops: the result could not be written: No space left on device\n")
        }
    }

    @Test func aCheckWhoseLineIsLostIsUnknownUnlessItIsWorse() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let full = Self.shell(#"exec "$0" "$@" >/dev/full"#)
            let quiet = try shell.run(below: full, ["check"])
            #expect(quiet.code == 3)
            let policies = QuickPolicy.write(to: shell.folder, severity: "critical")
            let loud = try shell.run(below: full, ["check", "--policies", policies])
            #expect(loud.code == 2)
        }
    }

    @Test func aReaderThatIsGoneChangesNoExitCode() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let policies = QuickPolicy.write(to: shell.folder)
            let gone = try shell.run(below: Self.unread(">&4"), ["check", "--policies", policies])
            #expect(gone.code == 1)
            #expect(gone.errors.isEmpty)
            #expect(try shell.run("incidents", "list").output.contains("crowded"))
        }
        let broken = Shell()
        broken.folder.write("schema: nope\n", to: "mozaiks-ops.yaml")
        #expect(try broken.run(below: Self.unread("2>&4"), ["config", "show"]).code == 78)
    }

    @Test func aStandardOutputThatWasClosedTakesNoPartOfAnythingElse() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let ending = try shell.run(below: Self.shell(#"exec "$0" "$@" >&- <&-"#), ["check"])
            #expect(ending.code == 3)
            #expect(ending.errors == "mozaiks-ops: the result could not be written: Bad file descriptor\n")
            #expect(try shell.run("audit", "verify").code == 0)
        }
    }

    /// Runs the daemon below a wrapper, and gives the other stream while it runs.
    private func daemon(_ wrapper: [String], _ words: [String], _ body: (Shell, RunningProgram) throws -> Void) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            try body(shell, shell.start(below: wrapper, ["run"] + words))
        }
    }

    @Test func aLogThatNobodyReadsStopsNothing() throws {
        try daemon(Self.blocked("2>&3"), ["--events", "--log-level", "debug"]) { _, daemon in
            #expect(daemon.waits { output, _ in output.contains("crowded") }, "the log's reader holds up the engine")
            let ending = daemon.ending(SIGTERM)
            #expect(ending.code == 0 && ending.signal == nil)
        }
    }

    @Test func eventsThatNobodyReadsStopNothing() throws {
        try daemon(Self.blocked(">&3"), ["--events"]) { shell, daemon in
            #expect(daemon.waits { _, errors in errors.contains("firing") })
            let ending = daemon.ending(SIGTERM)
            #expect(ending.code == 0 && ending.errors.contains("msg=stopped saved=true"))
            let listed = try shell.run("incidents", "list")
            #expect(listed.output.contains("crowded"))
        }
    }

    @Test func theDaemonGoesOnWhenItsReadersAreGone() throws {
        try daemon(Self.unread(">&4"), ["--events"]) { _, daemon in
            #expect(daemon.waits { _, errors in errors.contains("firing") })
            let ending = daemon.ending(SIGTERM)
            #expect(ending.code == 0 && ending.errors.contains("msg=stopped saved=true"))
        }
        try daemon(Self.unread("2>&4"), ["--events"]) { _, daemon in
            #expect(daemon.waits { output, _ in output.contains("crowded") })
            #expect(daemon.ending(SIGTERM).code == 0)
        }
    }
}

extension OutputTests {
    /// Whether a process does not end by SIGTERM any more but listens for it.
    private func listens(_ pid: pid_t) -> Bool {
        guard let file = fopen("/proc/\(pid)/status", "r") else { return true }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasPrefix("SigCgt:") else { continue }
            let mask = UInt64(text.dropFirst(7).filter { $0.isHexDigit }, radix: 16) ?? 0
            return mask & (1 << UInt64(SIGTERM - 1)) != 0
        }
        return false
    }

    @Test(
        "every command that runs until it is told to end does so, whoever does not read",
        arguments: [
            (["simulate"], ">&3"), (["simulate"], "2>&3"), (["simulate"], ">&3 2>&3"), (["simulate", "-o", "json"], ">&3"),
            (["record", "x.tape"], ">&3"), (["record", "x.tape"], "2>&3"), (["run"], ">&3 2>&3"), (["run", "--events"], ">&3 2>&3"),
        ])
    func endsWhenTold(words: [String], redirection: String) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            let program = try shell.start(below: Self.blocked(redirection), words)
            while !listens(program.pid) { sched_yield() }
            let ending = program.ending(SIGTERM)
            #expect(ending.signal == nil && ending.code == 0, "\(words) \(redirection): \(ending)")
        }
    }
}

/// `check` as monitoring systems call it.
@Suite struct PluginTests {
    @Test(arguments: [
        ("schema: nope\n", "UNKNOWN: mozaiks-ops.yaml:1: schema 'nope' is not known"),
        ("schema: mozaiks.ops/config/v1\n", "UNKNOWN: no runtime to watch"),
    ])
    func whatKeepsItFromRunningIsALineAndUnknown(configuration: String, line: String) throws {
        let shell = Shell()
        shell.folder.write(configuration, to: "mozaiks-ops.yaml")
        for words in [["--brief"], ["--perfdata"], ["--brief", "--perfdata"]] {
            let ending = try shell.run(["check"] + words)
            #expect(ending.code == 3)
            #expect(ending.output.hasPrefix(line), "\(ending.output)")
            #expect(ending.output.split(separator: "\n").count == 1)
        }
        // For people the code says which kind it is.
        let plain = try shell.run("check")
        #expect(plain.code == 78 && plain.output.isEmpty)
        #expect(try shell.run("check", "--brief", "-o", "json").output.hasPrefix("UNKNOWN") == false)
    }

    @Test func soIsAnOptionThatDoesNotExistAndAStateFolderThatCannotBe() throws {
        let usage = try Shell().run("check", "--brief", "--perfdat")
        #expect(usage.code == 3 && usage.output.hasPrefix("UNKNOWN: unknown option --perfdat"), "\(usage.output)")
        let state = try Shell(["MOZAIKS_RUNTIME_URL": "http://127.0.0.1:1"]).run("check", "--brief", "--state", "/dev/null/state")
        #expect(state.code == 3 && state.output.hasPrefix("UNKNOWN: "), "\(state.output)")
    }
}
