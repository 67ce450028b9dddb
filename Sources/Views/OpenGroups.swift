import Model

/// Open incidents as a screen has room for them: what nobody looks into first, and those of one rule on many subjects of one runtime
/// as one, since they are one thing to whoever reads.
public struct OpenGroups: Sendable {
    /// From so many on they are told as one.
    public static let many = 5

    public struct Group: Sendable {
        /// The weightiest first, then the oldest; never empty.
        public let incidents: [Incident]

        public var isOne: Bool { incidents.count == 1 }
        public var first: Incident { incidents[0] }
        public var severity: Severity { incidents.reduce(first.severity) { max($0, $1.severity) } }
        /// When the first of them began.
        public var since: Timestamp { incidents.reduce(first.since) { min($0, $1.since) } }
        public var isAcknowledged: Bool { incidents.allSatisfy { $0.acknowledged != nil } }

        /// `200 apps of shared`
        public var subjects: String { OpenGroups.words(incidents.count, like: first.subject) }
    }

    public let groups: [Group]

    /// Many that have the same key as one, in the place of the first of them; all else by itself. In the order that was given.
    static func gathered<Element, Key: Hashable>(_ all: [Element], by key: (Element) -> Key) -> [[Element]] {
        let members = Dictionary(grouping: all, by: key)
        var told: Set<Key> = []
        return all.compactMap { one in
            guard let same = members[key(one)], same.count >= many else { return [one] }
            return told.insert(key(one)).inserted ? same : nil
        }
    }

    /// `200 apps of shared`
    static func words(_ count: Int, like subject: Subject) -> String {
        let noun = subject.kind.link == nil ? "incidents" : "\(subject.kind.rawValue)s"
        return "\(count) \(noun) of \(Shown.id(subject.runtime))"
    }

    /// - Parameter open: the weightiest first.
    public init(_ open: [Incident]) {
        struct Key: Hashable {
            let rule: String
            let runtime: String
            let kind: SubjectKind
            let isAcknowledged: Bool
        }
        func keyed(_ incident: Incident) -> Key {
            Key(
                rule: incident.rule, runtime: incident.subject.runtime, kind: incident.subject.kind,
                isAcknowledged: incident.acknowledged != nil)
        }
        let groups = OpenGroups.gathered(open, by: keyed).map(Group.init)
        self.groups = groups.filter { !$0.isAcknowledged } + groups.filter(\.isAcknowledged)
    }
}
