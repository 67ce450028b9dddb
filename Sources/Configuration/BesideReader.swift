import Model
import Settings
import YAML

/// Reads what is watched beside runtimes: `hosts:`, and what every such section has.
struct BesideReader {
    let reader: SettingReader

    /// The sections whose keys name what is watched, in their order: a name stands for one thing.
    private static let sections = [Keys.runtimes, Keys.hosts, Keys.services]

    /// The entries of such a section. What bears no name, or one that stands for something else already, is reported and left out.
    func entries(_ fields: Fields, _ key: SettingKey, _ what: String) -> [(entry: YAMLNode.Entry, inner: Fields)] {
        guard let section = fields.section(key) else { return [] }
        let before = BesideReader.sections.prefix { !$0.name.isSame(as: key.name) }
        return section.all().compactMap { entry in
            guard reader.isName(entry.name) else {
                reader.reporter.report(
                    "name", "'\(entry.name)' cannot name \(what)", at: entry.key, hint: "letters, digits and . _ -, at most 64")
                return nil
            }
            let other = before.first { other in
                fields.entry(other.name)?.value.entries?.contains { $0.name.isSame(as: entry.name) } ?? false
            }
            if let other {
                reader.reporter.report(
                    "name", "'\(entry.name)' stands under '\(other.name)' already: a name is of one thing", at: entry.key,
                    hint: "another name: incidents, silences and history go by it")
                return nil
            }
            return Fields(entry.value, what, reader.reporter, place: entry.key.start).map { (entry, $0) }
        }
    }

    /// What stands on every incident of it: `labels`, wherever it is declared.
    func labels(_ fields: Fields) -> [String: String] {
        guard let inner = fields.section(RuntimeKeys.labels) else { return [:] }
        var labels: [String: String] = [:]
        for entry in inner.all() { labels[entry.name] = reader.text(entry.value, "a label") }
        return labels
    }

    func hosts(_ fields: Fields) -> [HostSettings] {
        entries(fields, Keys.hosts, "a host").map { entry, inner in
            let mounts = mounts(inner)
            let proc = reader.path(inner, HostKeys.proc) ?? "/proc"
            let cgroup = reader.path(inner, HostKeys.cgroup) ?? "/sys/fs/cgroup"
            let carries = carries(inner, fields)
            let labels = labels(inner)
            inner.finish()
            return HostSettings(
                watched: WatchedRuntime(name: entry.name, kind: .host, replicas: [proc], labels: labels), mounts: mounts, proc: proc,
                cgroup: cgroup, carries: carries, origin: reader.origin(entry.key))
        }
    }

    /// Names of runtimes; what is none is reported.
    private func carries(_ inner: Fields, _ fields: Fields) -> [String]? {
        guard let node = inner.node(HostKeys.carries), let items = reader.reporter.list(node, "'carries'") else { return nil }
        let known = fields.entry(Keys.runtimes.name)?.value.entries?.map(\.name) ?? []
        return items.compactMap { item in
            guard let name = reader.text(item, "a runtime") else { return nil }
            guard known.contains(where: { $0.isSame(as: name) }) else {
                reader.reporter.report(
                    "name", "no runtime '\(Shown.id(name))'", at: item,
                    hint: Nearest.hint(to: name, among: known) ?? "runtimes: " + known.prefix(10).joined(separator: ", "))
                return nil
            }
            return name
        }
    }

    /// More than this many are no list that a person wrote.
    private static let mostMounts = 64
    private static let mountHint = "absolute paths, such as [/, /var/lib/mongodb]"

    private func mounts(_ inner: Fields) -> [String] {
        guard let node = inner.node(HostKeys.mounts), let items = reader.reporter.list(node, "'mounts'") else { return ["/"] }
        var mounts: [String] = []
        for item in items {
            guard let path = reader.writtenPath(item, "a mount") else { continue }
            // A folder beside the configuration is no mount that anybody means.
            guard path.hasPrefix("/") else {
                reader.reporter.report("type", "a mount must be an absolute path", at: item, hint: BesideReader.mountHint)
                continue
            }
            if mounts.contains(where: { $0.isSame(as: path) }) {
                reader.reporter.report("mount-twice", "\(Shown.id(path)) stands twice", at: item, severity: .warning)
            } else {
                mounts.append(path)
            }
        }
        if items.isEmpty {
            reader.reporter.report(
                "type", "'mounts' names no folder", at: node, hint: BesideReader.mountHint + "; without it, / is looked at")
        }
        if mounts.count > BesideReader.mostMounts {
            reader.reporter.report(
                "range", "more than \(BesideReader.mostMounts) mounts", at: node, hint: "name those that may run full")
            return Array(mounts.prefix(BesideReader.mostMounts))
        }
        return mounts
    }
}
