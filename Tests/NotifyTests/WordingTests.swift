import Model
import Testing

@testable import Notify

@Suite struct WordingTests {
    private func wording(_ name: String) throws -> Wording {
        Wording(try #require(Sample.messages.first { $0.name == name }).message)
    }

    static let headlines: [(name: String, headline: String)] = [
        ("noisy-throttled", "Warning: noisy-neighbor, app-clinic on shared"),
        ("noisy-extended", "Warning, action extended: noisy-neighbor, app-clinic on shared"),
        ("noisy-again", "Warning, again: noisy-neighbor, app-clinic on shared"),
        ("noisy-max-lease", "Warning, needs a person: noisy-neighbor, app-clinic on shared"),
        ("noisy-resolved-lease-runs", "Resolved after 13m: noisy-neighbor, app-clinic on shared"),
        ("runtime-down-staging", "[staging] Critical: runtime-down, runtime shared"),
        ("runtime-overtaken", "Closed after 1h6m: runtime-down, runtime shared"),
        ("runtime-removed", "Closed after 1h6m: runtime-down, runtime shared"),
        ("drill", "Drill, nothing to do: noisy-neighbor, app-clinic on shared"),
    ]

    @Test("headlines", arguments: headlines.map(\.name))
    func headline(name: String) throws {
        #expect(try wording(name).headline == Self.headlines.first { $0.name == name }?.headline)
    }

    @Test("a workflow is named with its app, in the headline and in full")
    func workflow() {
        let subject = Subject.workflow(PackID("Generator"), app: AppID("app-clinic"), runtime: "shared")
        let message = Sample.message(.opened, Sample.incident(subject: subject, transitions: [Sample.fired]), 300)
        let wording = Wording(message)
        #expect(wording.headline == "Warning: noisy-neighbor, Generator of app-clinic")
        #expect(wording.place.plain == "workflow Generator of app app-clinic on runtime shared")
        let labels = Alertmanager.labels(message)
        #expect(labels["app"] == "app-clinic" && labels["workflow"] == "Generator" && labels["subject"] == "workflow")
    }

    @Test("an offer made anew names its new id alone, and says what became of the last one")
    func offeredAgain() throws {
        let first = try #require(Sample.occasions.first { $0.name == "approval" }).message
        #expect(!asking(first).contains("last offer"))
        var incident = first.incident
        let asked = try #require(incident.decisions.last)
        incident.decisions.append(
            Sample.decision(300 + 8 * 3_600, asked.verdict, approval: "approval-c3d4", ttl: asked.ttl))
        let again = asking(
            Message(
                event: .updated, incident: incident, environment: "production", mode: .enforce, at: Sample.at(300 + 8 * 3_600),
                news: .approval))
        #expect(again.contains("Nobody answered the last offer, and its id counts no more. Approve it: "), "\(again)")
        #expect(again.contains("actions approve approval-c3d4") && !again.contains("0123456789abcdef"))
        // A yes to which nothing was done.
        incident.decisions.append(
            Sample.decision(
                301 + 8 * 3_600, .refused(Refusal(.approval, "approved by ann, but that expired")), approval: "approval-c3d4",
                ttl: asked.ttl))
        incident.decisions.append(Sample.decision(301 + 8 * 3_600, asked.verdict, approval: "approval-e5f6", ttl: asked.ttl))
        let anew = asking(
            Message(
                event: .updated, incident: incident, environment: "production", mode: .enforce, at: Sample.at(301 + 8 * 3_600),
                news: .action))
        #expect(
            anew.contains(
                "What was approved before was not done, and that yes counts no more. Approve it: mozaiks-ops actions "
                    + "approve approval-e5f6"), "\(anew)")
    }

    /// What stands under "Needs a person".
    private func asking(_ message: Message) -> String {
        Wording(message).actions.filter { $0.heading == "Needs a person" }.flatMap(\.lines).map(\.plain).joined(separator: "\n")
    }

    @Test("news that are told later than they were decided say the same")
    func later() {
        var incident = Sample.noisy()
        incident.decisions = [Sample.decision(300, .act, lease: Sample.lease)]
        func told(_ news: Message.News) -> Wording {
            Wording(
                Message(
                    event: .updated, incident: incident, environment: "production", mode: .enforce, at: Sample.at(900), news: news))
        }
        #expect(told(.action).headline.hasPrefix("Warning, action taken:"))
        #expect(told(.person).headline.hasPrefix("Warning, needs a person:"))
        #expect(told(.person).isForEverybody && !told(.action).isForEverybody)
    }

    @Test("an update has the figures of now, with their time, and does not head with those of the opening")
    func figuresOfNow() {
        var incident = Sample.noisy()
        func told(_ event: Message.Event) -> Wording {
            Wording(
                Message(
                    event: event, incident: incident, environment: "production", mode: .enforce, at: Sample.at(900),
                    news: event == .updated ? .reminder : nil))
        }
        func points(_ all: [(Double, Evidence)]) -> [EvidenceSeries.Point] {
            all.map { EvidenceSeries.Point(at: Sample.at($0.0), evidence: $0.1) }
        }
        incident.evidence = [EvidenceSeries(series: "active_runs.share", unit: .percent, points: points([(300, .value(61.1))]))]
        // Nothing newer is known: then nothing newer is said.
        #expect(told(.updated).conditionLines == told(.opened).conditionLines)
        incident.evidence = [
            EvidenceSeries(series: "active_runs.share", unit: .percent, points: points([(300, .value(61.1)), (890, .value(47))])),
            EvidenceSeries(series: "runtime.active_runs", unit: .runs, points: points([(300, .value(118)), (890, .missing(.stale))])),
        ]
        let lines = told(.updated).conditionLines
        #expect(lines.dropLast() == told(.opened).conditionLines[...])
        #expect(lines.last?.hasPrefix("at 03:14:55 UTC: active_runs.share 47%, runtime.active_runs ") == true, "\(lines)")
        #expect(lines.last?.contains("missing") == true, "\(lines)")
        #expect(told(.opened).oneLine.contains("61.1%") && !told(.updated).oneLine.contains("61.1%"))
    }

    static let measures: [(condition: String, measure: String?)] = [
        (
            "active_runs.share (61%) > $noisy_share (40%) and runtime.active_runs (34) >= 10",
            "active_runs.share 61% > 40%"
        ),
        ("rise(error_rate[10m]) (1.8) > 1.5", "rise(error_rate[10m]) 1.8 > 1.5"),
        (
            "tokens[5m] (9/min) > $spike (3) * baseline(tokens[24h]) (2/min)",
            "tokens[5m] 9/min > 3 * baseline(tokens[24h]) 2/min"
        ),
        ("up (0) == 0", nil), ("a (1) > 2 or b (3) > 2", nil), ("not a (1) > 2", nil),
        ("tokens[5m] (missing: dead_counter) > 2000/min", nil), ("", nil), ("and and and", nil), ("((((", nil),
    ]

    @Test("how bad, in a few words", arguments: measures.map(\.condition))
    func measure(condition: String) {
        #expect(ConditionText.measure(condition) == Self.measures.first { $0.condition == condition }?.measure)
    }

    @Test func `a condition breaks before and and or, outside parentheses`() {
        #expect(
            ConditionText.lines("a (1) > 2 and (b (3) > 2 or c (4) > 2) or not d (5) > 2") == [
                "a (1) > 2", "and (b (3) > 2 or c (4) > 2)", "or not d (5) > 2",
            ])
        #expect(ConditionText.lines(Array(repeating: "a > 1", count: 30).joined(separator: " and ")).count == 9)
        #expect(ConditionText.lines("") == [])
        #expect(ConditionText.lines("))) and a > 1") == [")))", "and a > 1"])
    }

    @Test func `moments in sentences read as times of the day`() {
        let moments = Moments(zone: .utc, message: Sample.at(0))
        #expect(
            moments.readable("lasts until 2026-11-21T09:20:00.000Z; since 2026-11-20T09:20:00.000Z.")
                == "lasts until 09:20 UTC; since 09:20 UTC on 2026-11-20.")
        for text in ["", "T", "2026-11-21T09:20:00.000", "é2026-13-21T09:20:00.000Zé", "\u{1F469}T\u{1F469}Z"] {
            #expect(moments.readable(text) == text)
        }
    }

    @Test func `every moment of a message stands by the clocks of its readers`() throws {
        var template = MessageTemplate()
        template.zone = try #require(Zone(fixed: "+05:30"))
        let message = Sample.message(.opened, Sample.noisy(), 300)
        let (here, there) = (Wording(message), Wording(message, template))
        #expect(here.facts.contains { $0.value.plain.contains(" UTC on ") })
        #expect(there.facts.contains { $0.value.plain.contains(" UTC+05:30 on ") })
        let text = (there.facts.map(\.value.plain) + there.actions.flatMap { $0.lines.map(\.plain) } + there.tenantTexts).joined(
            separator: "\n")
        #expect(text.contains("UTC+05:30") && !text.contains("UTC ") && !text.contains("UTC,") && !text.contains("UTC."), "\(text)")
    }

    @Test("a text for a tenant knows nothing of the machinery", arguments: Sample.messages.map(\.name))
    func tenantTexts(name: String) throws {
        let wording = try wording(name)
        for text in wording.tenantTexts {
            for word in [
                "shared", "noisy", "lease-", "policy", "rule", "incident", "%", "share", "app-shop", "app_bank_eu",
                "mozaiks",
            ] {
                #expect(!text.contains(word), "\(text)")
            }
            #expect(text.contains("app-clinic"))
        }
    }

    static let tenantCases: [(effect: Effect, says: String)] = [
        (.throttle(Limits(concurrentWorkflows: 1)), "can run at most 1 workflow at a time,"),
        (.throttle(Limits(requestsPerMinute: 10)), "can start at most 10 workflows a minute,"),
        (
            .throttle(Limits(concurrentWorkflows: 2, requestsPerMinute: 10)),
            "can run at most 2 workflows at a time and start at most 10 workflows a minute,"
        ),
        (.pause, "new workflows of your app app-clinic are paused,"),
        (.disablePack(PackID("Generator")), "new runs of the workflow Generator of your app app-clinic are paused,"),
    ]

    @Test("each effect in a tenant's words", arguments: tenantCases.map(\.says))
    func tenantText(says: String) throws {
        let effect = try #require(Self.tenantCases.first { $0.says == says }).effect
        var incident = Sample.noisy()
        let key = LeaseKey(kind: effect.kind, runtime: "shared", app: AppID("app-clinic"), pack: effect.pack)
        incident.decisions = [Sample.decision(300, .act, lease: Sample.lease, key: key, effect: effect)]
        let texts = Wording(Sample.message(.opened, incident, 300)).tenantTexts
        #expect(texts.count == 1)
        #expect(texts.first?.contains(says) == true, "\(texts)")
        #expect(texts.first?.contains("ends by itself at 03:20 UTC") == true)
    }

    @Test func `a lease across midnight and a year says so`() {
        let late = Timestamp(rfc3339: "2026-12-31T23:55:00.000Z")
        #expect(late.map { Moments(zone: .utc, message: Sample.at(0)).minute($0) } == "23:55 UTC on 2026-12-31")
        var incident = Sample.noisy()
        incident.decisions = [Sample.decision(0, .act, lease: Sample.lease, ttl: .hours(24))]
        let lines = Wording(Sample.message(.opened, incident, 300)).actions.flatMap(\.lines).map(\.plain)
        #expect(lines.first == "Throttled app-clinic to 2 runs at once, 03:00 UTC to 03:00 UTC on 2026-11-22")
    }

    @Test func `a short lease shows its seconds`() {
        var incident = Sample.noisy()
        incident.decisions = [Sample.decision(300, .act, lease: Sample.lease, ttl: .seconds(8))]
        let wording = Wording(Sample.message(.opened, incident, 300))
        #expect(
            wording.actions.flatMap(\.lines).first?.plain
                == "Throttled app-clinic to 2 runs at once, 03:05:05 to 03:05:13 UTC")
        #expect(wording.tenantTexts.first?.contains("ends by itself at 03:05:13 UTC") == true)
    }

    @Test func `where a rule stands is told without its folder`() {
        var message = Sample.message(.opened, Sample.noisy(), 300)
        #expect(Wording(message).footer.plain.contains("rule at built-in ops_policy.default.yaml:88"))
        let incident = Sample.incident(
            file: "/etc/mozaiks-ops/policies/ops_policy.app.yaml", transitions: [Sample.fired])
        message = Sample.message(.opened, incident, 300)
        #expect(Wording(message).footer.plain == "production · mode enforce · rule at ops_policy.app.yaml:88")
    }

    @Test("nobody tells a tenant that it is held before a proxy asks the gate", arguments: tenantCases.map(\.says))
    func conditionalTenantText(says: String) throws {
        let effect = try #require(Self.tenantCases.first { $0.says == says }).effect
        var incident = Sample.noisy()
        let key = LeaseKey(kind: effect.kind, runtime: "shared", app: AppID("app-clinic"), pack: effect.pack)
        let decision = Sample.decision(300, .act, lease: Sample.lease, key: key, effect: effect)
        incident.decisions = [decision]
        incident.handling = [HandlingNote(at: decision.at, kind: .leaseInForce, by: "gate", text: "until later (\(Sample.lease)): asked")]
        let text = try #require(Wording(Sample.message(.opened, incident, 300)).tenantTexts.first)
        #expect(!text.contains(" are paused") && !text.contains("app-clinic can ") && text.contains(" may "), "\(text)")
    }

    /// (who noted what on the lease, the first line of what was done)
    static let sights: [([(HandlingNote.Kind, String, String)], String)] = [
        (
            [(.leaseInForce, "gate", "throttle until later (\(Sample.lease)): asked by noisy-neighbor")],
            "Throttle of app-clinic to 2 runs at once, 03:05 to 03:20 UTC: in force at the gate; neither a proxy nor the extension has asked it about app-clinic since it began"
        ),
        (
            [
                (.leaseInForce, "gate", "throttle until later (\(Sample.lease)): asked by noisy-neighbor"),
                (.note, "gate", "\(LeaseNotes.asked) app-clinic (\(Sample.lease))"),
            ], "Throttled app-clinic to 2 runs at once, 03:05 to 03:20 UTC"
        ),
        (
            // As an earlier version noted it.
            [
                (.leaseInForce, "gate", "throttle until later (\(Sample.lease)): asked by noisy-neighbor"),
                (.note, "gate", "a proxy asks the gate about app-clinic (\(Sample.lease))"),
            ], "Throttled app-clinic to 2 runs at once, 03:05 to 03:20 UTC"
        ),
        (
            [(.leaseInForce, "engine", "throttle until later (\(Sample.lease)): asked by noisy-neighbor")],
            "Throttle of app-clinic to 2 runs at once, 03:05 to 03:20 UTC: decided; not seen in force yet"
        ),
        (
            [
                (.leaseInForce, "engine", "throttle until later (\(Sample.lease)): asked by noisy-neighbor"),
                (.leaseInForce, "lease_api", "throttle until later is in force at lease_api (\(Sample.lease))"),
            ], "Throttled app-clinic to 2 runs at once, 03:05 to 03:20 UTC"
        ),
    ]

    @Test("a throttle is called one where something was seen to enforce it", arguments: sights)
    func sight(_ notes: [(HandlingNote.Kind, String, String)], _ line: String) {
        var incident = Sample.noisy()
        incident.decisions = [Sample.decision(300, .act, lease: Sample.lease)]
        incident.handling = notes.map { HandlingNote(at: Sample.at(300), kind: $0.0, by: $0.1, text: $0.2) }
        #expect(Wording(Sample.message(.opened, incident, 300)).actions.flatMap(\.lines).first?.plain == line)
    }

    @Test func `an action that did not land is not called done`() {
        var incident = Sample.noisy()
        incident.decisions = [Sample.decision(300, .act, lease: Sample.lease)]
        incident.handling = [
            HandlingNote(at: Sample.at(301), kind: .leaseRefused, by: "gate", text: "gate said no (\(Sample.lease))")
        ]
        let wording = Wording(Sample.message(.updated, incident, 302))
        #expect(
            wording.actions.flatMap(\.lines).map(\.plain) == [
                "Tried and not done: Throttle app-clinic to 2 runs at once"
            ])
        #expect(wording.undo.isEmpty && wording.tenantTexts.isEmpty)
    }
}
