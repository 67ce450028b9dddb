import Model

/// A moment as people write it on a command line: with its offset, or by the clocks that everything here is shown by.
enum WrittenMoment {
    enum Direction {
        case future, past
    }

    /// `2026-11-21T18:00:00Z`; `2026-11-21T18:00`, `2026-11-21 18:00:05` and `2026-11-21` by the clocks of `zone`; `18:00` the next
    /// such time, or the last. Nil for anything else.
    ///
    /// - Parameter direction: nil where a time without a day means nothing.
    static func read(_ text: String, zone: Zone, now: Timestamp, _ direction: Direction? = nil) -> Timestamp? {
        if let moment = Timestamp(rfc3339: text) { return moment }
        let parts = text.split(separator: text.utf8.contains(UInt8(ascii: "T")) ? "T" : " ", maxSplits: 1).map(String.init)
        guard let first = parts.first, parts.count <= 2 else { return nil }
        guard let time = clock(parts.count == 2 ? parts[1] : first) else {
            return parts.count == 1 ? moment(first, "00:00:00", zone) : nil
        }
        if parts.count == 2 { return moment(first, time, zone) }
        guard let direction else { return nil }
        let candidates = (-1...1).compactMap { days -> Timestamp? in
            let there = now + .hours(24 * days) + .seconds(Double(zone.offset(at: now + .hours(24 * days))))
            return moment(String("\(there)".prefix(10)), time, zone)
        }
        return direction == .future ? candidates.first { $0 > now } : candidates.last { $0 < now }
    }

    /// `18:00` and `18:00:05` with their seconds.
    private static func clock(_ text: String) -> String? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } })
        else { return nil }
        return parts.count == 2 ? text + ":00" : text
    }

    /// Where clocks are put back, the first of the two moments; where they are put forward, as if they had not been yet.
    private static func moment(_ day: String, _ time: String, _ zone: Zone) -> Timestamp? {
        guard day.utf8.count == 10, let there = Timestamp(rfc3339: "\(day)T\(time)Z") else { return nil }
        func at(_ offset: Int) -> Timestamp { there - .seconds(Double(offset)) }
        let offsets = [-1, 1].map { zone.offset(at: at(zone.offset(at: there)) + .hours(3 * $0)) }
        return offsets.map(at).first { zone.offset(at: $0) == there.seconds(since: $0) } ?? at(offsets[0])
    }
}

extension Timestamp {
    fileprivate func seconds(since other: Timestamp) -> Int { Int((self - other).milliseconds / 1_000) }
}
