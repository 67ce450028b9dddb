import Journal
import Model
import Views

extension Invocation {
    /// The time zone of messages; UTC where the configuration cannot be read.
    var zone: Zone { (try? loadConfiguration())?.telling.zone ?? .utc }

    /// - Parameters:
    ///   - incidents: ids that will be shown short.
    ///   - journal: where all the others are.
    func rendering(zone: Zone? = nil, _ incidents: [String] = [], in journal: Journal? = nil) -> Rendering {
        var rendering = Rendering(terminal: terminal)
        rendering.zone = zone ?? self.zone
        if let journal, !incidents.isEmpty { rendering.shortIDs = ShortNames.of(ids: incidents, in: journal) }
        return rendering
    }
}
