import Model

/// Slots that are given to other apps: what stood there is to be forgotten, of all of them in one walk. One at a time
/// takes apps times chats, and a runtime may replace forty thousand apps in a day.
struct FreedSlots {
    /// Ascending.
    let slots: [Int]
    private var isFreed: ContiguousArray<Bool>

    init(_ slots: [Int]) {
        self.slots = slots.sorted()
        isFreed = ContiguousArray(repeating: false, count: (self.slots.last ?? -1) + 1)
        for slot in slots { isFreed[slot] = true }
    }

    func contains(_ slot: Int) -> Bool { slot < isFreed.count && isFreed[slot] }
}

/// The apps of a runtime by a small number (slot) that stays the same while the app is a subject. Slots of forgotten
/// apps are given out again.
struct AppDirectory {
    /// By slot; nil is free.
    private(set) var ids: [AppID?] = []
    /// By slot: when a body last showed it, ms.
    var lastSeen: ContiguousArray<Int64> = []
    private var slots: [AppID: Int] = [:]
    /// Free slots, descending: the lowest is given out first, whether the directory was kept and brought back or not.
    private var free: [Int] = []
    /// Taken slots, by the bytes of their ids.
    private(set) var order: [Int] = []
    /// The ids in that order.
    private(set) var sorted: [AppID] = []

    var capacity: Int { ids.count }

    func slot(of app: AppID) -> Int? { slots[app] }

    /// The slots of several apps; new ones are taken in. The second part tells whether there was a new one.
    mutating func slots(of apps: [AppID]) -> [Int] {
        var grew = false
        let found = apps.map { app in
            if let slot = slots[app] { return slot }
            grew = true
            return add(app)
        }
        if grew { sort() }
        return found
    }

    /// How many apps are remembered. A policy's judgment of one takes some 12 kB after a day.
    static let limit = 1 << 16

    /// Forgets the apps that were last seen before a moment and, of more than `limit`, those that were not seen for the
    /// longest time (of several, the last by their bytes). Their slots, and how many had to make room.
    mutating func expire(before moment: Int64, limit: Int = AppDirectory.limit) -> (slots: [Int], crowdedOut: Int) {
        var expired = order.filter { lastSeen[$0] < moment }
        let crowdedOut = max(0, order.count - expired.count - limit)
        if crowdedOut > 0 {
            let kept = order.indices.filter { lastSeen[order[$0]] >= moment }
            expired += kept.sorted { a, b in
                let (left, right) = (lastSeen[order[a]], lastSeen[order[b]])
                return left != right ? left < right : a > b
            }.prefix(crowdedOut).map { order[$0] }
        }
        for slot in expired {
            if let id = ids[slot] { slots[id] = nil }
            ids[slot] = nil
        }
        if !expired.isEmpty {
            free = (free + expired).sorted(by: >)
            sort()
        }
        return (expired, crowdedOut)
    }

    private mutating func add(_ app: AppID) -> Int {
        let slot: Int
        // Not looked for among all: a body may bring a hundred thousand new apps in the place of as many.
        if let lowest = free.popLast() {
            slot = lowest
            ids[slot] = app
        } else {
            slot = ids.count
            ids.append(app)
            lastSeen.append(.min)
        }
        lastSeen[slot] = .min
        slots[app] = slot
        return slot
    }

    private mutating func sort() {
        let taken = ids.enumerated().compactMap { slot, id in id.map { (slot: slot, id: $0) } }.sorted { $0.id < $1.id }
        order = taken.map(\.slot)
        sorted = taken.map(\.id)
    }

    func encode(to writer: inout StateWriter) {
        writer.put(ids.count)
        for (slot, id) in ids.enumerated() {
            writer.put(optional: id) { $0.put($1.bytes) }
            if id != nil { writer.put(lastSeen[slot]) }
        }
    }

    init() {}

    init(from reader: inout StateReader) throws(SignalStateError) {
        for slot in 0..<(try reader.count()) {
            let id = try reader.optional { (reader) throws(SignalStateError) in AppID(bytes: try reader.data()) }
            ids.append(id)
            lastSeen.append(id == nil ? .min : try reader.integer())
            if let id {
                guard slots.updateValue(slot, forKey: id) == nil else { throw reader.failure("an app stands twice") }
            }
        }
        free = ids.indices.reversed().filter { ids[$0] == nil }
        sort()
    }
}
