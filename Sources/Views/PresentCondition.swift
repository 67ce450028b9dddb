import Cycle
import Journal
import Model
import Policy

/// An open incident's condition as it stands now: with the newest values that the journal has of it, and whether it still holds.
/// For whoever is to say yes or no: an incident's own values are those of its opening.
public struct PresentCondition: Sendable {
    public enum State: Hashable, Sendable {
        /// True by the newest values, as it was when it began.
        case holds
        /// Not true; since when, where the engine has decided that.
        case isOver(Timestamp?)
        /// What it needs is missing, in words.
        case unknown(String)
    }

    /// The condition as a sentence of what is so.
    public let withValues: String
    /// Whether that is what the rule goes on while, and not what it begins by.
    public let isWhile: Bool
    /// What the condition compares, each once.
    public let readings: [ComparedReading]
    /// When the newest answer came that the values are of. What the engine remembers between polls is written once a minute.
    public let at: Timestamp
    public let state: State
    /// What of it is missing and why, each in words.
    public let missing: [String]

    /// Nil where the incident is over, its rule is not in force any more, or the journal holds no evidence of its subject.
    /// - Parameter situation: that holds the incident's runtime.
    public init?(of incident: Incident, in situation: Situation) {
        guard incident.resolvedAt == nil, let rule = situation.pipeline.policies.rule(incident.rule, for: incident.subject),
            let tick = situation.ticks.first(where: { $0.runtime.isSame(as: incident.subject.runtime) })
        else { return nil }
        let found = RuleExplanation(rule, incident.subject, tick, situation, isOpen: true)
        guard let condition = found.condition else { return nil }
        withValues = condition.withValues
        isWhile = found.isWhile
        readings = condition.readings
        missing = found.missing.map { "\($0.series) is missing (\(found.why($0)))" }
        let at = found.answered ?? found.at
        self.at = at
        // What was decided since is not gainsaid by values from before it.
        let isOlder = incident.transitions.last.map { at < $0.at } ?? false
        switch condition.truth {
        case .yes where isOlder && incident.quietSince != nil: state = .isOver(incident.quietSince)
        case .yes: state = .holds
        case .no where isOlder && incident.quietSince == nil:
            state = .unknown("the newest values here are older than what was decided last")
        case .no: state = .isOver(incident.quietSince)
        case .noTraffic, .unknown:
            state = .unknown(missing.joined(separator: "; "))
        }
    }
}

extension PresentCondition {
    /// Whether it holds, in words: `still true`, `not true any more since 22:04:04`.
    /// - Parameter moment: writes a moment by the reader's clocks.
    public func standing(_ moment: (Timestamp) -> String) -> String {
        switch state {
        case .holds: "still true"
        case .isOver(let since?): "not true any more since \(moment(since))"
        case .isOver(nil): "not true by these values"
        case .unknown(let why): "not known" + (why.isEmpty ? "" : ": \(why)")
        }
    }

    /// The same where there is little room: of several values that are missing the first, and how many more.
    public func briefly(_ moment: (Timestamp) -> String) -> String {
        guard case .unknown(let why) = state, missing.count > 1, why.isSame(as: missing.joined(separator: "; ")) else {
            return standing(moment)
        }
        return "not known: \(missing[0]), and \(missing.count - 1) more that it takes"
    }

    /// As a member of an incident's document.
    public var document: JSON {
        let word =
            switch state {
            case .holds: "true"
            case .isOver: "false"
            case .unknown: "unknown"
            }
        var since: Timestamp?
        if case .isOver(let moment) = state { since = moment }
        return ["with_values": .string(withValues), "truth": .string(word), "not_true_since": .moment(since), "at": .moment(at)]
    }
}
