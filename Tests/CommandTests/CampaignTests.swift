import Glibc
import TestKit
import Testing

/// Small kill campaigns with the programs as built with the tests; `make chaos` has the whole ones.
@Suite(.serialized) struct CampaignTests {
    @Test("killed fifty times, at random instants and at every named step: nothing lost, nothing twice, nothing left behind")
    func fiftyKills() throws { try Self.run("campaign", ["KILLS": "50", "BRISK": "1"]) }

    /// Without the hangs, which take half a minute each.
    @Test("two monitors and a database that restarts: nothing lost, nothing twice, and one takes over from the other")
    func nineFaults() throws { try Self.run("pair", ["FAULTS": "9", "QUIET": "1"]) }

    private static func run(_ campaign: String, _ settings: [String: String]) throws {
        _ = try start("Chaos/" + campaign, [RunningProgram.built, built("chaos-world")], settings)
    }

    /// A program that is built beside the monitor.
    fileprivate static func built(_ name: String) -> String {
        RunningProgram.built.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/" + name
    }

    /// Returns what a script of the folder of tests printed, once it found nothing.
    fileprivate static func start(_ script: String, _ programs: [String], _ settings: [String: String]) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let folder = TemporaryFolder()
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let program = try RunningProgram(
            "/usr/bin/env", ["python3", root + "/Tests/" + script] + programs,
            environment: settings.merging(
                ["PATH": path, "HOME": folder.path, "SEED": "20261121", "PYTHONDONTWRITEBYTECODE": "1"]
            ) { _, ours in ours }, in: folder.path, atMost: 500)
        let ending = program.waitForEnd()
        #expect(ending.code == 0, "\(ending.everything)")
        #expect(ending.output.contains("\nincidents lost                                                 0\n"), "\(ending.everything)")
        return ending.output
    }
}

/// Two short days of the soak; `make soak` has a month. Their clock is not the world's, so they run beside whatever else does.
@Suite struct SoakTests {
    @Test("two days with all scenarios, restarts, reloads and outages: nothing lost, nothing late, nothing left open")
    func twoDays() throws {
        let settings = ["DAYS": "2", "HOURS": "12", "APPS": "20", "INTERVAL": "60"]
        let output = try CampaignTests.start("Soak/run", [CampaignTests.built("soak")], settings)
        #expect(output.contains("\npolls off their moment, at most"), "\(output)")
    }

    /// Shorter ones: the engine's word to others, each two seconds, makes them long.
    @Test("two days of which a database keeps the journal, and restarts: the same")
    func twoDaysOnADatabase() throws {
        let settings = ["DAYS": "2", "HOURS": "6", "APPS": "20", "INTERVAL": "60", "ENGINE": "postgres"]
        let output = try CampaignTests.start("Soak/run", [CampaignTests.built("soak")], settings)
        #expect(output.contains("; database restarted 4 times"), "\(output)")
    }
}
