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

    @Test func `gcp: as Cloud Logging reads it`() {
        let (logger, lines) = logger(.info, .gcp)
        logger.warning(
            "slow \"poll\"", ["chats": 12, "app": "a\nb", "runtime": "-", "severity": "critical", "message": "mine", "why": "late"])
        #expect(
            lines.text
                == #"{"severity":"WARNING","message":"slow \"poll\"","time":"2026-11-21T09:00:00.250Z","chats":12,"#
                + #""message_":"mine","why":"late","logging.googleapis.com/labels":{"app":"a\nb","severity":"critical"}}"# + "\n",
            "what is not known is no label, and no field takes the place of one that has a meaning")
    }

    @Test(arguments: [
        ([:], Logger.Format.logfmt), (["K_SERVICE": "ops"], .gcp), (["CLOUD_RUN_JOB": "ops"], .gcp), (["K_SERVICE": ""], .logfmt),
    ])
    func `on Cloud Run it is the usual one`(variables: [String: String], format: Logger.Format) {
        #expect(Logger.Format.usual(in: Environment(variables)) == format)
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
            for format in Logger.Format.allCases {
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
