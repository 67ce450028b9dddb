import Glibc
import Model
import Synchronization
import TestKit
import Testing

/// The daemon as systemd sees it: what it tells its manager, and its units.
@Suite struct SystemdTests {
    /// systemd's end of $NOTIFY_SOCKET.
    private final class Manager: Sendable {
        let path: String
        private let descriptor: Int32
        private let heard = Mutex<[String]>([])

        init(in folder: TemporaryFolder) {
            path = folder.path("notify")
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count + 1)
            let code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            precondition(code == 0, "no socket")
        }

        deinit { close(descriptor) }

        /// Every line so far.
        var lines: [String] { heard.withLock { $0 } }

        /// Listens until that holds; false when nothing is heard for half a minute.
        func hears(_ isThere: ([String]) -> Bool) -> Bool {
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while !isThere(lines) {
                var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&wanted, 1, 30_000) > 0 else { return false }
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { continue }
                heard.withLock { $0 += String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(String.init) }
            }
            return true
        }
    }

    @Test func aSignOfLifeComesWithACompletedCycleAndASituationInALine() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            let manager = Manager(in: shell.folder)
            var variables = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "600000"]
            variables["MOZAIKS_RUNTIME_URL"] = url
            var told = shell
            told.environment = variables
            let daemon = try told.start(["run", "--interval", "1s"])
            #expect(manager.hears { $0.filter { $0 == "WATCHDOG=1" }.count >= 2 })
            #expect(manager.hears { $0.contains { $0.hasPrefix("STATUS=OK: 7 open chats of 12") } })
            let lines = manager.lines
            #expect(lines.first == "WATCHDOG_USEC=120000000", "cycles may be two minutes apart, whatever the unit says: \(lines)")
            let ready = try #require(lines.firstIndex(of: "READY=1"))
            #expect(try #require(lines.firstIndex(of: "WATCHDOG=1")) > ready)
            daemon.send(SIGHUP)
            #expect(manager.hears { $0.contains("RELOADING=1") })
            #expect(manager.hears { $0.filter { $0 == "READY=1" }.count == 2 })
            let after = manager.lines
            let reloading = try #require(after.firstIndex(of: "RELOADING=1"))
            let moment = try #require(UInt64(after[reloading + 1].dropFirst("MONOTONIC_USEC=".count)), "\(after)")
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            #expect(moment > 0 && moment <= UInt64(now.tv_sec + 1) * 1_000_000)
            #expect(try #require(after.lastIndex(of: "READY=1")) > reloading)
            daemon.send(SIGTERM)
            #expect(daemon.waitForEnd().code == 0)
            #expect(manager.hears { $0.contains("STOPPING=1") })
        }
    }

    /// The poll hangs: no cycle ends, and nothing may say that all is well.
    @Test func withoutACompletedCycleThereIsNoSignOfLife() throws {
        let runtime = try MisbehavingServer { _, peer in peer.waitUntilClosed() }
        defer { runtime.stop() }
        let shell = Shell()
        let manager = Manager(in: shell.folder)
        var told = shell
        told.environment = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "300000", "MOZAIKS_RUNTIME_URL": runtime.url]
        let daemon = try told.start(["run", "--interval", "1s"])
        // Three rounds of whoever would say so.
        #expect(manager.hears { $0.filter { $0.hasPrefix("STATUS=") }.count >= 4 })
        #expect(!manager.lines.contains("WATCHDOG=1"), "\(manager.lines)")
        daemon.send(SIGTERM)
        _ = daemon.waitForEnd()
    }

    private static let tool = "/usr/bin/systemd-analyze"
    private static let units = ["mozaiks-ops.service", "mozaiks-ops-check.service", "mozaiks-ops-check.timer"]

    /// The units of docs/deploy in a folder, for a program that is there.
    private func installed() throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        for unit in SystemdTests.units {
            let text = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/docs/deploy/" + unit)), as: UTF8.self)
            folder.write(text.replacing(bytesOf: "/usr/local/bin/mozaiks-ops", with: Shell.program), to: unit)
        }
        return folder
    }

    @Test(.enabled(if: access(tool, X_OK) == 0)) func theUnitsAreAsSystemdWantsThem() throws {
        let folder = try installed()
        let verified = try RunningProgram(
            SystemdTests.tool, ["verify"] + SystemdTests.units.map(folder.path), environment: ["PATH": "/usr/bin:/bin"], in: folder.path,
            atMost: 60
        ).waitForEnd()
        #expect(verified.code == 0 && verified.everything.isEmpty, "\(verified.everything)")
        folder.write(
            String(decoding: folder.read(SystemdTests.units[0]) ?? [], as: UTF8.self).replacing(
                bytesOf: "WatchdogSec", with: "WatchdgoSec"), to: SystemdTests.units[0])
        let wrong = try RunningProgram(
            SystemdTests.tool, ["verify", folder.path(SystemdTests.units[0])], environment: ["PATH": "/usr/bin:/bin"], in: folder.path,
            atMost: 60
        ).waitForEnd()
        #expect(wrong.everything.contains("WatchdgoSec"), "it looks")
    }

    @Test(.enabled(if: access(tool, X_OK) == 0), arguments: ["mozaiks-ops.service", "mozaiks-ops-check.service"])
    func theyLeaveLittleOpen(unit: String) throws {
        let folder = try installed()
        let looked = try RunningProgram(
            SystemdTests.tool, ["security", "--offline=true", "--no-pager", "--threshold=15", folder.path(unit)],
            environment: ["PATH": "/usr/bin:/bin"],
            in: folder.path, atMost: 60
        ).waitForEnd()
        #expect(looked.code == 0 && looked.output.contains("Overall exposure level"), "\(looked.everything.suffix(300))")
    }

    /// Swift's thread pool asks for a priority (`setpriority`, of `@resources`), at once and in every build; killed for it, the
    /// daemon never starts, and no check of the unit's text says so.
    @Test(arguments: ["mozaiks-ops.service", "mozaiks-ops-check.service"])
    func whatTheyDoNotAllowFailsAndDoesNotKill(unit: String) throws {
        let text = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/docs/deploy/" + unit)), as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.contains("SystemCallFilter=@system-service") && lines.contains("SystemCallErrorNumber=EPERM"))
        #expect(lines.contains("Environment=LIBDISPATCH_LOG=NO"), "or the pool says so in the log with each poll")
        #expect(!lines.contains { $0.hasPrefix("SystemCallFilter") && $0.contains(":") }, "no call has another answer")
    }

    /// What a unit or an image sets in that variable goes before the configuration: a database that this names would not be used, and
    /// two monitors that were to share it would both be engines.
    @Test(
        "nothing that is installed says where the state is before the configuration does",
        arguments: [
            "docs/deploy/mozaiks-ops.service", "docs/deploy/mozaiks-ops-check.service", "docs/deploy/container/Containerfile",
            ".ci/packaging/oci.py",
        ])
    func stateOfTheInstalled(path: String) throws {
        let text = String(decoding: try #require(Fixtures.read(Fixtures.repository + "/" + path)), as: UTF8.self)
        #expect(!text.contains("MOZAIKS_OPS_STATE"))
        #expect(text.contains("STATE_DIRECTORY=") || text.contains("StateDirectory=mozaiks-ops"))
    }
}
