import Engine
import Guard
import JSONParsing
import Model
import Testing

@testable import Telling

/// Midnight of Saturday, 21 November 2026, UTC.
let midnight = Timestamp(rfc3339: "2026-11-21T00:00:00Z")!

func at(_ span: TimeSpan) -> Timestamp { midnight + span }

extension Incident {
    /// An incident on an app of runtime `shared`; without an app on the runtime itself.
    static func made(
        _ rule: String = "noisy-neighbor", app: String? = "app-clinic", severity: Severity = .warning,
        at: Timestamp = midnight, labels: [String: String] = [:]
    ) -> Incident {
        let subject: Subject = app.map { .app(AppID($0), runtime: "shared") } ?? .runtime("shared")
        let fingerprint = Fingerprint.of(rule: rule, subject: subject)
        return Incident(
            fingerprint: fingerprint, id: "\(fingerprint)-\(at.milliseconds)", rule: rule, subject: subject,
            severity: severity, summary: "Something is wrong.", origin: Origin(file: "test.yaml", line: 1),
            condition: "up == 0", openedAt: at, since: at, transitions: [], evidence: [], suggestions: [], nextSteps: [],
            playbook: nil, labels: labels)
    }
}

/// A monitor that only tells: what a test says happens, and what comes of it is read as lines.
struct World {
    struct Source: IncidentSource {
        var incidents: [String: Incident] = [:]
        var named: [String]? = []
        var mode = Mode.enforce

        func incident(_ id: String) -> Incident? { incidents[id] }
        func named(_ incident: Incident) -> [String]? { named }
        func mode(_ incident: Incident) -> Mode { mode }
    }

    var state = TellingState()
    var settings = TellingSettings()
    var source = Source()
    var environment = "production"
    var storm = Pace(10, in: .minutes(2))
    var now = midnight
    /// Incident's words by its id, so that lines can be read.
    var names: [String: String] = [:]
    var notes: [String] = []
    /// Whether each tick is one of a process of its own.
    var restarts = true

    init(_ channels: [TellingSettings.Channel] = [.init("ops")], _ change: (inout TellingSettings) -> Void = { _ in }) {
        settings.channels = channels
        change(&settings)
    }

    var occasion: Occasion { Occasion(runtime: "shared", now: now, environment: environment, storm: storm) }

    /// A tick at which these incidents begin and end. Survives a restart before each: only the document is kept.
    @discardableResult
    mutating func tick(
        _ span: TimeSpan = .zero, open: [Incident] = [], resolve: [Incident] = [], decisions: [ActionDecision] = [],
        leases: [LeaseChange] = [], suppressed: [String: String] = [:], isReopened: Bool = false
    ) throws -> [String] {
        now = now + span
        if restarts { try restart() }
        var occasion = occasion
        for var incident in open {
            incident.resolvedAt = nil
            source.incidents[incident.id] = incident
            names[incident.id] = incident.subject.app?.text ?? incident.rule
            occasion.changes.append(IncidentChange(kind: isReopened ? .reopened : .opened, incident: incident))
        }
        for incident in resolve {
            var over = source.incidents[incident.id] ?? incident
            over.resolvedAt = now
            over.resolveReason = "cleared"
            source.incidents[incident.id] = over
            occasion.changes.append(IncidentChange(kind: .resolved, incident: over))
        }
        for decision in decisions { source.incidents[decision.incident]?.decisions.append(decision) }
        (occasion.decisions, occasion.leaseChanges, occasion.suppressed) = (decisions, leases, suppressed)
        return lines(state.tell(occasion, settings, source))
    }

    /// As a new process takes it up.
    mutating func restart() throws {
        let bytes = state.document.serializedBytes()
        let again = try TellingState(document: JSON(parsing: bytes))
        #expect(again.document.serializedBytes() == bytes)
        state = again
    }

    /// `opened app-clinic: ops, mail`, `updated reminder …`, `opened storm of 12 (12 open): ops`
    mutating func lines(_ tidings: Tidings) -> [String] {
        notes += tidings.notes.map { "\(names[$0.incident] ?? $0.incident): \($0.note.text)" }
        return tidings.messages.map { told in
            var words = [told.message.event.rawValue]
            if let news = told.message.news { words.append(news.rawValue) }
            let name = names[told.message.incident.id] ?? "?"
            if let digest = told.message.digest {
                words.append("\(digest.reason.rawValue) of \(digest.total) (\(digest.open) open)")
            } else {
                words.append(name)
            }
            return words.joined(separator: " ") + ": " + told.channels.joined(separator: ", ")
        }
    }
}
