import Glibc
import Model
import TestKit
import Testing

/// Moments and spans as people write them on a command line.
@Suite struct WrittenMomentTests {
    /// A journal of one pass; clocks two hours ahead of UTC.
    private func world(_ body: (Shell) throws -> Void) throws {
        try CheckTests.serving("busy") { url in
            let shell = Shell()
            _ = QuickPolicy.write(to: shell.folder)
            shell.configure(url, "timezone: \"+02:00\"")
            _ = try shell.run("check")
            try body(shell)
        }
    }

    @Test("the end of a silence by the clocks that all moments are shown by")
    func local() throws {
        try world { shell in
            let written = [
                ("2040-07-01T12:00", "2040-07-01T10:00:00.000Z"), ("2040-07-01 12:00:05", "2040-07-01T10:00:05.000Z"),
                ("2040-07-01", "2040-06-30T22:00:00.000Z"),
                ("2040-07-01T12:00:00Z", "2040-07-01T12:00:00.000Z"), ("2040-07-01T12:00:00+02:00", "2040-07-01T10:00:00.000Z"),
            ]
            for (index, one) in written.enumerated() {
                let added = try shell.run("silences", "add", "--rule", "r\(index)", "--until", one.0)
                #expect(added.code == 0, "\(added.everything)")
            }
            _ = try shell.run("silences", "add", "--rule", "clock", "--until", "23:59")
            _ = try shell.run("check")
            let listed = try shell.run("silences", "list", "-o", "json").json()["silences"]?.array ?? []
            let ends = listed.compactMap { $0["until"]?.string }
            #expect(Set(written.map(\.1)).isSubset(of: Set(ends)), "\(ends)")
            #expect(ends.count == written.count + 1 && ends.contains { $0.hasSuffix("T21:59:00.000Z") }, "\(ends)")
        }
    }

    @Test(
        "what is none says how one is written",
        arguments: [
            ("--until", "25:00", "is not a moment"), ("--until", "tomorrow", "such as 23:30 or 2026-11-21T18:00 by the clocks of +02:00"),
            ("--until", "2020-01-01T00:00", "its end, 2020-01-01T00:00:00+02:00, is past"), ("--until", "2040-13-01", "is not a moment"),
            ("--for", "0s", "'0s' is no time at all"), ("--for", "2h30", "write '2h30m'"), ("--for", "1m30", "write '1m30s'"),
            ("--for", "90", "write '90s', or '90m'"),
        ]) func none(option: String, text: String, says: String) throws
    {
        try world { shell in
            let ending = try shell.run("silences", "add", "--rule", "x", option, text)
            #expect(ending.code == 64 && ending.errors.contains(says), "\(ending.errors)")
        }
    }

    @Test("spans and moments before now")
    func past() throws {
        try world { shell in
            for since in ["24h", "2020-01-01", "2020-01-01T00:00", "00:01"] {
                let ending = try shell.run("audit", "export", "--since", since)
                #expect(ending.code == 0, "\(since): \(ending.errors)")
            }
        }
    }

    @Test("an incident's id is no action's, and what is over is not taken back")
    func revert() throws {
        try world { shell in
            let id = try #require(try shell.run("incidents", "list", "-o", "json").json()["incidents"]?.array?.first?["short_id"]?.string)
            let ending = try shell.run("actions", "revert", id)
            #expect(ending.code == 1 && ending.errors.contains("is an incident and no action"), "\(ending.everything)")
        }
    }
}
