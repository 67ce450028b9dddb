import Glibc
import JSONParsing
import Model
import TestKit
import Testing

/// `top`: the first screen in a terminal.
@Suite struct TopTests {
    @Test("beside a daemon: 80 by 24 and smaller, keys that ask first, no colours where none are wanted, and the terminal as it was")
    func keys() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder, severity: "critical")
            shell.configure(url)
            let daemon = try shell.start(["run"], atMost: 240)
            #expect(daemon.waits { _, errors in errors.contains("=> firing") }, "\(daemon.errors)")
            var listed: JSON?
            for _ in 0..<200 where listed == nil { listed = try shell.run("status", "-o", "json").json()["incidents"]?[0] }
            let short = try #require(listed?["short_id"]?.string)
            func pressed(_ more: String...) throws -> RunningProgram.Ending {
                try RunningProgram(
                    "/usr/bin/python3", [Fixtures.repository + "/Tests/CommandTests/top.py", Shell.program, shell.state, short] + more,
                    environment: ["PATH": "/usr/bin:/bin"], in: shell.folder.path, atMost: 240
                ).waitForEnd()
            }
            let ending = try pressed()
            #expect(ending.output == "keys ok\ncolours ok\nended ok\nhanging ok\n", "\(ending.output)\(ending.errors)")
            let once = try shell.run("top", "--once")
            let lines = once.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            #expect(once.code == 0 && lines.count == 24 && lines.allSatisfy { $0.unicodeScalars.count <= 80 }, "\(once.output)")
            #expect(once.output.contains("CRITICAL") && once.output.contains(short) && once.output.contains("shared"))
            let lineByLine = try shell.run("top", "--once", "--plain")
            #expect(lineByLine.code == 0 && lineByLine.output.contains("\n  open, \(short): critical, crowded on runtime shared"))
            // Sparklines, columns and what stands below the screen are for eyes.
            #expect(!lineByLine.output.contains("keys") && !lineByLine.output.contains("\u{2588}") && !lineByLine.output.contains("\n\n"))
            // For programs it is what `status` says, whatever else is asked for.
            let document = try shell.run("top", "-o", "json", "--plain").json()
            #expect(document["schema"] == "mozaiks.ops/status/v1" && document["incidents"]?[0]?["short_id"]?.string == short)
            let plain = try shell.start(["top", "--plain"], atMost: 60)
            var printed = ""
            let isTold = plain.waits { output, _ in
                printed = output
                return output.contains("open, \(short): critical, crowded on runtime shared, acknowledged by cli:pat")
            }
            #expect(isTold && !printed.utf8.contains(0x1B), "\(printed)")
            plain.send(SIGTERM)
            _ = plain.waitForEnd()
            #expect(daemon.ending(SIGTERM).code == 0)
            // Whoever watches on is told, and that nobody takes what a key asks for.
            let left = try shell.run("top", "--once", "--plain").output
            #expect(left.contains("no engine runs"), "\(left)")
            let leftover = try pressed("left")
            #expect(leftover.output == "left ok\n", "\(leftover.output)\(leftover.errors)")
        }
    }

    @Test("without a journal it says so")
    func nothing() throws {
        let ending = try Shell().run("top", "--once")
        #expect(ending.code != 0 && ending.output.isEmpty && ending.errors.contains("hint"), "\(ending.errors)")
    }
}
