import Glibc
import Model
import TestKit
import Testing

@testable import Notify

/// Every payload against the models of Slack's own SDK for Python.
@Suite struct SlackModelsTests {
    struct Missing: Error, CustomStringConvertible { let description: String }

    /// What the models say, a line a payload.
    private func verdicts(_ payloads: [JSON]) throws -> [String] {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let python = tests + "/../../.build/venv/bin/python"
        guard access(python, X_OK) == 0 else { throw Missing(description: "no \(python): run 'make setup'") }
        let folder = TemporaryFolder()
        let file = folder.write(payloads.map { $0.serialized() + "\n" }.joined(), to: "payloads")
        let program = try RunningProgram(
            python, [tests + "/slack/validate.py", file], environment: ["PATH": "/usr/bin:/bin"], in: folder.path,
            atMost: 120)
        let ending = program.waitForEnd()
        guard ending.code == 0 else { throw Missing(description: ending.errors) }
        return ending.output.split(separator: "\n").map(String.init)
    }

    @Test func `every message is well formed to Slack's own models`() throws {
        let messages = Sample.messages + Hostile.messages
        let verdicts = try verdicts(messages.map { SlackBlocks.payload($0.message) })
        #expect(verdicts.count == messages.count)
        for (entry, verdict) in zip(messages, verdicts) { #expect(verdict == "ok", "\(entry.name)") }
    }

    @Test func `the models do refuse what is wrong`() throws {
        let long = JSON.string(String(repeating: "x", count: 3_001))
        let wrong: [JSON] = [
            ["blocks": []], ["blocks": [["type": "nonsense"]]],
            ["blocks": [["type": "section", "text": ["type": "mrkdwn", "text": long]]]],
            ["blocks": [["type": "header", "text": ["type": "plain_text", "text": long]]]],
        ]
        #expect(try verdicts(wrong).filter { $0 == "ok" }.isEmpty)
    }
}
