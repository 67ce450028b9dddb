import Glibc
import Model
import Synchronization
import Testing

@testable import Ambient

@Suite struct BackoffTests {
    private struct Fixed: RandomNumberGenerator {
        let value: UInt64
        mutating func next() -> UInt64 { value }
    }

    @Test(arguments: [
        (0, 1_000), (1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (5, 10_000), (6, 10_000), (1_000_000, 10_000),
    ])
    func `doubles up to the limit`(attempt: Int, milliseconds: Int64) {
        let backoff = Backoff(base: .seconds(1), limit: .seconds(10), jitter: 0)
        #expect(backoff.ceiling(afterAttempt: attempt).milliseconds == milliseconds)
        var random = Fixed(value: 0)
        #expect(backoff.wait(afterAttempt: attempt, using: &random).milliseconds == milliseconds)
    }

    @Test func `jitter takes off its share at most`() {
        let backoff = Backoff(base: .seconds(8), limit: .minutes(1), jitter: 0.25)
        var low = Fixed(value: 0)
        var high = Fixed(value: .max)
        #expect(backoff.wait(afterAttempt: 1, using: &low).milliseconds == 6_000)
        #expect(backoff.wait(afterAttempt: 1, using: &high).milliseconds == 8_000)
        let wild = Backoff(base: .zero, limit: .zero, jitter: .infinity)
        #expect(wild.wait(afterAttempt: 3, using: &low).milliseconds == 1)
    }
}

@Suite struct SystemdTests {
    /// A bound datagram socket, as systemd's end.
    private func receiver(_ name: [UInt8]) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(code == 0)
        return descriptor
    }

    private func received(_ descriptor: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }

    @Test(arguments: [false, true])
    func `messages reach the socket, on a path or abstract`(isAbstract: Bool) throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/notify"
        let descriptor = try receiver(isAbstract ? [0] + Array(path.utf8) : Array(path.utf8))
        defer { close(descriptor) }
        let notifier = SystemdNotifier(environment: Environment(["NOTIFY_SOCKET": (isAbstract ? "@" : "") + path]))
        #expect(notifier.isActive)
        #expect(notifier.notify(.ready, .status("watching\n3 runtimes")))
        #expect(received(descriptor) == "READY=1\nSTATUS=watching 3 runtimes")
        #expect(notifier.notify(.reloading(monotonicNanoseconds: 5_000_001)))
        #expect(received(descriptor) == "RELOADING=1\nMONOTONIC_USEC=5000")
        #expect(notifier.notify(.watchdog))
        #expect(received(descriptor) == "WATCHDOG=1")
        #expect(notifier.notify(.stopping))
        #expect(received(descriptor) == "STOPPING=1")
        #expect(received(descriptor) == nil)
    }

    @Test(arguments: [
        nil, "", "relative/path", "@", "/", "/nonexistent/socket", "/" + String(repeating: "x", count: 200),
    ])
    func `without a socket nothing is sent and nothing fails`(socket: String?) {
        let notifier = SystemdNotifier(environment: Environment(socket.map { ["NOTIFY_SOCKET": $0] } ?? [:]))
        #expect(!notifier.notify(.ready))
    }

    @Test func `the watchdog is for the process it names`() {
        func watchdog(_ values: [String: String]) -> UInt64? {
            SystemdNotifier(environment: Environment(values)).watchdogMicroseconds
        }
        #expect(watchdog([:]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "30000000"]) == 30_000_000)
        #expect(watchdog(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "\(getpid())"]) == 30_000_000)
        #expect(watchdog(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "soon"]) == nil)
    }
}

@Suite struct SignalTests {
    @Test func `a signal sent right after the start is received`() async {
        var signals = await ProcessSignal.listen(for: [.hangUp]).makeAsyncIterator()
        for _ in 0..<20 {
            kill(getpid(), SIGHUP)
            #expect(await signals.next() == .hangUp)
        }
    }
}

@Suite struct StraySignalTests {
    /// Any of them would end the process that runs the tests.
    @Test func `signals that mean nothing here do not end a process that is to stay`() {
        #expect(Set(ProcessSignal.strays).isSuperset(of: [SIGUSR1, SIGUSR2, SIGALRM]))
        #expect(Set(ProcessSignal.strays).isDisjoint(with: ProcessSignal.allCases.map(\.rawValue)))
        ProcessSignal.ignoreStrays()
        for stray in ProcessSignal.strays { #expect(kill(getpid(), stray) == 0) }
    }
}

@Suite struct ClockTests {
    @Test func `the clocks run forward and agree on the century`() {
        let clock = SystemClock()
        let first = clock.monotonicNanoseconds()
        #expect(clock.monotonicNanoseconds() >= first)
        #expect(clock.now() > Timestamp(milliseconds: 1_700_000_000_000))
    }
}

@Suite struct ProcessMemoryTests {
    /// What was written since the start, in static data too, stays; what was taken out comes back when it is called.
    @Test func `releasing code changes nothing that the process knows`() {
        let words = (0..<1_000).map { "word \($0)" }
        for _ in 0..<3 {
            ProcessMemory.releaseCode()
            #expect(words.map { $0.split(separator: " ")[1] } == (0..<1_000).map { "\($0)" })
        }
        #expect(Set(words).count == 1_000)
    }
}
