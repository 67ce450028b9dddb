import Model

/// Which actions the evidence asked for when a process ended, life by life.
///
/// Nothing that is seen in the first minutes of a process counts for an action by itself: what piled up looks like load. A
/// tenant whose load kills each process within those minutes would therefore never be held. That the same action is asked for
/// at the end of each life, from the one on with which the deaths began, is evidence of another kind: from the second on it
/// counts as due. Who grew only once processes were dying brought none of it about.
struct LastWords: Hashable, Sendable {
    /// A process that lived longer is judged by what it did, as any other.
    static let shortLife = TimeSpan.minutes(10)
    /// Asked for so shortly before the process was last heard of is at the end of its life: a look or two may be lost to the
    /// load that kills it.
    static let end = TimeSpan.seconds(20)

    struct Asked: Hashable, Sendable {
        let key: LeaseKey
        /// In the first of the lives in a row.
        let since: Timestamp
        var at: Timestamp
        /// Ends of lives in a row.
        var lives: Int
    }

    /// When the process's figures were last read.
    private(set) var heardAt: Timestamp?
    /// Ends of lives since the deaths began: the first was of a process that had lived for long.
    private(set) var ends = 0
    /// Sorted by key.
    private(set) var asked: [Asked] = []

    init() {}

    mutating func heard(_ now: Timestamp) {
        heardAt = now
        asked.removeAll { now - $0.at > LastWords.shortLife }
    }

    /// The evidence asks for this now. Since when it counts as due; nil while that takes more ends of lives.
    mutating func asked(_ key: LeaseKey, _ now: Timestamp) -> Timestamp? {
        guard let index = asked.firstIndex(where: { $0.key == key }) else {
            asked.append(Asked(key: key, since: now, at: now, lives: 0))
            asked.sort { $0.key < $1.key }
            return nil
        }
        asked[index].at = now
        return asked[index].lives > 1 && asked[index].lives == ends ? asked[index].since : nil
    }

    /// The process is another one now.
    /// - Parameter wasShort: whether the one that ended had itself begun shortly before: else its end is the first in a row.
    mutating func lifeEnded(wasShort: Bool) {
        let end = heardAt
        ends = wasShort ? ends + 1 : 1
        asked = asked.compactMap { entry in
            guard let end, end - entry.at <= LastWords.end else { return nil }
            var entry = entry
            entry.lives = wasShort ? entry.lives + 1 : 1
            return entry
        }
    }
}

// MARK: - As a document

extension LastWords {
    func document(_ runtime: String) -> JSON {
        [
            "runtime": .string(runtime), "heard_at": heardAt.map(JSON.moment) ?? .null, "ends": .int(Int64(ends)),
            "asked": .array(
                asked.map { entry in
                    var object = JSONObject()
                    if let members = entry.key.document.object { for member in members { object.append(member.key, member.value) } }
                    object.append("since", .moment(entry.since))
                    object.append("at", .moment(entry.at))
                    object.append("lives", .int(Int64(entry.lives)))
                    return .object(object)
                }),
        ]
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        heardAt = try reader.optional("heard_at")?.timestamp()
        ends = try reader.member("ends").count()
        asked = try reader.member("asked").map { (element) throws(DocumentError) in
            Asked(
                key: try LeaseKey(element), since: try element.member("since").timestamp(),
                at: try element.member("at").timestamp(), lives: try element.member("lives").count())
        }
    }
}
