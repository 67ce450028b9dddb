import Cycle
import Engine
import Model

/// What a replay found: what one set of policies did on a past, or what another does otherwise.
public struct ReplayReport: Sendable {
    /// A set of policies and what they did.
    public struct Side: Sendable {
        /// As people call it: the folder, `configured`, `built in`.
        public let name: String
        public let story: ReplayStory

        public init(name: String, story: ReplayStory) {
            self.name = name
            self.story = story
        }
    }

    /// `history`, or `tape NAME`
    public let source: String
    public let runtimes: [String]
    public let from: Timestamp
    public let to: Timestamp
    /// Minutes or cycles that were judged.
    public let judged: String
    public let gaps: [ReplayGap]
    public let side: Side
    /// What it is compared with; nil for one set of policies alone.
    public let against: Side?
    /// What the source cannot tell.
    public let caveats: [String]

    public init(
        source: String, runtimes: [String], from: Timestamp, to: Timestamp, judged: String, gaps: [ReplayGap], side: Side,
        against: Side?, caveats: [String]
    ) {
        self.source = source
        self.runtimes = runtimes
        self.from = from
        self.to = to
        self.judged = judged
        self.gaps = gaps
        self.side = side
        self.against = against
        self.caveats = caveats
    }

    /// The two sides told apart; nil where there is one.
    public var comparison: ReplayComparison? { against.map { ReplayComparison(old: $0.story, new: side.story) } }
}

extension ReplayStory {
    /// Whether nothing of it is done in that mode: `observe` only says what it would have done.
    public var isImagined: Bool { leases.allSatisfy(\.shadow) }
}

// MARK: - For programs

extension ReplayReport {
    /// The whole report: `replay -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .replay,
            [
                "source": .string(source),
                "runtimes": .strings(runtimes), "from": .moment(from), "to": .moment(to),
                "gaps": .array(
                    gaps.map {
                        [
                            "runtime": .string($0.runtime), "from": .moment($0.from), "to": .moment($0.to),
                            "reason": .string($0.reason),
                        ]
                    }),
                "policies": side.document,
                "against": against?.document ?? .null,
                "difference": comparison?.document ?? .null,
                "caveats": .strings(caveats),
            ])
    }
}

extension ReplayReport.Side {
    fileprivate var document: JSON {
        [
            "name": .string(name), "ticks": .int(Int64(story.ticks)), "totals": ReplayComparison.total(story).document,
            "incidents": .array(story.incidents.map(\.replayedDocument)),
            "actions": .array(
                story.leases.map { lease in
                    [
                        "app": .string(lease.key.app.text), "runtime": .string(lease.key.runtime),
                        "kind": .string(lease.key.kind.rawValue), "effect": .string("\(lease.effect)"),
                        "began": .moment(lease.createdAt),
                        "seconds": .figure(story.duration(of: lease).seconds), "would_have": .bool(lease.shadow),
                        "rules": .strings(story.rules(of: lease)),
                    ]
                }),
        ]
    }
}

extension ReplayComparison {
    fileprivate var document: JSON {
        [
            "by_rule": .array(byRule.map(\.document)), "by_app": .array(byApp.map(\.document)),
            "changed_incidents": .array(
                pairs.filter { !$0.isSame }.map { pair in
                    [
                        "rule": .optional(pair.new?.rule ?? pair.old?.rule),
                        "subject": .optional((pair.new ?? pair.old)?.subject.idText),
                        "now": pair.old?.briefDocument ?? .null, "new": pair.new?.briefDocument ?? .null,
                    ]
                }),
        ]
    }
}

extension ReplayComparison.Count {
    fileprivate var document: JSON {
        [
            "incidents": .int(Int64(incidents)), "pages": .int(Int64(pages)),
            "actions": .int(Int64(actions)), "action_seconds": .figure(actionTime.seconds),
            "offers": .int(Int64(offers)),
        ]
    }
}

extension ReplayComparison.Row {
    fileprivate var document: JSON { ["name": .string(name), "now": old.document, "new": new.document] }
}

extension Incident {
    /// What tells it from the same incident of another story.
    fileprivate var briefDocument: JSON {
        [
            "id": .string(id), "opened_at": .moment(openedAt), "resolved_at": .moment(resolvedAt),
            "severity": .string(severity.rawValue), "flaps": .int(Int64(flaps)),
            "actions": .array(
                answers.map { answer in
                    [
                        "at": .moment(answer.at), "app": .string(answer.key.app.text),
                        "kind": .string(answer.key.kind.rawValue), "effect": .string("\(answer.effect)"),
                        "ttl_seconds": .figure(answer.ttl.seconds), "verdict": .string(answer.verdict),
                        "because": .optional(answer.because),
                    ]
                }),
        ]
    }
}
