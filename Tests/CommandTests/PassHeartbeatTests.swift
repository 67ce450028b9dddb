import CSQLite
import Glibc
import TestKit
import Testing

/// A pass of `check` that said that it begins says that it ended, whatever ends it.
@Suite struct PassHeartbeatTests {
    /// A runtime that never answers, and a service that hears pings, at one server.
    private func place(_ body: (Shell, MisbehavingServer) throws -> Void) throws {
        let server = try MisbehavingServer { request, peer in
            guard request.path.hasPrefix("/beat-hunter2") else { return peer.waitUntilClosed() }
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
        }
        defer { server.stop() }
        var shell = Shell(["MOZAIKS_RUNTIME_URL": server.url, "MOZAIKS_HEARTBEAT_URL": server.url + "/beat-hunter2"])
        shell.environment["MOZAIKS_OPS_STATE"] = shell.state
        try body(shell, server)
    }

    private func beats(_ server: MisbehavingServer) -> [String] {
        server.requests.map(\.path).filter { $0.hasPrefix("/beat-hunter2") }
    }

    @Test("a signal while a runtime does not answer", arguments: [SIGTERM, SIGINT, SIGHUP]) func signals(number: Int32) throws {
        try place { shell, server in
            let running = try shell.start(["check", "--brief"])
            while !server.requests.contains(where: { !$0.path.hasPrefix("/beat") }) || beats(server).isEmpty { sched_yield() }
            running.send(number)
            let ending = running.waitForEnd()
            #expect(ending.signal == number && ending.code == nil, "whoever waits sees by what it ended: \(ending)")
            #expect(beats(server) == ["/beat-hunter2/start", "/beat-hunter2/\(128 + number)"])
        }
    }

    @Test func whatCannotBeReadAfterTheStartEndsItToo() throws {
        try place { shell, server in
            let first = try shell.run("check", "--brief")
            #expect(first.code != nil)
            var database: OpaquePointer?
            #expect(sqlite3_open(shell.state + "/journal.db", &database) == SQLITE_OK)
            let row = "INSERT INTO placements VALUES ('lease-1', 'x', 0, 0, '{', 0)"
            #expect(sqlite3_exec(database, row, nil, nil, nil) == SQLITE_OK)
            sqlite3_close(database)
            let before = beats(server).count
            let ending = try shell.run("check", "--brief")
            #expect(ending.code == 3 && ending.output.hasPrefix("UNKNOWN: "), "\(ending)")
            #expect(Array(beats(server).dropFirst(before)) == ["/beat-hunter2/start", "/beat-hunter2/3"], "\(ending)")
        }
    }
}
