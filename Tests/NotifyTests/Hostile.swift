import Model

/// Messages about tenants who chose their ids, workflow names and error texts to do harm.
enum Hostile {
    static let texts: [(name: String, text: String)] = [
        ("mention of a channel", "<!channel>"), ("mention of all here", "<!here|here>"),
        ("mention of a person", "<@U012AB3CD>"),
        ("mention of a group", "<!subteam^SAZ94GDB8>"), ("channel link", "<#C024BE7LR>"),
        ("link", "<https://evil.example/|the dashboard>"), ("bare link", "https://evil.example/login?x=1&y=2"),
        ("mail link", "<mailto:a@evil.example|mail>"), ("date", "<!date^1392734382^{date}|x>"),
        ("entities", "&lt;!channel&gt; &amp;lt; &#60;!channel&#62;"), ("ends in an ampersand", "app&"),
        ("formatting", "*bold* _italic_ ~gone~ `code` ```block``` > quote"), ("emoji", ":rotating_light: :+1::skull:"),
        ("backticks", "``````````"), ("code span that closes", "a` <!channel> `b"),
        ("newlines", "a\n*Done*\nNothing to do.\r\n> b"),
        ("line separators", "a\u{2028}b\u{2029}c\u{85}d\u{0B}e\u{0C}f"),
        ("control characters", "a\u{0}b\u{7}c\u{1B}[31md\u{7F}e\u{9B}f"),
        ("bidirectional override", "safe\u{202E}gpj.exe\u{202C}\u{2066}x\u{2069}\u{200F}\u{61C}"),
        ("invisible", "a\u{200B}\u{200D}\u{FEFF}\u{AD}\u{3164}\u{115F}\u{2800}\u{E0041}b"), ("blanks only", "   "),
        ("other blanks", "\u{A0}\u{3000}\u{2003}"), ("empty", ""),
        ("stacked marks", "a" + String(repeating: "\u{30A}", count: 500)),
        ("mark first", "\u{301}a"), ("astral", String(repeating: "\u{1F469}\u{200D}\u{1F4BB}", count: 300)),
        ("right to left", "\u{05D0}\u{05D1}\u{05D2} 12"),
        ("looks like a command", "x; mozaiks-ops actions revert --all"),
        ("long", String(repeating: "x", count: 1 << 15)), ("escapes in mass", String(repeating: "&<>", count: 5_000)),
        ("mentions in mass", String(repeating: "<!channel>", count: 2_000)),
        ("replacement", String(decoding: [0xFF, 0xFE, 0x61, 0xC0] as [UInt8], as: UTF8.self)),
        ("backslashes", #"a\b\\ \n \u{202e} \" \` \* \<!channel> end\"#),
        ("dollar and percent", "$noisy_share (40%) %s %n \\u{202e} ${HOME}"),
    ]

    /// A message in which every place that text from outside can reach holds this one.
    static func message(
        _ text: String, _ event: Message.Event = .opened, replica: Bool = false, news: Message.News? = nil,
        digest: Digest? = nil
    ) -> Message {
        let app = AppID(text)
        let subject = replica ? Subject.replica(text, runtime: text) : .app(app, runtime: text)
        let condition = "\(text) (61%) > $\(text) (40%) and \(text) or missing(\(text))"
        let transition = Transition(
            at: Sample.at(300), rule: text, subject: subject, from: .pending, to: .firing, reason: text,
            condition: condition, readings: [])
        var incident = Incident(
            fingerprint: text, id: text, rule: text, subject: subject, severity: .critical, summary: text,
            origin: Origin(file: text, line: 1), condition: condition, openedAt: Sample.at(300), since: Sample.at(0),
            transitions: [transition], evidence: [], suggestions: Array(repeating: text, count: 12),
            nextSteps: Array(repeating: text, count: 12), playbook: text, labels: [text: text])
        incident.flaps = 3
        incident.advice = Advice(
            at: Sample.at(400), by: text, summary: text, likelyCause: text, playbook: text,
            steps: Array(repeating: text, count: 12), confidence: 1)
        incident.verifications = (0..<5).map { index in
            Verification(
                at: Sample.at(400), lease: text + "\(index)", app: AppID(text), outcome: .noEffect, text: text)
        }
        incident.acknowledged = .init(at: Sample.at(301), by: text, until: nil, comment: text)
        for (index, verdict) in verdicts(text).enumerated() {
            for effect in [Effect.throttle(Limits(concurrentWorkflows: 2)), .pause, .disablePack(PackID(text))] {
                let key = LeaseKey(
                    kind: effect.kind, runtime: text, app: AppID(text + "\(index)"), pack: effect.pack)
                incident.decisions.append(
                    ActionDecision(
                        at: Sample.at(300), incident: text, key: key, effect: effect, ttl: .minutes(15),
                        verdict: verdict,
                        lease: text))
            }
        }
        if event == .resolved {
            incident.resolvedAt = Sample.at(400)
            incident.resolveReason = text
        }
        return Message(event: event, incident: incident, environment: text, mode: .enforce, at: Sample.at(400), news: news, digest: digest)
    }

    private static func digest(_ text: String) -> Digest {
        let items = [Subject.runtime(text), .app(AppID(text), runtime: text), .replica(text, runtime: text)].flatMap { subject in
            (0..<7).map { index in
                Digest.Item(
                    incident: text, rule: text, subject: subject, severity: .critical, openedAt: Sample.at(0),
                    resolvedAt: index < 3 ? nil : Sample.at(9))
            }
        }
        return Digest(id: text, reason: .storm, items: items, total: 10_000, open: 5_000)
    }

    private static func verdicts(_ text: String) -> [Verdict] {
        [
            .act, .wouldHave, .needsApproval(Refusal(.approval, text)), .refused(Refusal(.budget, text)),
            .refused(Refusal(.maxLease, text)), .alreadyInForce(lease: text), .act, .act, .act, .act,
        ]
    }

    static let messages: [(name: String, message: Message)] = texts.flatMap { name, text in
        [
            ("\(name), opened", message(text)), ("\(name), resolved", message(text, .resolved)),
            ("\(name), replica", message(text, .updated, replica: true)),
            ("\(name), advice", message(text, .updated, news: .advice)),
            ("\(name), reminder", message(text, .updated, news: .reminder)),
            ("\(name), digest", message(text, .opened, digest: digest(text))),
            ("\(name), digest over", message(text, .resolved, digest: digest(text))),
        ]
    }
}
