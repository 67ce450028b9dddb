import Model

/// What is remembered of one chat between two polls. 72 bytes, no references.
struct ChatRecord: BitwiseCopyable, Hashable {
    struct Flags: OptionSet, BitwiseCopyable, Hashable {
        let rawValue: UInt16
        /// Had not ended when last seen.
        static let open = Flags(rawValue: 1 << 0)
        /// Watched from its start on: it counted from zero.
        static let fresh = Flags(rawValue: 1 << 1)
        /// A counter moved since we watch it.
        static let progressed = Flags(rawValue: 1 << 2)
        static let started = Flags(rawValue: 1 << 3)
        /// Counters that a body has shown; one that shows up later sets a baseline first.
        static let turns = Flags(rawValue: 1 << 4)
        static let tools = Flags(rawValue: 1 << 5)
        static let errors = Flags(rawValue: 1 << 6)
        static let prompt = Flags(rawValue: 1 << 7)
        static let completion = Flags(rawValue: 1 << 8)
        static let cost = Flags(rawValue: 1 << 9)
        /// No websocket can be its own: see `GhostSense`.
        static let ghost = Flags(rawValue: 1 << 10)
        static let all = Flags(rawValue: 1 << 11 - 1)
        /// Changed since the last drain. Not kept.
        static let dirty = Flags(rawValue: 1 << 15)
    }

    /// Counted anything besides errors, which alone are nothing done.
    var hasWorked: Bool { turns != 0 || tools != 0 || prompt != 0 || completion != 0 || cost != 0 }

    var key: StableHash
    /// Runtime's clock, ms; meaningful with `started`.
    var startedAt: Int64 = 0
    /// USD.
    var cost = 0.0
    /// When a counter last moved, or since when we watch it; ms.
    var quietSince: Int64 = 0
    /// Place in the app directory.
    var app: UInt32 = 0
    // Counters as last shown, held within 0...UInt32.max.
    var turns: UInt32 = 0
    var tools: UInt32 = 0
    var errors: UInt32 = 0
    var prompt: UInt32 = 0
    var completion: UInt32 = 0
    /// The poll before the first that showed it, whole seconds rounded down: nothing of it happened earlier.
    var seenAfter: UInt32 = 0
    var flags: Flags = []
}

/// A chat's record as the journal keeps it: insert or replace by runtime, replica and key.
public struct ChatRow: Hashable, Sendable {
    public var replica: String
    public var key: StableHash
    /// About 40 bytes; only `RuntimeSignals` reads it.
    public var bytes: [UInt8]

    public init(replica: String, key: StableHash, bytes: [UInt8]) {
        self.replica = replica
        self.key = key
        self.bytes = bytes
    }
}

/// What happened to the kept chats since the last drain. Removals come first when both are applied.
public struct ChatChanges: Hashable, Sendable {
    public struct Removal: Hashable, Sendable {
        public var replica: String
        public var key: StableHash
    }

    /// Gone, by replica and then key.
    public var removals: [Removal] = []
    /// New or changed, by replica and then key.
    public var upserts: [ChatRow] = []

    public var isEmpty: Bool { removals.isEmpty && upserts.isEmpty }
}

/// The chats of one replica by their key: open addressing over the key itself, which is a good hash already.
/// Bodies list chats in insertion order and so does the table, so that most look-ups are one comparison.
struct ChatTable {
    private(set) var records: ContiguousArray<ChatRecord> = []
    /// Index into `records` plus one; 0 is empty. A power of two, at most half full.
    private var places: ContiguousArray<UInt32> = ContiguousArray(repeating: 0, count: 16)

    var count: Int { records.count }

    subscript(index: Int) -> ChatRecord {
        get { records[index] }
        set { records[index] = newValue }
    }

    /// The index of a key. `hint` is where it probably is.
    func find(_ key: StableHash, hint: Int) -> Int? {
        if hint < records.count, records[hint].key == key { return hint }
        let mask = places.count - 1
        var place = Int(truncatingIfNeeded: key.low) & mask
        while places[place] != 0 {
            let index = Int(places[place]) - 1
            if records[index].key == key { return index }
            place = (place + 1) & mask
        }
        return nil
    }

    /// The key must not be there.
    mutating func append(_ record: ChatRecord) {
        records.append(record)
        if records.count * 2 > places.count {
            rebuild()
        } else {
            link(records.count - 1)
        }
    }

    /// Keeps the records that pass by index and content.
    mutating func keep(where isKept: (Int, ChatRecord) -> Bool) {
        var kept: ContiguousArray<ChatRecord> = []
        for index in records.indices where isKept(index, records[index]) { kept.append(records[index]) }
        records = kept
        rebuild()
    }

    private mutating func link(_ index: Int) {
        let mask = places.count - 1
        var place = Int(truncatingIfNeeded: records[index].key.low) & mask
        while places[place] != 0 { place = (place + 1) & mask }
        places[place] = UInt32(truncatingIfNeeded: index + 1)
    }

    private mutating func rebuild() {
        var size = 16
        while size < records.count * 4 { size *= 2 }
        places = ContiguousArray(repeating: 0, count: size)
        for index in records.indices { link(index) }
    }
}

extension ChatRecord {
    func encode(to writer: inout StateWriter) {
        writer.put(UInt64(flags.intersection(.all).rawValue))
        writer.put(UInt64(app))
        writer.put(startedAt)
        writer.put(cost)
        writer.put(quietSince)
        for counter in [turns, tools, errors, prompt, completion, seenAfter] { writer.put(UInt64(counter)) }
    }

    init(key: StableHash, from reader: inout StateReader) throws(SignalStateError) {
        func counter() throws(SignalStateError) -> UInt32 {
            guard let value = UInt32(exactly: try reader.unsigned()) else {
                throw reader.failure("a counter is out of range")
            }
            return value
        }
        self.key = key
        guard let bits = UInt16(exactly: try reader.unsigned()), bits & ~Flags.all.rawValue == 0 else {
            throw reader.failure("unknown flags of a chat")
        }
        flags = Flags(rawValue: bits)
        app = try counter()
        startedAt = try reader.integer()
        cost = try reader.double()
        quietSince = try reader.integer()
        turns = try counter()
        tools = try counter()
        errors = try counter()
        prompt = try counter()
        completion = try counter()
        seenAfter = try counter()
    }
}
