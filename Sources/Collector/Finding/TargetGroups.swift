import JSONParsing
import Model
import YAML

/// Lists of targets as Prometheus reads them from files and over HTTP:
/// `[{"targets": ["10.0.0.5:8000"], "labels": {"tier": "gold", "__scheme__": "https"}}]`.
struct TargetGroups {
    /// Base URLs, as they stand there.
    var replicas: [String] = []
    /// What all targets are called, the same in each group.
    var labels: [String: String] = [:]
    private var isFirst = true

    /// What is wrong with a list: where, and nothing of what stands there.
    struct Flaw: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    init() {}

    static let mostBytes = SourceText.longest

    init(json bytes: [UInt8]) throws(Flaw) {
        let document: JSONParser.Document
        do {
            document = try JSONParser.document(of: bytes, limits: .init(bytes: TargetGroups.mostBytes, depth: 16, marks: 1 << 18))
        } catch {
            throw Flaw("it is no JSON: \(error.description)")
        }
        // As in YAML: one of both values names other replicas.
        guard document.duplicateKeys == 0 else { throw Flaw("a key stands twice in one object") }
        guard let groups = document.value.array else { throw Flaw("it is no list of groups") }
        for (index, group) in groups.enumerated() {
            let place = "group \(index + 1)"
            guard let group = group.object else { throw Flaw("\(place) is no object") }
            guard let targets = group["targets"]?.array else { throw Flaw("\(place) has no list 'targets'") }
            var names: [String] = []
            for target in targets {
                guard let name = target.string else { throw Flaw("a target of \(place) is no text") }
                names.append(name)
            }
            var labels: [String: String] = [:]
            if let given = group["labels"], !given.isNull {
                guard let given = given.object else { throw Flaw("'labels' of \(place) is no object") }
                for member in given {
                    guard let value = member.value.string else { throw Flaw("a label of \(place) is no text") }
                    labels[member.key] = value
                }
            }
            try add(names, labels, place)
        }
    }

    init(yaml bytes: [UInt8], file: String) throws(Flaw) {
        let reporter = Reporter(source: SourceText(file: file, bytes: bytes))
        guard let root = YAMLParser.parse(reporter) else {
            throw Flaw("it is no YAML: \(reporter.diagnostics.first.map { "line \($0.line): \($0.message)" } ?? "nothing can be read")")
        }
        // A file that holds nothing yet is half written, and no list without targets: that is `[]`.
        guard let groups = root.items else { throw Flaw("it is no list of groups") }
        for group in groups {
            let place = "the group at line \(group.start.line)"
            guard let entries = group.entries else { throw Flaw("\(place) is no mapping") }
            guard let targets = entries.last(where: { $0.name == "targets" })?.value.items else {
                throw Flaw("\(place) has no list 'targets'")
            }
            var names: [String] = []
            for target in targets {
                guard let name = target.text else { throw Flaw("a target of \(place) is no text") }
                names.append(name)
            }
            var labels: [String: String] = [:]
            if let given = entries.last(where: { $0.name == "labels" })?.value, !given.isNull {
                guard let given = given.entries else { throw Flaw("'labels' of \(place) is no mapping") }
                for entry in given {
                    guard let value = entry.value.text else { throw Flaw("a label of \(place) is no text") }
                    labels[entry.name] = value
                }
            }
            try add(names, labels, place)
        }
    }

    private mutating func add(_ targets: [String], _ labels: [String: String], _ place: String) throws(Flaw) {
        let scheme = labels["__scheme__"] ?? "http"
        guard scheme == "http" || scheme == "https" else { throw Flaw("'__scheme__' of \(place) is neither http nor https") }
        for target in targets {
            guard let url = TargetURL.of(scheme, target: target) else { throw Flaw("a target of \(place) is not 'host:port'") }
            replicas.append(url)
        }
        if !targets.isEmpty { share(labels.filter { !$0.key.hasPrefix("__") }) }
    }

    /// Only what is said of every target is said of the runtime.
    private mutating func share(_ labels: [String: String]) {
        self.labels = isFirst ? labels : self.labels.filter { labels[$0.key] == $0.value }
        isFirst = false
    }

    /// The targets of several files.
    mutating func add(_ other: TargetGroups) {
        guard !other.replicas.isEmpty else { return }
        replicas += other.replicas
        share(other.labels)
    }
}
