import Glibc
import Model
import Synchronization
import Testing

@testable import Ambient

/// Always the same moment.
private struct StoppedClock: Clock {
    func now() -> Timestamp { Timestamp(milliseconds: 1_795_251_600_250) }
    func monotonicNanoseconds() -> UInt64 { 0 }
    func sleep(for span: TimeSpan) async throws(CancellationError) {}
}

@Suite struct LoggerTests {
    private final class Lines: Sendable {
        let bytes = Mutex<[UInt8]>([])
        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    }

    private func logger(
        _ level: Logger.Level = .info, _ format: Logger.Format = .logfmt, writesTime: Bool = true
    ) -> (Logger, Lines) {
        let lines = Lines()
        let logger = Logger(level: level, format: format, writesTime: writesTime, clock: StoppedClock()) { line in
            lines.bytes.withLock { $0 += line }
            return true
        }
        return (logger, lines)
    }

    @Test func `logfmt: time, level, message, fields in order`() {
        let (logger, lines) = logger()
        logger.info(
            "polled",
            ["runtime": "shared", "chats": 12, "seconds": 0.25, "restarted": false, "token": .init(Secret("s3cret"))])
        #expect(
            lines.text
                == "time=2026-11-21T09:00:00.250Z level=info msg=polled "
                    + "runtime=shared chats=12 seconds=0.25 restarted=false token=***\n"
        )
    }

    @Test func `json: the same`() {
        let (logger, lines) = logger(.info, .json)
        logger.warning("slow \"poll\"", ["chats": 12, "share": .number(.nan), "app": "a\nb"])
        #expect(
            lines.text
                == #"{"time":"2026-11-21T09:00:00.250Z","level":"warn","msg":"slow \"poll\"","#
                    + #""chats":12,"share":null,"app":"a\nb"}"#
                + "\n")
    }

    @Test(arguments: [
        ("plain", "plain"), ("", #""""#), ("two words", #""two words""#), ("a=b", #""a=b""#), (#"q"q"#, #""q\"q""#),
        (#"b\b"#, #""b\\b""#), ("x\nlevel=error msg=forged", #""x\nlevel=error msg=forged""#),
        ("\u{1B}[31m", #""\u001b[31m""#),
        ("\u{85}", #""\u0085""#), ("\u{202E}", #""\u202e""#), ("grün", #""grün""#),
    ])
    func `text from outside cannot forge a line or steer a terminal`(text: String, shown: String) {
        let (logger, lines) = logger(writesTime: false)
        logger.error(text, ["k": .text(text)])
        #expect(lines.text == "level=error msg=\(shown) k=\(shown)\n")
    }

    @Test func `what nobody sees is written as an escape, in both formats`() throws {
        for text in ["a\u{200B}b", "a\u{61C}b", "a\u{FEFF}b", "a\u{E0041}b", "a\u{9B}b", "a\u{202E}b"] {
            for format in [Logger.Format.logfmt, .json] {
                let (logger, lines) = logger(.info, format)
                logger.error(text, ["app": .text(text)])
                let scalars = lines.text.unicodeScalars
                #expect(scalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && $0.value < 0x7F) }, "\(lines.text)")
            }
        }
    }

    @Test(arguments: [("tried again every", "tried_again_every"), ("a=b", "a_b"), ("", "unnamed"), ("größe", "gr__e")])
    func `a field keeps its name as far as a name can`(key: String, shown: String) {
        for (format, expected) in [(Logger.Format.logfmt, " \(shown)=1\n"), (.json, #","\#(shown)":1}"# + "\n")] {
            let (logger, lines) = logger(.info, format, writesTime: false)
            logger.info("m", .init(dictionaryLiteral: (key, 1)))
            #expect(lines.text.hasSuffix(expected), "\(lines.text)")
        }
    }

    @Test func `the journal is told how bad a line is`() {
        let lines = Lines()
        let logger = Logger(level: .debug, writesTime: false, writesPriority: true) { line in
            lines.bytes.withLock { $0 += line }
            return true
        }
        logger.debug("d")
        logger.info("i")
        logger.warning("w")
        logger.error("e")
        #expect(lines.text == "<7>level=debug msg=d\n<6>level=info msg=i\n<4>level=warn msg=w\n<3>level=error msg=e\n")
    }

    @Test func `lines below the level are not even put together`() {
        let (logger, lines) = logger(.warning)
        func costly() -> String {
            Issue.record("evaluated")
            return ""
        }
        logger.debug(costly())
        logger.info(costly(), ["x": .text(costly())])
        logger.warning("w")
        logger.error("e")
        #expect(lines.text.split(separator: "\n").count == 2)
        #expect(Logger.Level("warn") == .warning && Logger.Level("warning") == .warning && Logger.Level("loud") == nil)
    }

    @Test func `what cannot be written is counted`() {
        let logger = Logger { _ in false }
        logger.error("x")
        logger.error("y")
        #expect(logger.lost == 2)
    }

    @Test func `the journal's own stream gets no second time`() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var status = stat()
        #expect(fstat(ends[1], &status) == 0)
        let own = "\(UInt64(status.st_dev)):\(UInt64(status.st_ino))"
        #expect(Logger.isJournal(descriptor: ends[1], stream: own))
        for other in [nil, "", "1:2", "x:y", "\(UInt64(status.st_dev)):\(UInt64(status.st_ino) + 1)", own + ":1"] {
            #expect(!Logger.isJournal(descriptor: ends[1], stream: other), "\(other ?? "nil")")
        }
    }
}

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

@Suite struct ClockTests {
    @Test func `the clocks run forward and agree on the century`() {
        let clock = SystemClock()
        let first = clock.monotonicNanoseconds()
        #expect(clock.monotonicNanoseconds() >= first)
        #expect(clock.now() > Timestamp(milliseconds: 1_700_000_000_000))
    }
}

/// Lines that wait for a reader.
@Suite struct OutputQueueTests {
    /// A pipe, with one end for each side.
    private struct Pipe {
        let read: Int32
        let write: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            (read, write) = (ends[0], ends[1])
            signal(SIGPIPE, SIG_IGN)
        }

        /// Leaves no room in it. How many bytes that took.
        func fill() throws -> Int {
            try #require(fcntl(write, F_SETFL, O_NONBLOCK) == 0)
            defer { _ = fcntl(write, F_SETFL, 0) }
            var count = 0
            for size in [4_096, 1] {
                let bytes = [UInt8](repeating: UInt8(ascii: "."), count: size)
                while case let written = Glibc.write(write, bytes, size), written > 0 { count += written }
            }
            return count
        }

        /// What comes until `last` stands in it, or everybody has closed the other end.
        func text(until last: String) -> String {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4_096)
            while !String(decoding: bytes, as: UTF8.self).contains(last) {
                let count = Glibc.read(read, &chunk, chunk.count)
                guard count > 0 else { break }
                bytes += chunk[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private static func line(_ index: Int) -> [UInt8] { Array("line \(index) \(String(repeating: ".", count: 88))\n".utf8) }
    private static func notice(_ missing: Int) -> [UInt8] { Array("\(missing) missing\n".utf8) }

    @Test func `nobody waits for a reader that does not read; what is missing is said in its place`() throws {
        let pipe = try Pipe()
        let filled = try pipe.fill()
        let queue = OutputQueue(descriptor: pipe.write, limit: 2_000)
        // Nobody reads: a queue that waits hangs here.
        let count = 100
        for index in 0..<count { queue.offer(Self.line(index), notice: Self.notice) }
        #expect(queue.lost > 0)
        #expect(!queue.drain(atMost: 0))
        let missing = queue.lost
        let text = String(pipe.text(until: " missing\n").dropFirst(filled))
        #expect(text.hasPrefix("line 0 "))
        #expect(text.hasSuffix("\n\(missing) missing\n"))
        #expect(text.split(separator: "\n").count == count - missing + 1)
        // With the reader back, all is as before.
        queue.offer(Self.line(7), notice: Self.notice)
        #expect(pipe.text(until: "\n").hasPrefix("line 7 "))
        #expect(queue.drain(atMost: nil) && queue.lost == missing)
        queue.close()
    }

    @Test func `a reader that is gone ends nothing; each line is counted`() throws {
        let pipe = try Pipe()
        close(pipe.read)
        let failures = Mutex<[Int32]>([])
        let queue = OutputQueue(descriptor: pipe.write) { code in failures.withLock { $0.append(code) } }
        for index in 0..<3 { queue.offer(Self.line(index), notice: Self.notice) }
        #expect(queue.drain(atMost: nil))
        #expect(queue.lost == 3)
        #expect(Set(failures.withLock { $0 }) == [EPIPE])
        queue.close()
        close(pipe.write)
    }

    @Test func `a line goes out whole, also over a descriptor that does not wait`() throws {
        let pipe = try Pipe()
        try #require(fcntl(pipe.write, F_SETFL, O_NONBLOCK) == 0)
        let queue = OutputQueue(descriptor: pipe.write)
        let long = Array((String(repeating: "x", count: 50_000) + "\n").utf8)
        queue.offer(long)
        #expect(pipe.text(until: "\n").utf8.count == long.count)
        #expect(queue.drain(atMost: nil) && queue.lost == 0)
        queue.close()
    }
}
