import Model
import Telling

/// Silences as people read them.
extension Rendering {
    func silences(
        _ silences: [Silence], _ windows: [(name: String, window: TellingSettings.Maintenance, isActive: Bool)],
        waiting: Int, zone: Zone, now: Timestamp
    ) -> String {
        var text = silences.isEmpty ? "no silence is in force\n" : ""
        if !silences.isEmpty {
            text += terminal.table(
                ["id", "ends", "by", "holds back", "comment"],
                silences.map { silence in
                    [silence.id, end(silence, now), silence.by, "\(silence.match)", silence.comment]
                })
        }
        if waiting > 0 { text += "\(waiting) more wait\(waiting == 1 ? "s" : "") for the next tick of the engine, or the next check\n" }
        guard !windows.isEmpty else { return text }
        text += "\n"
            + terminal.table(
                ["maintenance", "hours (\(zone))", "now", "holds back", "comment"],
                windows.map { entry in
                    [
                        entry.name, "\(entry.window.hours)",
                        entry.isActive ? terminal.paint("in force", .yellow) : "-",
                        "\(entry.window.match)", entry.window.comment,
                    ]
                })
        return text
    }

    private func end(_ silence: Silence, _ now: Timestamp) -> String {
        if let ended = silence.ended { return "ended \(ended.at) (\(ended.by))" }
        guard let until = silence.until else { return "when it resolves" }
        return until > now ? "in \((until - now).brief)" : "ended \(until)"
    }
}
