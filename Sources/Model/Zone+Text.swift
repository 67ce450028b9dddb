extension Zone {
    /// Whether its clocks show UTC all the time.
    public var isUTC: Bool { first == 0 && changes.isEmpty && tail.map { $0.offset == 0 && $0.summer == nil } ?? true }

    /// `10:05:03`, as its clocks show it.
    public func clock(_ moment: Timestamp) -> String { local(moment).clock }

    /// `2026-11-21`, by its clocks.
    public func day(_ moment: Timestamp) -> String { String(local(moment).description.prefix(10)) }

    /// What stands behind a time of its clocks: `UTC`, `+02:00`, `Berlin time`. In the hour that comes twice in autumn the
    /// offset tells which of both: `Berlin time (+01:00)`.
    public func mark(_ moment: Timestamp) -> String {
        if isUTC { return "UTC" }
        guard let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")), name.utf8.first.map({ $0 > 64 }) == true else {
            return name.utf8.first.map { $0 > 64 } == true ? name : "UTC\(offsetText(moment))"
        }
        let place = String(name[slash...].dropFirst()).utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: " ") : $0 }
        let text = String(decoding: place, as: UTF8.self) + " time"
        return comesTwice(moment) ? "\(text) (\(offsetText(moment)))" : text
    }

    /// A stretch of whole minutes, by its clocks: `2026-11-14 09:00 to 10:00 UTC`.
    public func span(_ from: Timestamp, _ to: Timestamp) -> String {
        func minute(_ moment: Timestamp) -> String { String(clock(moment).prefix(5)) }
        let isOneDay = day(from) == day(to)
        return "\(day(from)) \(minute(from)) to \(isOneDay ? "" : day(to) + " ")\(minute(to)) \(mark(to))"
    }

    /// The moment for lists: as documents write it where clocks show UTC, else `2026-11-21T10:05:03+01:00`.
    public func text(_ moment: Timestamp) -> String {
        if isUTC { return moment.description }
        return String(local(moment).description.prefix(19)) + offsetText(moment)
    }

    /// A moment whose UTC digits are those of its clocks.
    private func local(_ moment: Timestamp) -> Timestamp { moment + TimeSpan(milliseconds: Int64(offset(at: moment)) * 1_000) }

    private func offsetText(_ moment: Timestamp) -> String {
        let minutes = offset(at: moment) / 60
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        return (minutes < 0 ? "-" : "+") + two(abs(minutes) / 60) + ":" + two(abs(minutes) % 60)
    }

    private func comesTwice(_ moment: Timestamp) -> Bool {
        let shown = local(moment)
        return [-3, 3].contains { hours in
            let offset = offset(at: moment + .hours(hours))
            let other = shown - TimeSpan(milliseconds: Int64(offset) * 1_000)
            return other != moment && self.offset(at: other) == offset
        }
    }
}

extension String {
    /// The text with each moment in it, `2026-11-21T09:20:00.000Z`, written otherwise.
    public func replacingMoments(by words: (Timestamp) -> String) -> String {
        let bytes = Array(utf8)
        let length = 24
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if index + length <= bytes.count, bytes[index + 10] == UInt8(ascii: "T"),
                bytes[index + length - 1] == UInt8(ascii: "Z"),
                let moment = Timestamp(rfc3339: String(decoding: bytes[index..<(index + length)], as: UTF8.self))
            {
                out += Array(words(moment).utf8)
                index += length
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
