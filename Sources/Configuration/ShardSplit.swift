import Digest
import Model
import Settings
import YAML

/// What of the configured runtimes and services is this shard's, and what another's.
enum ShardSplit {
    /// Leaves other shards theirs; what is odd about that. A runtime that is named in passing is watched by whoever names it.
    static func apply(to configuration: inout Configuration) -> [Diagnostic] {
        guard let setting = configuration.shard else { return [] }
        if let url = configuration.runtimes.first(where: \.origin.isInPassing)?.origin {
            // Of the file it is meant for the runtimes of the file.
            guard setting.origin.isInPassing else { return [] }
            return [
                Diagnostic(
                    "shard", "the runtime that \(url) names is watched all the same, by every shard", file: setting.origin.description,
                    line: 0, hint: "name the runtimes in mozaiks-ops.yaml, or leave the shard out", severity: .warning)
            ]
        }
        var elsewhere: [RuntimeElsewhere] = []
        func isOwn(_ watched: WatchedRuntime) -> Bool {
            guard let owner = Shard.owner(of: watched.name, among: setting.value.count), owner != setting.value else { return true }
            elsewhere.append(RuntimeElsewhere(watched, owner))
            return false
        }
        // The host is the machine that this monitor runs on, whichever shard it is.
        configuration.runtimes = configuration.runtimes.filter { isOwn($0.watched) }
        configuration.services = configuration.services.filter { isOwn($0.watched) }
        configuration.elsewhere = elsewhere
        return []
    }

    /// Whose each thing is, for `config show`; without a shard nothing.
    static func entries(_ configuration: Configuration) -> [SettingEntry] {
        guard let shard = configuration.shard else { return [] }
        func entry(_ watched: WatchedRuntime, _ text: String) -> SettingEntry {
            SettingEntry(key: "\(watched.kind.rawValue)s.\(watched.name).shard", value: text, origin: shard.origin)
        }
        let own = configuration.runtimes.map(\.watched) + configuration.services.map(\.watched)
        return own.map { entry($0, "\(shard.value)") }
            + configuration.elsewhere.map { entry($0.watched, "\($0.shard), not watched here") }
    }

    /// What is wrong with a text that is no shard.
    static func fault(_ text: String) -> (message: String, hint: String) {
        (
            "'\(Shown.id(text))' is no shard",
            "such as 2/5, the second of five: they are counted from 1, and there are \(Shard.most) at most"
        )
    }
}
