import Engine
import JSONParsing
import Journal
import Model
import Telling

/// What people say about incidents: silences and acknowledgements. Each command is a plain document with absolute
/// moments, so that a tape can hold it and a replay obeys it alike.
extension Pipeline {
    /// `{"id": …, "match": {…}, "until": moment or null, "comment": …}`
    mutating func addSilence(_ arguments: JSON, by actor: String, now: Timestamp) -> Obedience {
        let silence: Silence
        do throws(DocumentError) {
            let reader = DocumentReader(arguments, document: "silence")
            silence = Silence(
                id: try reader.member("id").string(), match: try IncidentMatch(reader.member("match")), createdAt: now,
                by: actor, comment: Shown.comment(try reader.optional("comment")?.string() ?? ""),
                until: try reader.optional("until")?.timestamp())
        } catch {
            return Obedience(result: "not understood: \(error)")
        }
        if let until = silence.until, until <= now { return Obedience(result: "not silenced: \(until) is past") }
        if silence.match.isEmpty { return Obedience(result: "not silenced: nothing is named that it is for") }
        let open = openIncidents.filter { silence.match.fits($0, environment: settings.environment) }
        if silence.until == nil, open.isEmpty {
            return Obedience(result: "not silenced: nothing that is open fits \(silence.match), so nothing could resolve")
        }
        guard telling.add(silence) else { return Obedience(result: "\(Shown.id(silence.id)) is there already") }
        let count = open.isEmpty ? "nothing open now fits" : "\(open.count) open now"
        return Obedience(result: "\(silence.text) (\(silence.match); \(count))")
    }

    /// `{"silence": ID}`
    mutating func expireSilence(_ arguments: JSON, by actor: String, now: Timestamp) -> Obedience {
        guard let id = arguments["silence"]?.string else { return Obedience(result: "not understood: no silence named") }
        guard telling.expire(id, by: actor, now: now) else { return Obedience(result: "\(Shown.id(id)) is not in force") }
        return Obedience(result: "\(Shown.id(id)) is over")
    }

    /// `{"incident": ID, "until": moment or null, "comment": …}`; the id may be a digest's: then all that is in it.
    mutating func acknowledge(_ arguments: JSON, by actor: String, now: Timestamp) -> Obedience {
        let (id, until, comment): (String, Timestamp?, String)
        do throws(DocumentError) {
            let reader = DocumentReader(arguments, document: "acknowledgement")
            id = try reader.member("incident").string()
            until = try reader.optional("until")?.timestamp()
            comment = Shown.comment(try reader.optional("comment")?.string() ?? "")
        } catch {
            return Obedience(result: "not understood: \(error)")
        }
        if let until, until <= now { return Obedience(result: "not acknowledged: \(until) is past") }
        let ids = incidents(named: id)
        guard !ids.isEmpty else { return Obedience(result: "not acknowledged: \(Shown.id(id)) is not open") }
        let acknowledgement = Incident.Acknowledgement(at: now, by: actor, until: until, comment: comment)
        let end = until.map { " until \($0)" } ?? ""
        let text = "acknowledged\(end)" + (comment.isEmpty ? "" : ": \(comment)")
        for id in ids {
            engine.acknowledge(id, acknowledgement)
            engine.note(HandlingNote(at: now, kind: .acknowledgement, by: actor, text: text), on: id)
        }
        var messages: [RoutedMessage] = []
        let telltale = Telltale(self)
        for id in ids {
            guard let incident = engine.incident(id) else { continue }
            let occasion = occasion(incident.subject.runtime, at: now)
            let tidings = telling.acknowledge(id, until: until, occasion, settings.telling, telltale)
            messages += tidings.messages.map { RoutedMessage($0) }
        }
        let count = ids.count == 1 ? ids[0] : "\(ids.count) incidents"
        return Obedience(
            result: "\(count) \(text)", incidents: ids.compactMap { engine.incident($0) }, messages: messages)
    }

    /// `{"incident": ID}`
    mutating func unacknowledge(_ arguments: JSON, by actor: String, now: Timestamp) -> Obedience {
        guard let id = arguments["incident"]?.string else {
            return Obedience(result: "not understood: no incident named")
        }
        let ids = incidents(named: id).filter { engine.incident($0)?.acknowledged != nil }
        guard !ids.isEmpty else { return Obedience(result: "\(Shown.id(id)) is not acknowledged") }
        for id in ids {
            engine.unacknowledge(id)
            telling.unacknowledge(id)
            engine.note(
                HandlingNote(at: now, kind: .acknowledgement, by: actor, text: "acknowledgement taken back"), on: id)
        }
        let count = ids.count == 1 ? ids[0] : "\(ids.count) incidents"
        return Obedience(
            result: "\(count): acknowledgement taken back, reminders go on",
            incidents: ids.compactMap { engine.incident($0) })
    }

    /// The open incident of that id; of a digest's id all open incidents in it.
    private func incidents(named id: String) -> [String] {
        if id.hasPrefix("digest-") { return telling.members(of: id) }
        return engine.incident(id).map { $0.resolvedAt == nil ? [$0.id] : [] } ?? []
    }

    var openIncidents: [Incident] { engine.runtimeNames.flatMap { engine.openIncidents(of: $0) } }

    /// Open incidents whose new actions are held back at this tick, with what holds each.
    func silenced(_ outcome: TickOutcome) -> [String: String] {
        guard telling.holdsAnything(settings.telling, outcome.now) else { return [:] }
        var silenced: [String: String] = [:]
        for standing in outcome.standings where standing.phase != .pending {
            guard let id = standing.incident, let incident = engine.incident(id),
                let holder = telling.holder(
                    of: incident, environment: settings.environment, settings.telling, outcome.now)
            else { continue }
            silenced[id] = holder.text
        }
        return silenced
    }
}

extension Commands {
    public static let addSilence = "silence_add"
    public static let expireSilence = "silence_expire"
    public static let acknowledge = "acknowledge"
    public static let unacknowledge = "unacknowledge"
}
