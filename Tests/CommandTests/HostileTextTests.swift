import Glibc
import JSONParsing
import Model
import Simulator
import TestKit
import Testing

/// Ids and texts that tenants chose to do harm on an operator's screen, through every command that shows them.
@Suite struct HostileTextTests {
    static let ids = [
        "clear\u{1B}[2J\u{1B}[31mRED", "title\u{1B}]0;owned\u{7}", "c1\u{9B}31m", "bell\u{7}\u{8}\u{7F}",
        "cr\rOK: nothing to see", "lf\nOK: nothing to see", "crlf\r\nOK: nothing to see", "sep\u{2028}OK: nothing to see",
        "next\u{85}OK: nothing to see", "bar | 'shared open_chats'=0", "bidi\u{202E}txet", "iso\u{2066}x\u{2069}\u{61C}",
        "zero\u{200B}\u{200D}\u{FEFF}\u{2060}width", "tab\tOK", "tag\u{E0041}", "e\u{301}", "\u{E9}", "nul\u{0}x", " blank ", "",
        "back\\slash", "end\\", #"\u{202e}txet"#, #"n\nOK: nothing to see"#, #"\"quoted\""#, #"\\"#, #"e\u{301}"#, #"%5C\x1b"#,
    ]

    /// A folder of recordings whose tenants have these ids, and whose runtime says this of itself.
    private static func recordings(health: String? = nil) throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        let copy = try RunningProgram(
            "/bin/cp", ["-r", Fixtures.copies + "/INDEX.json", Fixtures.copies + "/busy", "."], in: folder.path)
        try #require(copy.waitForEnd().code == 0)
        var aggregate = try JSON(parsing: #require(folder.read("busy/aggregate.json")))
        let template = try #require(aggregate["chats"]?[0]?.object)
        let chats = ids.enumerated().map { index, id -> JSON in
            var chat = template
            chat["chat_id"] = .string("chat-\(index)")
            chat["app_id"] = .string(id)
            chat["workflow_name"] = .string(id)
            chat["ended_at"] = .null
            return .object(chat)
        }
        var object = try #require(aggregate.object)
        object["chats"] = .array(chats)
        aggregate = .object(object)
        folder.write(aggregate.serializedBytes(), to: "busy/aggregate.json")
        if let health {
            let answer: JSON = ["status": "unhealthy", "error": .string(health), "mongodb": .string(health)]
            folder.write(answer.serializedBytes(), to: "busy/health.json")
        }
        return folder
    }

    private static func serving(_ folder: TemporaryFolder, _ body: (String) throws -> Void) throws {
        let server = try FixtureServer(folder: folder.path("busy"))
        try server.start()
        defer { server.stop() }
        try body(server.url)
    }

    /// Rules that are true of every app at once: one that fires, one that waits.
    private static func policies(_ folder: TemporaryFolder) -> String {
        mkdir(folder.path("policies"), 0o700)
        folder.write(
            """
            schema: mozaiks.ops/policy/v1
            ops_policy: default
            mode: enforce
            allowed_actions: [notify, throttle]
            rules:
              any: {subject: app, when: open_runs > 0, for: 0s, severity: warning, actions: [notify, {throttle: {concurrent_workflows: 2, ttl: 5m}}]}
              soon: {subject: app, when: open_runs > 0, for: 10m, severity: warning}

            """, to: "policies/ops_policy.default.yaml")
        return folder.path("policies")
    }

    /// Nothing but what is seen, and no line that somebody else wrote.
    private static func expectSafe(_ text: String, _ words: [String]) {
        let bad = text.unicodeScalars.filter { $0 != "\n" && Shown.isInvisible($0) }
        #expect(bad.isEmpty, "\(words): \(bad.map { String($0.value, radix: 16) })")
        for line in text.split(separator: "\n") { #expect(!line.hasPrefix("OK: nothing"), "\(words): \(line)") }
    }

    @Test func noCommandPrintsWhatATenantChoseAsItIs() throws {
        try Self.serving(Self.recordings()) { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let policies = Self.policies(shell.folder)
            let first = try shell.run("check", "--policies", policies, "--log-level", "debug")
            #expect(first.code == 1)
            Self.expectSafe(first.everything, ["check"])
            let listed = try shell.run("incidents", "list", "-o", "json")
            let incidents = try #require(listed.json()["incidents"]?.array)
            #expect(
                Set(incidents.compactMap { $0["subject"]?["id"]?.string ?? $0["subject"]?["app"]?.string }.map { Array($0.utf8) }).count > 1
                    || !incidents.isEmpty)
            #expect(incidents.count == Self.ids.count || incidents.count == Self.ids.count - 1)
            var commands = [
                ["check", "--policies", policies], ["check", "--policies", policies, "--brief", "--perfdata"],
                ["check", "--policies", policies, "-o", "json"], ["evaluate", "--policies", policies, "--url", url],
                ["evaluate", "--policies", policies, "--url", url, "-o", "json"], ["incidents", "list"],
                ["incidents", "list", "-o", "json"], ["status"], ["status", "--brief", "--perfdata"], ["status", "-o", "json"],
                ["actions", "list"], ["notify", "history"], ["audit", "export"],
                ["silences", "list"], ["doctor", "--url", url],
                ["policy", "explain", "soon", "--policies", policies],
            ]
            for id in incidents.compactMap({ $0["id"]?.string }) {
                commands += [["incidents", "show", id], ["incidents", "show", id, "-o", "json"], ["notify", "route", id]]
            }
            for id in incidents.prefix(3).compactMap({ $0["id"]?.string }) { commands.append(["incidents", "explain", id]) }
            for words in commands {
                let ending = try shell.run(words)
                #expect(
                    ending.code != nil && !ending.output.isEmpty || words == ["policy", "explain", "soon", "--policies", policies],
                    "\(words)")
                Self.expectSafe(ending.everything, words)
            }
        }
    }

    @Test func aPluginsLineIsOneLineWithOneBar() throws {
        for health in [nil] + Self.ids.map(Optional.some) {
            try Self.serving(Self.recordings(health: health)) { url in
                let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
                let policies = Self.policies(shell.folder)
                let ending = try shell.run("check", "--brief", "--perfdata", "--policies", policies)
                #expect(ending.code == 1)
                let lines = ending.output.split(separator: "\n")
                #expect(lines.count == 1 && lines[0].hasPrefix("WARNING: "), "\(ending.output)")
                #expect(ending.output.utf8.count { $0 == UInt8(ascii: "|") } == 1, "\(ending.output)")
                Self.expectSafe(ending.everything, ["check", health ?? ""])
            }
        }
    }

    @Test func theDaemonsLogAndEventsHoldNothingRawEither() throws {
        try Self.serving(Self.recordings()) { url in
            let shell = Shell()
            _ = Self.policies(shell.folder)
            shell.configure(url)
            for format in ["logfmt", "json"] {
                let daemon = try shell.start(["run", "--events", "--log-format", format, "--state", shell.folder.path(format)])
                #expect(daemon.waits { output, errors in output.contains("opened") && errors.contains("firing") })
                let ending = daemon.ending(SIGTERM)
                #expect(ending.code == 0)
                Self.expectSafe(ending.everything, ["run", format])
            }
        }
    }

    /// What the operator wrote himself: file names, values of variables, arguments, comments.
    @Test func whatTheOperatorWroteStaysOnItsLine() throws {
        let evil = "\nOK: nothing to see\u{1B}[31m"
        try Self.serving(Self.recordings()) { url in
            var shell = Shell()
            let folder = shell.folder.path("conf" + evil)
            mkdir(folder, 0o700)
            mkdir(folder + "/pol" + evil, 0o700)
            shell.folder.write(
                """
                schema: mozaiks.ops/policy/v1
                ops_policy: default
                rules:
                  any: {subject: app, when: open_runs > 0, for: 0s, severity: warning, summary: "s\\nOK: nothing to see", labels: {team: "t\\nOK: nothing to see"}}

                """, to: "conf\(evil)/pol\(evil)/ops_policy.default.yaml")
            let file = shell.folder.write(
                """
                schema: mozaiks.ops/config/v1
                environment: "${A}"
                policies: "${P}"
                runtimes: {shared: {replicas: ["\(url)"], labels: {x: "l\\nOK: nothing to see"}}}
                maintenance: [{hours: "02:00-04:00", comment: "c\\nOK: nothing to see"}]

                """, to: "conf\(evil)/c\(evil).yaml")
            shell.environment = ["A": "prod" + evil, "P": folder + "/pol" + evil, "MOZAIKS_OPS_STATE": folder + "/state" + evil]
            let z = "z" + evil
            let words: [[String]] = [
                ["config", "show"], ["config", "check"], ["policy", "check"], ["policy", "show"], ["policy", "show", z],
                ["policy", "test"], ["check"],
                ["check", "--brief", "--perfdata"], ["status"], ["status", "--brief"], ["doctor", "--wait", "10ms"], ["evaluate"],
                ["incidents", "list"],
                ["incidents", "list", "--status", z], ["incidents", "show", z], ["explain", z], ["actions", "stop", "--comment", z],
                ["actions", "list"],
                ["actions", "resume"], ["actions", "revert", z], ["notify", "test"], ["notify", "history"], ["notify", "route", z],
                ["silences", "add", "--app", z, "--for", "1h", "--comment", z], ["silences", "add", "--app", z, "--until", z],
                ["silences", "list"],
                ["audit", "export"], ["audit", "verify"], ["journal", "check"], ["journal", "backup", folder + "/backup" + evil],
                ["token", "create", z, "--role", "viewer"], ["token", "list"], ["mark", z], ["mark", "deploy", z], ["playbooks", "list"],
                ["playbooks", "show", z],
                ["playbooks", "check", z], ["replay", z], ["simulate", z], ["completion", z], ["init", z], [z], ["--" + z],
                ["check", "--interval", z],
                ["check", "--state", folder + "/nowhere" + evil], ["status", "--state", folder + "/nowhere" + evil],
            ]
            for list in words {
                let hasFile = ![z, "--" + z].contains(list[0]) && !["completion", "simulate", "init"].contains(list[0])
                let ending = try shell.run(list + (hasFile ? ["--config", file] : []))
                #expect(ending.code != nil, "\(list)")
                Self.expectSafe(ending.everything, list)
            }
            // A file whose name alone says it: found in a folder, not written by whoever asks.
            shell.folder.write("nope: 1\n", to: "conf\(evil)/pol\(evil)/ops_policy.a\nOK: nothing to see.yaml")
            for list in [["policy", "check"], ["check"], ["check", "--brief"], ["config", "check"], ["doctor", "--wait", "10ms"]] {
                let ending = try shell.run(list + ["--config", file])
                #expect(ending.code != 0, "\(list)")
                Self.expectSafe(ending.everything, list)
            }
        }
    }

    @Test func idsThatLookAlikeAreToldApartInLists() throws {
        try Self.serving(Self.recordings()) { url in
            let shell = Shell(["MOZAIKS_RUNTIME_URL": url])
            let policies = Self.policies(shell.folder)
            _ = try shell.run("check", "--policies", policies)
            let listed = try shell.run("incidents", "list").output
            #expect(listed.contains(#"app e\u{301} on "#) && listed.contains("app é on ") && listed.contains(#"app e\u{5c}u{301} on "#))
            // What a line calls an app, no other line does.
            let apps = listed.split(separator: "\n").compactMap { line in line.range(ofText: "app ").map { String(line[$0...]) } }
            #expect(apps.count > 20 && Set(apps.map { Array($0.utf8) }).count == apps.count, "\(listed)")
        }
    }
}

extension Substring {
    /// Where a text begins.
    fileprivate func range(ofText text: String) -> Index? {
        indices.first { self[$0...].hasPrefix(text) }
    }
}
