import Cycle
import JSONParsing
import Journal
import Model
import Telling
import Views

/// Silences as people read them.
extension Rendering {
    func silences(_ list: SilenceList, zone: Zone) -> String {
        let (silences, windows, waiting, now) = (list.silences, list.windows, list.waiting, list.now)
        var text = silences.isEmpty ? "no silence is in force\n" : ""
        if !silences.isEmpty {
            text += terminal.table(
                ["id", "ends", "by", "holds back", "comment"],
                silences.map { silence in
                    [silence.id, end(silence, now), silence.by, "\(silence.match)", silence.comment]
                })
        }
        if !waiting.isEmpty {
            let count = waiting.count == 1 ? "1 more waits" : "\(waiting.count) more wait"
            text += "\(count) for the next tick of the engine, or the next check:\n" + waiting.map(self.waiting).joined()
        }
        guard !windows.isEmpty else { return text }
        text +=
            "\n"
            + terminal.table(
                ["maintenance", "hours (\(zone))", "now", "holds back", "comment"],
                windows.map { entry in
                    [
                        entry.name, "\(entry.maintenance.hours)",
                        entry.isActive ? terminal.paint("in force", .yellow) : "-",
                        "\(entry.maintenance.match)", entry.maintenance.comment,
                    ]
                })
        return text
    }

    /// What a command asks for that no engine has taken yet.
    private func waiting(_ row: CommandRow) -> String {
        let document = try? JSON(parsing: Array(row.arguments.utf8))
        let by = "by \(Shown.id(row.actor)), asked \(moment(row.at))"
        if row.kind == Commands.expireSilence { return "  end \(Shown.id(document?["silence"]?.string ?? "?")), \(by)\n" }
        let match = (document?["match"]).flatMap { try? IncidentMatch(DocumentReader($0, document: "silence")) }
        let until = document?["until"]?.string.flatMap { Timestamp(rfc3339: $0) }.map { "until \(moment($0))" } ?? "until it resolves"
        let comment = document?["comment"]?.string.map { $0.isEmpty ? "" : ": \(Shown.line($0))" } ?? ""
        return "  \(Shown.id(document?["id"]?.string ?? "?")), \(until), \(by): \(match.map { "\($0)" } ?? "?")\(comment)\n"
    }

    private func end(_ silence: Silence, _ now: Timestamp) -> String {
        if let ended = silence.ended { return "ended \(moment(ended.at)) (\(ended.by))" }
        guard let until = silence.until else { return "when it resolves" }
        return until > now ? "in \((until - now).brief), \(moment(until))" : "ended \(moment(until))"
    }
}
