import Model

/// The workflows of a runtime's apps by a small number (slot) that stays the same while the workflow is a subject. Kept only while
/// a policy asks for workflows. Slots of forgotten ones are given out again.
struct FlowDirectory: Sendable {
    struct Flow: Hashable, Sendable {
        /// The app's slot.
        let app: Int
        let name: [UInt8]
        /// When a body last showed it, ms.
        var lastSeen: Int64
        /// A run of it was seen to count anything besides errors.
        var hasWorked = false
    }

    private struct Key: Hashable {
        let app: Int
        let name: [UInt8]
    }

    /// How many workflows of one runtime are remembered. What comes later finds no place until others are forgotten.
    static let limit = 1 << 14
    /// The longest name that is remembered, bytes.
    static let longestName = 256

    /// By slot; nil is free.
    private(set) var flows: ContiguousArray<Flow?> = []
    private var slots: [Key: Int] = [:]
    /// Free slots, descending: the lowest is given out first, whether the directory was kept and brought back or not.
    private var free: [Int] = []
    /// Taken slots, by the bytes of their app's id, then of their name.
    private(set) var order: [Int] = []
    private var isSorted = true

    var capacity: Int { flows.count }
    var isEmpty: Bool { slots.isEmpty }

    /// The slot of an app's workflow that a body shows at `moment`; a new one is taken in. Nil where there is no place for it.
    mutating func slot(of name: [UInt8], app: Int, at moment: Int64) -> Int? {
        let key = Key(app: app, name: name)
        if let slot = slots[key] {
            flows[slot]?.lastSeen = moment
            return slot
        }
        guard slots.count < FlowDirectory.limit, name.count <= FlowDirectory.longestName else { return nil }
        let flow = Flow(app: app, name: name, lastSeen: moment)
        let slot: Int
        if let lowest = free.popLast() {
            slot = lowest
            flows[slot] = flow
        } else {
            slot = flows.count
            flows.append(flow)
        }
        slots[key] = slot
        isSorted = false
        return slot
    }

    mutating func noteWork(_ slot: Int) {
        if flows[slot]?.hasWorked == false { flows[slot]?.hasWorked = true }
    }

    /// Forgets those that were last seen before a moment, and those of apps that are forgotten. Their slots.
    mutating func expire(before moment: Int64, apps freed: FreedSlots?) -> [Int] {
        var expired: [Int] = []
        for slot in order {
            guard let flow = flows[slot], flow.lastSeen < moment || freed?.contains(flow.app) == true else { continue }
            expired.append(slot)
            slots[Key(app: flow.app, name: flow.name)] = nil
            flows[slot] = nil
        }
        if !expired.isEmpty {
            free = (free + expired).sorted(by: >)
            order.removeAll { flows[$0] == nil }
        }
        return expired
    }

    /// Puts them in order, where new ones came.
    mutating func sort(by apps: AppDirectory) {
        guard !isSorted else { return }
        isSorted = true
        var ranks = ContiguousArray(repeating: Int.max, count: apps.capacity)
        for (rank, slot) in apps.order.enumerated() { ranks[slot] = rank }
        let taken = flows.indices.compactMap { slot in
            flows[slot].map { (slot: slot, rank: $0.app < ranks.count ? ranks[$0.app] : .max, name: $0.name) }
        }
        order = taken.sorted { a, b in a.rank != b.rank ? a.rank < b.rank : a.name.lexicographicallyPrecedes(b.name) }.map(\.slot)
    }

    func encode(to writer: inout StateWriter) {
        writer.put(each: Array(flows)) { writer, flow in
            writer.put(optional: flow) { writer, flow in
                writer.put(flow.app)
                writer.put(flow.name)
                writer.put(flow.lastSeen)
                writer.put(flow.hasWorked)
            }
        }
    }

    init() {}

    init(from reader: inout StateReader, apps: AppDirectory) throws(SignalStateError) {
        flows = ContiguousArray(
            try reader.each { (reader) throws(SignalStateError) in
                try reader.optional { (reader) throws(SignalStateError) in
                    Flow(
                        app: try reader.integer(Int.self), name: try reader.data(), lastSeen: try reader.integer(),
                        hasWorked: try reader.flag())
                }
            })
        for (slot, flow) in flows.enumerated() {
            guard let flow else { continue }
            guard apps.ids.indices.contains(flow.app), apps.ids[flow.app] != nil else {
                throw reader.failure("a workflow of an app that is not there")
            }
            guard slots.updateValue(slot, forKey: Key(app: flow.app, name: flow.name)) == nil else {
                throw reader.failure("a workflow stands twice")
            }
        }
        free = flows.indices.reversed().filter { flows[$0] == nil }
        isSorted = false
        sort(by: apps)
    }
}
