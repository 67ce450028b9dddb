import Glibc
import Journal
import Model
import Server
import TestKit
import Testing

/// `doctor` on a state folder that no engine could use, and beside an engine whose gate is in trouble.
@Suite struct DoctorStateTests {
    @Test(
        "what an engine could not use is BROKEN, and the exit code says so",
        arguments: [
            "mkdir -m 700 state; mkfifo state/journal.db", "mkdir -m 700 state; mkfifo state/engine.lock", "mkfifo state", "touch state",
            "mkdir -m 700 state; head -c 5000 /dev/urandom > state/journal.db", "mkdir -m 700 state; mkdir state/journal.db",
            "mkdir -m 700 state; ln -s /nowhere/at/all state/journal.db", "mkdir -m 700 state; ln -s /nowhere/at/all state/engine.lock",
            "ln -s /nowhere/at/all state", "mkdir -m 700 state; mkdir state/engine.lock", "mkdir -m 777 state; chmod 777 state",
            "ln -s state state",
        ])
    func state(setUp: String) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            #expect(
                try RunningProgram("/bin/sh", ["-c", setUp], environment: ["PATH": "/usr/bin:/bin"], in: shell.folder.path).waitForEnd()
                    .code == 0)
            let doctor = try shell.run("doctor", "--wait", "10ms")
            #expect(doctor.code == 1 && doctor.output.contains("BROKEN  state: "), "\(doctor.everything)")
            #expect(try shell.run("doctor", "--wait", "10ms", "-o", "json").code == 1)
            // It is not the doctor alone who thinks so.
            #expect(try shell.run("check").code != 0)
        }
    }

    /// Changes a journal in its place.
    private func journal(_ shell: Shell, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = try #require(shell.folder.read("state/journal.db"))
        change(&bytes)
        shell.folder.write(bytes, to: "state/journal.db")
    }

    @Test("a journal whose pages are damaged, or whose schema cannot be brought up to date, is BROKEN, as for check")
    func damaged() throws {
        // Page 2 is the map of pages; the header's version and the schema stand in page 1.
        let changes: [(name: String, (inout [UInt8]) -> Void)] = [
            (
                "pages",
                { for index in 4_096..<min($0.count, 28_672) { $0[index] = UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 8) } }
            ),
            // Version 4, of a file that has what version 5 adds already.
            ("older", { $0[63] = 4 }),
            ("newer", { $0[62] = 9 }),
        ]
        try CheckTests.serving("busy") { url in
            for (name, change) in changes {
                let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
                #expect(try shell.run("check").code == 0)
                try journal(shell, change)
                let doctor = try shell.run("doctor", "--wait", "10ms")
                #expect(doctor.code == 1 && doctor.output.contains("BROKEN  state: cannot "), "\(name): \(doctor.output.prefix(900))")
                #expect(!doctor.output.contains("ok      state: "), "\(name)")
                #expect(try shell.run("check").code != 0, "\(name)")
            }
        }
    }

    /// The one name in the folder that is too long for the system; whoever runs this, root too, cannot read it.
    @Test("whether actions are stopped cannot be read: BROKEN, since nothing is done then")
    func unreadableSwitch() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let longest = 4_095 - "/engine.lock".utf8.count
            var path = shell.folder.path
            while path.utf8.count < longest {
                let left = longest - path.utf8.count - 1
                path += "/" + String(repeating: "d", count: left > 202 ? 200 : left)
                #expect(mkdir(path, 0o700) == 0, "\(path.utf8.count)")
            }
            let doctor = try shell.run("doctor", "--wait", "10ms", "--state", path)
            #expect(doctor.code == 1, "\(doctor.everything)")
            #expect(doctor.output.contains("BROKEN  state: whether actions are stopped cannot be read"), "\(doctor.output.prefix(900))")
            #expect(!doctor.output.contains("the kill switch is on"))
        }
    }

    @Test(
        "tokens that cannot be read open nothing: BROKEN",
        arguments: [
            "echo x > state/tokens.json", "mkfifo state/tokens.json", "ln -s /etc/hostname state/tokens.json",
            "echo '{}' > state/tokens.json; chmod 666 state/tokens.json",
        ])
    func tokens(setUp: String) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let made = try RunningProgram(
                "/bin/sh", ["-c", "mkdir -m 700 state; " + setUp], environment: ["PATH": "/usr/bin:/bin"], in: shell.folder.path)
            #expect(made.waitForEnd().code == 0)
            let doctor = try shell.run("doctor", "--wait", "10ms")
            #expect(doctor.code == 1 && doctor.output.contains("BROKEN  tokens: "), "\(doctor.everything)")
        }
    }

    @Test("a folder that is not there yet, or was used before, is no fault")
    func fine() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            for _ in 0..<2 {
                let doctor = try shell.run("doctor", "--wait", "10ms")
                #expect(doctor.code == 0 && !doctor.output.contains("BROKEN"), "\(doctor.everything)")
                #expect(try shell.run("check").code == 0)
            }
        }
    }

    /// An engine that runs, as far as the lock says, and what answers where its gate should be.
    private func beside(_ answer: String?) throws -> Shell.Ending {
        let server = HTTPServer(options: .questions) { _ in ServerResponse(status: 200, body: Array((answer ?? "").utf8)) }
        try server.start()
        let port = server.port
        if answer == nil { server.stop() }
        defer { server.stop() }
        var ending: Shell.Ending?
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url, "actions: {gate: {listen: \"127.0.0.1:\(port)\"}}")
            let lock = try EngineLock(folder: StateFolder(creating: shell.state), now: Timestamp(milliseconds: 0))
            ending = try shell.run("doctor", "--wait", "10ms")
            withExtendedLifetime(lock) {}
        }
        return try #require(ending)
    }

    @Test("connections that the gate turned away are said, and a gate that does not answer is BROKEN")
    func gate() throws {
        let flooded = try beside(
            #"{"status": "ok", "stuck": [], "refused_connections": [{"server": "gate", "reason": "address", "count": 7}, {"server": "gate", "reason": "late", "count": 2}]}"#
        )
        let words = flooded.output.split { $0 == "\n" || $0 == " " }.joined(separator: " ")
        #expect(
            words.contains(
                "note gate: connections were turned away since the engine started, 7 because one address held too many, 2 because a request was not whole in time"
            ),
            "\(flooded.output)")
        #expect(!flooded.output.contains("BROKEN  gate"))
        for (answer, part) in [
            ("hello", "BROKEN  gate: what answers at"), (nil, "BROKEN  gate: an engine runs, and"),
            (#"{"status": "ok", "stuck": ["stuck: channel ops does not take its messages"]}"#, "BROKEN  engine: stuck: channel ops"),
        ] as [(String?, String)] {
            let doctor = try beside(answer)
            #expect(doctor.code == 1 && doctor.output.contains(part), "\(doctor.output)")
        }
    }
}
