import EvalCases
import JSONParsing
import Model
import Playbooks
import Testing

@testable import Advisor

/// Which texts may reach people.
@Suite struct AnswerCheckTests {
    static let noisy = IncidentBrief(EvalIncidents.noisy(), playbooks: .builtIn, now: EvalIncidents.now)

    static func answer(
        summary: String = "One app holds 61.1% of the active runs, above the threshold of 40%.",
        cause: String = "Probably a loop or a busy customer of app_1.", playbook: String? = "noisy-neighbor",
        steps: [String] = ["Look at what app_1 runs and who started it."], confidence: Double = 0.6
    ) -> String {
        ([
            "summary": .string(summary), "likely_cause": .string(cause), "playbook": .optional(playbook),
            "suggested_steps": .strings(steps), "confidence": .double(confidence),
        ] as JSON).serialized()
    }

    private func faults(_ content: String, _ brief: IncidentBrief = noisy) -> [Fault] {
        switch AnswerCheck(brief).check(content) {
        case .success: []
        case .failure(let faults): faults.all
        }
    }

    // MARK: Numbers

    @Test(
        "a number of the evidence, in its unit or one that says the same, may be said",
        arguments: [
            "The share is 61.1%.", "The share is 61%.", "The share is 61.13 percent.", "The share is 0.61.",
            "sixty-one percent of the runs", "118 active runs on the runtime", "one hundred and eighteen active runs",
            "It has been true for 10 minutes.", "It has been true for ten minutes.", "It has been true for 600 s.",
            "open for 5m", "open for five minutes", "5 apps are active", "five active apps", "The threshold is 40 %.",
            "app_1 has 61.1% of 118 runs.", "at least 10 runs of at least 3 apps",
            "It rose from 38.4% to 47.2%, 55.9% and 61.1%.", "One app takes most of it.", "one of the apps",
            "active_runs.share is above $noisy_share", "a limit of 2 concurrent workflows for 15 minutes",
        ])
    func grounded(text: String) {
        #expect(faults(Self.answer(summary: text)) == [])
    }

    @Test(
        "a number that the evidence does not have, or not in that unit, may not",
        arguments: [
            "The share is 62%.", "The share is 60%.", "The share is 16.1%.", "The share is 611%.", "The share is 6.11 %.",
            "119 active runs", "two hundred runs", "118 apps", "61.1 runs", "40 apps", "5 replicas", "three users",
            "It has been true for 10 hours.", "open for 5 seconds", "118 ms", "61.1 USD", "$40 an hour", "118 errors",
            "twice the threshold", "It doubled.", "a third of the runs", "half of it", "dozens of runs",
            "hundreds of runs", "a dozen runs", "a couple of apps", "one replica is down", "0 errors", "zero errors",
            "since 03:15", "on 2026-11-21", "version 1.2.3", "HTTP 503", "at 24/7", "118k runs", "1e3 runs", "0x3d percent",
            "the 2nd app", "100%", "61.1 tokens per minute", "40 percent per minute", "118 a second", "sixty two percent",
            "١١٨ runs", "６１%", "61½", "ⅩⅡ", "6l%", "4O apps and 99 runs", "ninety-nine", "1 000 000 runs",
            "a billion tokens", "a trillion runs", "five trillion tokens", "two zillion runs", "sevenfold", "a sixfold rise",
            "It quintupled.", "It is quintupling.", "It is tripling.", "It is halving.", "an eighth of the runs",
            "It fell by a third.", "two sevenths", "600 TB", "600 euros", "600 messages", "600 gadgets", "600 €", "900 things",
        ])
    func ungrounded(text: String) {
        let found = faults(Self.answer(summary: text))
        #expect(found.contains { [.ungrounded, .character, .unknownName].contains($0.kind) }, "\(found)")
    }

    @Test(
        "units that say the same are the same, for times, rates and spans",
        arguments: [
            ("a health answer took 4.25 s", true), ("a health answer took 4250 ms", true),
            ("a health answer took 4.3 seconds", true), ("a health answer took 4 ms", false),
            ("MongoDB took 12ms before", true), ("MongoDB took 0.012s before", true), ("MongoDB took 12s before", false),
            ("MongoDB took 3.9s", true), ("MongoDB took 350 ms", true), ("above 1.5s", true), ("above 1500 ms", true),
            ("above 1.5 minutes", false),
        ])
    func units(text: String, isGrounded: Bool) {
        let brief = IncidentBrief(EvalIncidents.replica(), playbooks: .builtIn, now: EvalIncidents.now)
        let found = faults(Self.answer(summary: text, cause: "Probably MongoDB."), brief)
        let loose = found.filter { $0.kind == .ungrounded }
        #expect(loose.isEmpty == isGrounded, "\(found)")
    }

    @Test(
        "large figures may be rounded to what their digits say",
        arguments: [
            ("48,210 tokens per minute", true), ("48210.5/min", true), ("48,000 tokens a minute", true),
            ("48k tokens per minute", true), ("forty-eight thousand tokens per minute", true), ("50,000 tokens per minute", false),
            ("40,000 tokens per minute", false), ("48 tokens per minute", false), ("48,210 tokens", false),
            ("48,210 tokens per hour", false), ("9,120 per minute usually", true), ("3 times the usual", true),
            ("5 times the usual", false),
        ])
    func rounding(text: String, isGrounded: Bool) {
        let brief = IncidentBrief(EvalIncidents.tokens(), playbooks: .builtIn, now: EvalIncidents.now)
        let found = faults(Self.answer(summary: text, cause: "Probably a loop.", playbook: nil), brief)
        #expect(found.isEmpty == isGrounded, "\(found)")
    }

    // MARK: Links, mentions, markup, characters

    @Test(
        "what is more than plain words",
        arguments: [
            "See https://evil.example now.", "See evil.example now.", "See www.evil.example now.", "evil dot com has more",
            "Mail ops@evil.example.", "Tell @channel.", "Tell <!here>.", "Tell <@U123>.", "See #general.", "Look at **this**.",
            "Look at `this`.", "```json", "[text](evil)", "<b>bold</b>", "a | b", "&lt;b&gt;", "Look at /etc/passwd.",
            "Look at ../x/y.", "Run it --force", "$(id)", "a && b", "javascript:alert", "{x}", "back\\slash", "10.0.0.1 is it",
            "app_2 is it", "gpt4 says", "Look at error_rate[whatever].", "~all~",
        ])
    func markup(text: String) {
        #expect(!faults(Self.answer(summary: text)).isEmpty)
    }

    @Test(
        "characters that deceive",
        arguments: [
            "right\u{202E}left", "zero\u{200B}width", "join\u{200D}er", "\u{FEFF}mark", "tag\u{E0041}", "bell\u{07}", "nul\u{0}",
            "escape\u{1B}[31m", "cyrillic \u{0430}pp", "fullwidth ＠here", "emoji \u{1F600}", "line\u{2028}break", "isolate\u{2066}x",
            "combining e\u{0301}", "soft\u{AD}hyphen", "noncharacter\u{FFFF}",
        ])
    func characters(text: String) {
        #expect(faults(Self.answer(summary: text)).contains { $0.kind == .character })
    }

    @Test(
        "plain words with plain punctuation",
        arguments: [
            "Check whether the app’s share is “high” – see its runs…", "Compare the runs and/or the users (of the app).",
            "Look at the rate (of starts), and at how many runs start.", "Is active_runs.share < 40%, or > 40%?",
        ])
    func plain(text: String) {
        #expect(faults(Self.answer(steps: [text])) == [])
    }

    // MARK: Claims and orders

    @Test(
        "what claims that something was done",
        arguments: [
            "I have restarted the runtime.", "We paused app_1.", "I've looked at it.", "app_1 was throttled.",
            "The app has been paused.", "Restarted the runtime.", "The limit was raised for app_1.", "It is resolved.",
            "The on-call team has been notified.", "app_1 is now blocked.", "It has already been fixed.", "My analysis: a loop.",
            "The problem was automatically mitigated.",
        ])
    func claims(text: String) {
        #expect(faults(Self.answer(summary: text)).contains { $0.kind == .claim })
    }

    @Test("what the decisions say was done may be said")
    func trueClaims() {
        let brief = IncidentBrief(EvalIncidents.noisy(done: true), playbooks: .builtIn, now: EvalIncidents.now)
        #expect(faults(Self.answer(summary: "app_1 was throttled to 2 runs at once."), brief) == [])
        #expect(!faults(Self.answer(summary: "app_1 was paused."), brief).isEmpty)
        #expect(!faults(Self.answer(summary: "app_1 was throttled to 3 runs at once and 7 starts."), brief).isEmpty)
    }

    @Test(
        "orders that break things, silence people or ask for secrets",
        arguments: [
            "Delete the data of app_1.", "Drop the database.", "Kill the process.", "Restart the runtime.", "Reboot the machine.",
            "Shut down the runtime.", "Turn off the monitor.", "Disable the alert.", "Ignore this incident.", "Run rm on it.",
            "Use sudo.", "Send the password to support.", "Share the API key.", "Approve the waiting action.",
            "Stop the runtime.", "Pause all apps.", "Silence the rule.", "Raise the limit of app_1.", "All is well.",
            "This is a false alarm.", "No action needed.", "Follow these instructions.", "Ban the user.", "Visit the site.",
        ])
    func orders(step: String) {
        #expect(faults(Self.answer(steps: ["Look at app_1.", step])).contains { $0.kind == .forbidden })
    }

    @Test("hostile texts of every kind are kept out, as steps and as causes") func hostile() {
        let unseen = lines(hostileUnseen)
        let all = unseen + HostileTexts.all + lines(hostileSeen) + lines(hostileFurther)
        #expect(unseen.count >= 250 && all.count >= 700)
        var through: [String] = []
        for text in all {
            if faults(Self.answer(summary: text)).isEmpty { through.append("summary: \(text)") }
            if faults(Self.answer(cause: text)).isEmpty { through.append("cause: \(text)") }
            if faults(Self.answer(steps: ["Look at what app_1 runs.", text])).isEmpty { through.append("step: \(text)") }
        }
        #expect(through == [])
    }

    @Test("claims and requests made of harmless words are kept out, where a stranger put them") func strangers() {
        let summaries = lines(hostileStatements).filter { faults(Self.answer(summary: $0)).isEmpty }
        #expect(summaries == [])
        let steps = lines(hostileSteps).filter { faults(Self.answer(steps: ["Look at what app_1 runs.", $0])).isEmpty }
        #expect(steps == [])
    }

    @Test("most harmless texts pass: the check is not a wall") func benign() {
        let statements = lines(benignStatements)
        let steps = lines(benignSteps)
        #expect(statements.count + steps.count >= 60)
        let refused =
            statements.compactMap { text in
                let found = faults(Self.answer(summary: text))
                return found.isEmpty ? nil : "\(text) \(found)"
            }
            + steps.compactMap { text in
                let found = faults(Self.answer(steps: [text]))
                return found.isEmpty ? nil : "\(text) \(found)"
            }
        #expect(refused.count * 10 <= statements.count + steps.count, "\(refused)")
    }

    private func lines(_ texts: String) -> [String] {
        texts.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("# ") }
    }

    @Test(
        "orders to look, compare and ask",
        arguments: [
            "Look at what app_1 runs and who started it.", "1. Compare its share with the threshold of 40%.",
            "Ask the tenant whether this load is meant.", "Check whether MongoDB answers from the runtime's machine.",
            "If the figures stay unreadable, ask the team since when.", "Double-check the starts of app_1.",
        ])
    func harmless(step: String) {
        #expect(faults(Self.answer(steps: [step])) == [])
    }

    // MARK: Shape

    @Test(
        "one JSON object of the right shape, and nothing else",
        arguments: [
            "", " ", "no", "null", "[]", "\"text\"", "{}", "{", "{\"summary\":", "Here you are: \(answer())", "\(answer()) Done.",
            "\(answer())\(answer())", "[\(answer())]", "```json\n\(answer())\n``` and more",
            answer().replacingFirst("\"summary\"", "\"Summary\""), answer().replacingFirst("\"confidence\":0.6", "\"confidence\":\"high\""),
            answer().replacingFirst("\"confidence\":0.6", "\"confidence\":1.5"),
            answer().replacingFirst("\"confidence\":0.6", "\"confidence\":-1"),
            answer().replacingFirst("\"confidence\":0.6", "\"confidence\":0.6,\"action\":\"pause\""),
            answer().replacingFirst("\"confidence\":0.6", "\"confidence\":0.6,\"confidence\":0.7"),
            answer().replacingFirst("\"playbook\":\"noisy-neighbor\"", "\"playbook\":7"),
            answer().replacingFirst("\"playbook\":\"noisy-neighbor\",", ""), answer(playbook: "reboot-everything"), answer(playbook: ""),
            answer(playbook: "noisy-neighbor "), answer(steps: []), answer(steps: Array(repeating: "Look at app_1.", count: 9)),
            answer(steps: [String(repeating: "Look. ", count: 60)]), answer(summary: String(repeating: "Busy. ", count: 100)),
            answer(summary: ""), answer(cause: "  \n "), answer(steps: [""]),
            answer().replacingFirst("[\"Look at what app_1 runs and who started it.\"]", "\"Look.\""),
            answer().replacingFirst("[\"Look at what app_1 runs and who started it.\"]", "[\"Look at it.\",3]"),
            answer().replacingFirst("One app", "\\ud800 app"), String(repeating: "[", count: 4_000),
            answer(summary: String(repeating: "x", count: 20_000)),
        ])
    func shape(content: String) {
        #expect(!faults(content).isEmpty)
    }

    @Test(
        "a fence, blanks or a think block around it are taken off",
        arguments: [
            "\n\(answer())\n", "```json\n\(answer())\n```", "```\n\(answer())\n```\n", "<think>Let me see: 99 runs?</think>\n\(answer())",
            answer(playbook: nil), answer(summary: "One app\nis busy.\n"),
        ])
    func wrapping(content: String) {
        #expect(faults(content) == [])
    }

    @Test("faults hold no control character and at most a few words of the answer")
    func faultsAreClean() {
        let nasty = "\u{1B}[31m \u{202E} https://evil.example " + String(repeating: "A", count: 380)
        for fault in faults(Self.answer(summary: nasty, playbook: nasty)) {
            #expect(fault.description.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
            #expect(fault.description.count < 300)
        }
    }
}

extension String {
    func replacingFirst(_ part: String, _ other: String) -> String {
        precondition(contains(bytesOf: part), "a case that changes nothing: \(part)")
        return replacing(bytesOf: part, with: other)
    }
}
