/// What is due, earliest first; of two due at once the one that was added first. A binary heap.
struct EventQueue<Event: Sendable>: Sendable {
    private struct Entry: Sendable {
        let due: Instant
        let order: UInt64
        let event: Event

        static func < (a: Entry, b: Entry) -> Bool { a.due == b.due ? a.order < b.order : a.due < b.due }
    }

    private var heap: [Entry] = []
    private var added: UInt64 = 0

    var nextDue: Instant? { heap.first?.due }

    mutating func add(_ event: Event, due: Instant) {
        heap.append(Entry(due: due, order: added, event: event))
        added += 1
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the earliest event if it is due by then.
    mutating func take(by limit: Instant) -> (due: Instant, event: Event)? {
        guard let first = heap.first, first.due <= limit else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return (first.due, first.event) }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
