import Model

extension Timestamp {
    /// `09:05 UTC`, rounded down to the minute.
    var minuteText: String { "\(clock.prefix(5)) UTC" }

    /// `2026-11-21`.
    var day: String { String(description.prefix(10)) }

    /// `09:05 UTC`, with its day where that is another one than that of the message.
    func minuteText(seenFrom message: Timestamp) -> String {
        day == message.day ? minuteText : "\(minuteText) on \(day)"
    }
}

/// Moments in sentences.
enum Moments {
    /// `09:05 to 09:20 UTC`; with seconds where it is shorter than two minutes.
    static func range(_ from: Timestamp, _ until: Timestamp, seenFrom message: Timestamp) -> String {
        if from.day != until.day {
            return "\(from.minuteText(seenFrom: message)) to \(until.minuteText(seenFrom: message))"
        }
        return "\(from.clock.prefix(digits(from, until))) to \(end(from, until, seenFrom: message))"
    }

    /// The end of that: `09:20 UTC`.
    static func end(_ from: Timestamp, _ until: Timestamp, seenFrom message: Timestamp) -> String {
        let day = until.day == message.day ? "" : " on \(until.day)"
        return "\(until.clock.prefix(digits(from, until))) UTC\(day)"
    }

    private static func digits(_ from: Timestamp, _ until: Timestamp) -> Int { until - from < .minutes(2) ? 8 : 5 }

    /// The text with each `2026-11-21T09:20:00.000Z` in it as `09:20 UTC`, for people.
    static func readable(_ text: String, seenFrom message: Timestamp) -> String {
        let bytes = Array(text.utf8)
        let length = 24
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if index + length <= bytes.count, bytes[index + 10] == UInt8(ascii: "T"),
                bytes[index + length - 1] == UInt8(ascii: "Z"),
                let moment = Timestamp(rfc3339: String(decoding: bytes[index..<(index + length)], as: UTF8.self))
            {
                out += Array(moment.minuteText(seenFrom: message).utf8)
                index += length
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
