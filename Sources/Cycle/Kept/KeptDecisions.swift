import Engine
import JSONParsing
import Journal
import Model
import Telling

/// What the engine decided last, as the journal has it: for commands that explain, also beside a running engine.
public struct KeptDecisions: Sendable {
    public let engine: EngineState
    public let telling: TellingState
    /// Whether the engine's state stands in one row for all runtimes, as earlier versions wrote it.
    let isOfEarlierVersion: Bool

    static let oldEngineKey = "engine"
    /// A runtime's name follows.
    static let enginePrefix = "engine:"
    static let tellingKey = "telling"

    /// Throws when a state is there and cannot be read; without any, nothing was decided yet.
    public init(_ journal: Journal) throws {
        if let bytes = try journal.state(KeptDecisions.oldEngineKey) {
            engine = try EngineState(document: JSON(parsing: bytes))
            isOfEarlierVersion = true
        } else {
            var engine = EngineState()
            for key in try journal.stateKeys() where key.utf8.starts(with: KeptDecisions.enginePrefix.utf8) {
                guard let bytes = try journal.state(key) else { continue }
                let kept = try EngineState(document: JSON(parsing: bytes))
                guard kept.runtimeNames.map({ KeptDecisions.enginePrefix + $0 }) == [key] else {
                    throw MisplacedState(key: key)
                }
                engine.take(kept)
            }
            self.engine = engine
            isOfEarlierVersion = false
        }
        telling =
            try journal.state(KeptDecisions.tellingKey).map { try TellingState(document: JSON(parsing: $0)) }
            ?? TellingState()
    }

    /// Every runtime that a journal knows, configured or not, sorted by the bytes of its name.
    public static func runtimes(in journal: Journal) throws -> [String] {
        var names = Set(try KeptDecisions(journal).engine.runtimeNames)
        for key in try journal.stateKeys() where key.utf8.starts(with: "signals:".utf8) { names.insert(String(key.dropFirst(8))) }
        return names.inByteOrder()
    }

    /// Whether nobody is told of an open incident anew: for a silence or hours of maintenance, or while its cause is open. That
    /// somebody has acknowledged it, or that it holds back others, is none of that.
    public func isHeldBack(
        _ incident: Incident, environment: String, _ settings: TellingSettings, now: Timestamp
    ) -> Bool {
        guard incident.resolvedAt == nil else { return false }
        return telling.holder(of: incident, environment: environment, settings, now) != nil
            || engine.suppressions(of: incident.subject.runtime).contains { $0.incident == incident.id }
    }

    /// Why an open incident is told to nobody, or asks for nothing, in sentences; and what it holds back itself.
    public func circumstances(
        of incident: Incident, environment: String, _ settings: TellingSettings, now: Timestamp
    ) -> [String] {
        guard incident.resolvedAt == nil else { return [] }
        var lines: [String] = []
        if let holder = telling.holder(of: incident, environment: environment, settings, now) {
            lines.append("messages and new actions are held back by \(holder.text)")
        }
        if let acknowledged = incident.acknowledged, acknowledged.until.map({ now < $0 }) ?? true {
            let end = acknowledged.until.map { " until \($0)" } ?? ""
            let comment = acknowledged.comment.isEmpty ? "" : ": \(Shown.comment(acknowledged.comment))"
            lines.append("acknowledged by \(Shown.id(acknowledged.by))\(end)\(comment): no reminders")
        }
        let all = engine.suppressions(of: incident.subject.runtime)
        if let own = all.first(where: { $0.incident == incident.id }) {
            lines.append("its cause is \(own.cause): while that is open it asks for no action and is told to nobody anew")
        }
        let effects = all.filter { suppression in
            suppression.cause == incident.rule
                && (suppression.subject == incident.subject || incident.subject == .runtime(incident.subject.runtime))
        }
        if !effects.isEmpty {
            let shown = effects.prefix(3).map { "\($0.rule) on \($0.subject)" }.joined(separator: ", ")
            let more = effects.count > 3 ? " and \(effects.count - 3) more" : ""
            lines.append("holds back what follows from it: \(shown)\(more)")
        }
        return lines
    }
}

/// A row of state of one runtime that holds something else than its key says.
struct MisplacedState: Error, CustomStringConvertible {
    let key: String

    var description: String { "the row \(key) is not about that runtime alone" }
}
