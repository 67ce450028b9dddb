import Model

// What a restart keeps of the minutes.

extension MinuteHistory {
    /// Without the minutes themselves: those are rows of their own.
    func encodeCore(to writer: inout StateWriter) {
        writer.put(hasBegun)
        writer.put(nextMinute)
    }

    init(coreFrom reader: inout StateReader) throws(SignalStateError) {
        hasBegun = try reader.flag()
        nextMinute = try reader.moment()
    }

    func encodeMinutes(to writer: inout StateWriter) {
        writer.put(each: statuses) { writer, status in
            writer.put(optional: status.missing) { $0.put($1) }
            writer.put(byte: status.dead)
        }
        writer.put(each: tracks) { writer, track in
            writer.put(byte: track.signal.rawValue)
            writer.put(track.first)
            writer.put(each: track.runtime) { $0.put($1) }
            writer.put(each: track.apps) { writer, series in
                writer.put(series.entries.count)
                var last: Int64 = 0
                for entry in series.entries {
                    writer.put(entry.minute - last)
                    last = entry.minute
                    writer.put(bits: entry.value.bitPattern)
                }
            }
        }
    }

    mutating func decodeMinutes(from reader: inout StateReader, capacity: Int) throws(SignalStateError) {
        statuses = ContiguousArray(
            try reader.each { (reader) throws(SignalStateError) in
                Status(
                    missing: try reader.optional { (reader) throws(SignalStateError) in try reader.reason() },
                    dead: try reader.byte())
            })
        guard Int64(statuses.count) <= nextMinute else { throw reader.failure("more minutes than there were") }
        tracks = try reader.each { (reader) throws(SignalStateError) in
            guard let signal = Signal(rawValue: try reader.byte()) else { throw reader.failure("an unknown signal") }
            var track = Track(signal: signal, first: try reader.moment())
            track.runtime = ContiguousArray(
                try reader.each { (reader) throws(SignalStateError) in try reader.evidence() })
            guard track.first + Int64(track.runtime.count) == nextMinute else {
                throw reader.failure("minutes of a signal do not end with the others")
            }
            track.apps = ContiguousArray(
                try reader.each { (reader) throws(SignalStateError) in try Series(from: &reader) })
            guard track.apps.count <= capacity else { throw reader.failure("minutes of an app that is not there") }
            return track
        }
    }
}

extension MinuteHistory.Series {
    fileprivate init(from reader: inout StateReader) throws(SignalStateError) {
        var last: Int64 = -1
        for index in 0..<(try reader.count()) {
            let minute = (index == 0 ? 0 : last) &+ (try reader.integer())
            guard Clamp.moments.contains(minute), minute > last else {
                throw reader.failure("a minute is out of order")
            }
            last = minute
            entries.append(MinuteEntry(minute: minute, value: Double(bitPattern: try reader.bits())))
        }
    }
}
