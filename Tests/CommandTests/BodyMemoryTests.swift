import Model
import TestKit
import Testing

/// What an answer takes of memory, of the whole program.
@Suite struct BodyMemoryTests {
    /// Runs a command and prints the most that it had of the machine's memory, in kB.
    private static let measured = """
        import resource, subprocess, sys
        code = subprocess.run(sys.argv[1:]).returncode
        print("peak=%d" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
        sys.exit(code)
        """

    private func peak(_ body: String) throws -> (megabytes: Int, output: String) {
        let server = try MisbehavingServer { request, peer in
            switch request.path {
            case "/metrics/perf/aggregate": peer.answer(200, body)
            case "/api/health": peer.answer(200, #"{"status":"healthy","mongodb_ping_ms":0.1}"#)
            default: peer.answer(404, "")
            }
        }
        defer { server.stop() }
        let shell = Shell(["MOZAIKS_RUNTIME_URL": server.url])
        let ending = try shell.run(below: ["/usr/bin/env", "python3", "-c", BodyMemoryTests.measured], ["check", "--brief"])
        let line = try #require(ending.errors.split(separator: "\n").first { $0.hasPrefix("peak=") })
        return (Int(line.dropFirst(5)).map { $0 / 1_024 } ?? 0, ending.output)
    }

    @Test("an answer takes its length and some megabytes, not three times as much")
    func once() throws {
        let chat =
            #"{"chat_id":"c","app_id":"a","workflow_name":"w","user_id":"u","started_at":"2026-11-21T09:00:00+00:00","ended_at":null}"#
        let usual = try peak(#"{"active_chats":1,"tracked_chats":1,"chats":[\#(chat)]}"#)
        let blanks = 80
        let large = try peak(#"{"active_chats":1,"tracked_chats":1,"chats":[\#(chat)]}"# + String(repeating: " ", count: blanks << 20))
        #expect(usual.output.contains("1 open chat of 1") && large.output.contains("1 open chat of 1"), "\(usual.output)\(large.output)")
        // What is beyond the smallest lies in the length of the answer and a fifth of it.
        #expect(large.megabytes - usual.megabytes < blanks * 12 / 10, "\(usual.megabytes) and \(large.megabytes) MB")
    }
}
