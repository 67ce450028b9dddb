import CSQLite
import Glibc
import JSONParsing
import Model
import Simulator
import TestKit
import Testing

/// `audit verify` and `audit export`, by the built program, after somebody was at the journal with sqlite3.
@Suite struct AuditCommandTests {
    /// A journal with decisions in it: in observe mode, so they are what would have been done.
    private func withDecisions(_ body: (Shell) throws -> Void) throws {
        let simulator = SimulatorServer(try #require(Scenario.named("busy")))
        try simulator.start()
        defer { simulator.stop() }
        let url = simulator.urls[0]
        do {
            var shell = Shell()
            mkdir(shell.folder.path("policies"), 0o700)
            shell.folder.write(
                """
                schema: mozaiks.ops/policy/v1
                ops_policy: default
                mode: observe
                window: 5s
                allowed_actions: [notify, throttle]
                rules:
                  crowded:
                    subject: app
                    when: active_runs >= 1
                    for: 0s
                    severity: warning
                    summary: More open runs than we like.
                    actions:
                      - throttle: {concurrent_workflows: 1, ttl: 15m}

                """, to: "policies/ops_policy.default.yaml")
            shell.folder.write(
                """
                schema: mozaiks.ops/config/v1
                policies: \(shell.folder.path("policies"))
                interval: 1s
                runtimes: {shared: {replicas: [\(url)]}}
                actions: {gate: {listen: "127.0.0.1:0"}}
                guard: {quiet_after_restart: 0s, blast_radius: 100%, storm: 1000 in 1s}

                """, to: "mozaiks-ops.yaml")
            shell.environment["MOZAIKS_OPS_CONFIG"] = shell.folder.path("mozaiks-ops.yaml")
            let program = try shell.start(["run"])
            #expect(program.waits { _, log in log.contains("action would_have") }, "\(program.errors)")
            program.send(SIGTERM)
            #expect(program.waitForEnd().code == 0)
            #expect(program.errors.contains("audit log"), "the head is logged")
            try body(shell)
        }
    }

    private func forge(_ shell: Shell, _ sql: String) throws {
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        try #require(sqlite3_open(shell.state + "/journal.db", &handle) == SQLITE_OK)
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle)))")
    }

    private static let triggers = "DROP TRIGGER audit_keeps_its_rows; DROP TRIGGER audit_keeps_its_values;"

    @Test func aLogThatNobodyTouchedIsIntactAndShowsItsHead() throws {
        try withDecisions { shell in
            let ending = try shell.run("audit", "verify")
            #expect(ending.code == 0 && ending.firstLine.hasPrefix("intact: "), "\(ending.everything)")
            let document = try shell.run("audit", "verify", "-o", "json").json()
            let head = try #require(document["head"]?.string)
            #expect(document["status"]?.string == "intact" && ending.firstLine.hasSuffix(head))
            #expect(try shell.run("audit", "verify", "--head", head).code == 0)
        }
    }

    @Test func whatWouldHaveBeenDoneIsExportedWithActorReasonAndDigest() throws {
        try withDecisions { shell in
            let lines = try shell.run("audit", "export").output.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
            #expect(!lines.isEmpty && lines.map { $0["seq"]?.int } == (1...Int64(lines.count)).map { $0 })
            for line in lines {
                #expect(line["schema"]?.string == "mozaiks.ops/audit/v1")
                #expect(line["actor"]?.string == "engine" && line["reason"]?.string?.isEmpty == false)
                #expect(line["digest"]?.string?.utf8.count == 64 && line["document"]?.object != nil)
            }
            for (line, next) in zip(lines, lines.dropFirst()) { #expect(next["previous"] == line["digest"]) }
            let kinds = Set(lines.compactMap { $0["kind"]?.string })
            #expect(kinds.contains("decision.would_have"), "\(kinds)")
            #expect(try shell.run("audit", "export", "--since", "1h").output.split(separator: "\n").count == lines.count)
            #expect(try shell.run("audit", "export", "--since", "2999-01-01T00:00:00Z").output.isEmpty)
        }
    }

    @Test(
        "a row that was changed, taken out, put in or cut off is named and ends with 1",
        arguments: [
            ("UPDATE audit SET reason = 'because' WHERE seq = 1", "BROKEN at row 1: its contents do not match its digest"),
            ("DELETE FROM audit WHERE seq = 1", "BROKEN at row 1: the row is missing"),
            ("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", "the log does not end where it was recorded to end"),
            (
                "INSERT INTO audit SELECT seq + 1, at_ms, actor, kind, reason, document, digest, digest FROM audit ORDER BY seq DESC LIMIT 1",
                "its contents do not match its digest"
            ),
            ("DELETE FROM audit; DELETE FROM meta", "BROKEN at row 1: the log is empty, but the journal holds"),
        ])
    func forged(sql: String, finding: String) throws {
        try withDecisions { shell in
            try forge(shell, AuditCommandTests.triggers + sql)
            let ending = try shell.run("audit", "verify")
            #expect(ending.code == 1)
            #expect(ending.output.contains(finding), "\(ending.output)")
            #expect(try shell.run("audit", "verify", "-o", "json").json()["status"]?.string == "broken")
        }
    }

    @Test func aLogCutShortTogetherWithItsRecordedEndIsFoundByTheHeadThatWasKept() throws {
        try withDecisions { shell in
            let head = try #require(try shell.run("audit", "verify", "-o", "json").json()["head"]?.string)
            try forge(
                shell,
                AuditCommandTests.triggers + """
                    DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit);
                    UPDATE meta SET value = (SELECT seq || ':' || lower(hex(digest)) FROM audit ORDER BY seq DESC LIMIT 1) WHERE key = 'audit_head';
                    CREATE TRIGGER audit_keeps_its_rows BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, ''); END;
                    CREATE TRIGGER audit_keeps_its_values BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, ''); END;
                    """)
            #expect(try shell.run("audit", "verify").code == 0, "nothing inside the journal tells")
            let ending = try shell.run("audit", "verify", "--head", head)
            #expect(ending.code == 1 && ending.output.contains("it was cut short"), "\(ending.output)")
        }
    }
}
