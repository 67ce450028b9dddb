import Glibc
import JSONParsing
import Model
import TestKit
import Testing

/// What is asked about is not there: no journal yet, or an id that nothing has.
@Suite struct NothingThereTests {
    static let listings = [
        ["incidents", "list"], ["incidents", "show", "a3f2"], ["incidents", "explain", "a3f2"], ["actions", "list"],
        ["actions", "approvals"],
        ["silences", "list"], ["mark", "list"], ["notify", "history"], ["notify", "route", "a3f2"], ["audit", "verify"],
        ["policy", "readiness"], ["status"], ["actions", "revert", "lease-1"], ["incidents", "ack", "a3f2"],
        ["silences", "expire", "silence-1"], ["runtimes", "list"], ["apps", "list"],
    ]

    @Test("without a journal programs get a document that says so, people a line and a hint", arguments: listings.indices, [false, true])
    func noJournal(index: Int, hasFolder: Bool) throws {
        let words = Self.listings[index]
        let shell = Shell()
        if hasFolder { mkdir(shell.state, 0o700) }
        let code: Int32 = words == ["status"] ? 3 : 1
        let json = try shell.run(words + ["-o", "json"])
        let document = try json.json()
        #expect(json.code == code && document["schema"]?.string == "mozaiks.ops/errors/v1" && document["ok"] == false, "\(words): \(json)")
        #expect(
            document["diagnostics"]?[0]?["message"]?.string?.isEmpty == false
                && document["diagnostics"]?[0]?["hint"]?.string?.isEmpty == false, "\(json)")
        if words == ["status"] {
            #expect(document["status"]?.string == "unknown" && document["line"]?.string?.hasPrefix("UNKNOWN: ") == true, "\(json)")
        }
        let text = try shell.run(words)
        #expect(
            text.code == code && text.output.isEmpty && text.errors.hasPrefix("mozaiks-ops: ") && text.errors.contains("\n  hint: "),
            "\(text)")
    }

    @Test("a plugin's line without a journal is one line, in whatever form") func plugin() throws {
        for words in [["status", "--brief"], ["status", "--perfdata"], ["status", "--brief", "--perfdata"]] {
            let ending = try Shell().run(words)
            #expect(
                ending.code == 3 && ending.output.hasPrefix("UNKNOWN: ") && ending.output.split(separator: "\n").count == 1, "\(ending)")
        }
    }

    @Test(
        "wrong usage is a document too, where one is asked for",
        arguments: [
            ["incidents", "list", "--nope", "-o", "json"], ["incidents", "list", "--limit", "0", "--output=json"],
            ["actions", "revert", "-o", "json"],
        ])
    func usage(words: [String]) throws {
        let ending = try Shell().run(words)
        #expect(ending.code == 64, "\(ending)")
        #expect(try ending.json()["diagnostics"]?[0]?["code"]?.string == "usage", "\(ending)")
    }

    /// What names nothing, with the words that say so.
    static let unknown: [([String], String)] = [
        (["incidents", "show", "zzzz"], "no incident's id begins with 'zzzz'"),
        (["incidents", "ack", "zzzz"], "no incident's id begins with 'zzzz'"),
        (["incidents", "unack", "zzzz"], "no incident's id begins with 'zzzz'"),
        (["incidents", "explain", "zzzz"], "no incident's id begins with 'zzzz'"),
        (["notify", "route", "zzzz"], "no incident's id begins with 'zzzz'"),
        (["notify", "history", "--incident", "zzzz"], "no incident's id begins with 'zzzz'"),
        (["silences", "add", "--incident", "zzzz", "--for", "1h"], "no incident's id begins with 'zzzz'"),
        (["incidents", "ack", "digest-zzzz"], "no digest 'digest-zzzz' holds an open incident"),
        (["actions", "revert", "lease-zzzz"], "there is no lease 'lease-zzzz'"),
        (["actions", "approve", "zzzz"], "there is no approval 'zzzz'"),
        (["actions", "deny", "zzzz"], "there is no approval 'zzzz'"),
        (["silences", "expire", "silence-zzzz"], "no silence 'silence-zzzz' is in force"),
        (["token", "revoke", "zzzz"], "there is no token 'zzzz'"),
        (["mark", "deploy", "v1", "--runtime", "zzzz"], "there is no runtime 'zzzz'"),
        (["explain", "--why-not", "crowded", "--runtime", "zzzz"], "there is no runtime 'zzzz'"),
        (["playbooks", "show", "zzzz"], "there is no playbook 'zzzz'"),
        (["policy", "explain", "zzzz"], "there is no rule 'zzzz'"),
    ]

    @Test("an id that nothing has is said to be unknown, alike everywhere") func unknownIDs() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            #expect(try shell.run("check", "--brief").code == 1)
            for (words, says) in Self.unknown {
                let ending = try shell.run(words)
                #expect(ending.code == 1 && ending.output.isEmpty, "\(words): \(ending)")
                #expect(ending.errors.contains("mozaiks-ops: \(says)\n  hint: "), "\(words): \(ending.errors)")
                #expect(!ending.errors.contains(shell.state), "\(words): \(ending.errors)")
            }
            for words in [
                ["actions", "revert", ""], ["silences", "expire", ""], ["incidents", "ack", ""], ["token", "revoke", ""],
                ["actions", "approve", ""],
            ] {
                let ending = try shell.run(words)
                #expect(ending.code == 64 && ending.errors.contains(" is empty"), "\(words): \(ending)")
            }
        }
    }

    @Test("what was meant is named") func near() throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url)
            #expect(try shell.run("check", "--brief").code == 1)
            let short = try #require(try shell.run("status", "-o", "json").json()["incidents"]?[0]?["short_id"]?.string)
            let slip = String(short.dropLast()) + "z"
            #expect(try shell.run("incidents", "ack", slip).errors.contains("hint: did you mean '\(short)'?"))
            #expect(try shell.run("token", "create", "maria-phone").code == 0)
            #expect(try shell.run("token", "revoke", "maria-fone").errors.contains("hint: did you mean 'maria-phone'?"))
            #expect(try shell.run("silences", "add", "--rule", "*", "--for", "1h").code == 0)
            #expect(try shell.run("check", "--brief").code == 1)
            let silence = try #require(try shell.run("silences", "list", "-o", "json").json()["silences"]?[0]?["id"]?.string)
            let digits = String(silence.dropFirst("silence-".count))
            for given in [digits, String(digits.prefix(4)), String(silence.dropLast()) + "z"] {
                let ending = try shell.run("silences", "expire", given)
                #expect(ending.code == 1 && ending.errors.contains("hint: did you mean '\(silence)'?"), "\(given): \(ending)")
            }
        }
    }
}
