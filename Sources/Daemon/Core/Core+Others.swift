import Actions
import Ambient
import Journal
import Model
import Server

/// Other monitors that share the database: what they are told, and what they say.
extension Core {
    /// How often the engine says that it is there.
    public static let beatInterval = TimeSpan.seconds(2)
    /// After so long without a word it counts as hung, and another takes over.
    public static let beatPatience = TimeSpan.seconds(20)

    /// Whether other monitors may share the journal.
    public var isShared: Bool { journal?.isShared ?? false }

    /// Says to the others that this one is the engine and works, and hears what their gates counted. Here and not beside the core, so
    /// that a core that hangs is silent. Of a folder, which is one monitor's, nothing.
    public func beat() {
        guard let journal, journal.isShared else { return }
        do {
            hear(try journal.beat(patience: Core.beatPatience, word.text))
        } catch  where error.cause == .deposed {
            progress.isDeposed = true
        } catch {
            // What cannot be written the next commit says.
        }
    }

    private var word: MonitorWord {
        let settings = pipeline.settings
        return MonitorWord(
            version: instruments?.version ?? "", environment: settings.environment, shard: settings.shard, runtimes: settings.runtimes,
            cycles: progress.cycles,
            gate: gate?.report(counting: []))
    }

    private func hear(_ rows: [MonitorRow]) {
        guard let gate else { return }
        let reports = rows.filter { !$0.isSilent }.compactMap { row in
            MonitorWord(row.document)?.gate.map { (monitor: row.name, report: $0) }
        }
        gate.hear(reports.map(\.report))
        ledger.hear(reports) { lease, count in refusedStarts[lease, default: 0] += count }
    }

    /// What the gates of others need besides the leases, in the transaction that decides those: the figures that a limit is held by.
    func keepGateRuns(_ record: inout TickRecord) {
        guard let journal, journal.isShared, gate != nil else { return }
        let all = runsLastKnown(staleAfter)
        for runtime in pipeline.settings.runtimes {
            keep(all[runtime.name].map { GateSheet.bytes($0) }, GateSheet.runsPrefix + runtime.name, &record)
        }
    }

    /// Whom the gates of others count by name; as seldom as the state of signals is written.
    func keepGateApps(_ record: inout TickRecord) {
        guard let journal, journal.isShared, gate != nil else { return }
        for runtime in pipeline.settings.runtimes {
            guard let apps = pipeline.signals[runtime.name]?.subjects else { continue }
            keep(GateSheet.bytes(apps: apps), GateSheet.appsPrefix + runtime.name, &record)
        }
    }

    /// Only what is not there already; what an earlier process left is written over, or removed, once.
    private func keep(_ bytes: [UInt8]?, _ key: String, _ record: inout TickRecord) {
        guard sheets[key] != .some(bytes) else { return }
        sheets[key] = .some(bytes)
        record.states.append(StateRow(key: key, bytes: bytes))
    }
}
