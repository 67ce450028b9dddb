import Digest
import Model
import Settings
import YAML

/// What of the configured runtimes is this shard's, and what another's.
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
        var own: [RuntimeSettings] = []
        for runtime in configuration.runtimes {
            guard let owner = Shard.owner(of: runtime.name, among: setting.value.count), owner != setting.value else {
                own.append(runtime)
                continue
            }
            configuration.elsewhere.append(RuntimeElsewhere(runtime.watched, owner))
        }
        configuration.runtimes = own
        return []
    }

    /// What is wrong with a text that is no shard.
    static func fault(_ text: String) -> (message: String, hint: String) {
        (
            "'\(Shown.id(text))' is no shard",
            "such as 2/5, the second of five: they are counted from 1, and there are \(Shard.most) at most"
        )
    }
}
