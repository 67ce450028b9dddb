import Journal
import Model
import Synchronization
import Views

extension Invocation {
    /// The time zone of messages, of the configuration that the command reads first; UTC where none can be read.
    var zone: Zone {
        if let known = KnownZone.value { return known }
        return (try? loadConfiguration())?.telling.zone ?? .utc
    }

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

/// The time zone that the configuration names which this command read last: moments are written with it at every place, and none
/// of them needs to read the file again, which may be another by then.
enum KnownZone {
    private static let zone = Mutex<Zone?>(nil)

    static var value: Zone? { zone.withLock { $0 } }

    static func note(_ new: Zone) { zone.withLock { $0 = new } }
}
