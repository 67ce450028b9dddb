import Ambient
import Model
import Settings

/// Reads time zones: a fixed offset, or a name of the machine's time zone files (RFC 8536).
public enum ZoneFile {
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong.
        public let why: String
        public let hint: String

        /// The same text and files give the same answer.
        public var retryable: Bool { false }
        public var description: String { "\(why); \(hint)" }
    }

    /// The largest that is read: the real ones have a few kilobytes.
    static let limit = 256 << 10
    private static let hint = "such as UTC, +02:00 or Europe/Berlin"

    /// The zone that a text names. `$TZDIR` is where the files lie, `/usr/share/zoneinfo` unless it is set.
    public static func zone(_ text: String, in environment: Environment) throws(Failure) -> Zone {
        if let zone = Zone(fixed: text) { return zone }
        let isName =
            (1...64).contains(text.utf8.count) && !text.hasPrefix("/") && !text.hasPrefix("-") && !text.hasPrefix("+")
            && !text.contains(bytesOf: "..")
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || [43, 45, 47, 95].contains(byte)
            }
        guard isName else { throw Failure(why: "'\(text)' is no time zone", hint: hint) }
        let folder = environment.nonEmpty("TZDIR") ?? "/usr/share/zoneinfo"
        let bytes: [UInt8]
        do throws(FileReading.Failure) {
            bytes = try FileReading.bytes(folder + "/" + text, limit: limit + 1)
        } catch {
            throw Failure(
                why: "cannot read the time zone '\(text)': \(error.reason)",
                hint: "\(hint); names need the files of the package tzdata in \(folder)")
        }
        guard let zone = parse(bytes, name: text) else {
            throw Failure(why: "\(folder)/\(text) is no time zone file", hint: hint)
        }
        return zone
    }

    /// Nil when the bytes are no time zone file of version 2 or later.
    public static func parse(_ bytes: [UInt8], name: String) -> Zone? {
        guard bytes.count <= limit else { return nil }
        var reader = Reader(bytes: bytes)
        // The first block is for readers of 32-bit times.
        guard let old = reader.header(), old.version >= 2, reader.skip(old.length(timeBytes: 4)),
            let header = reader.header(), header.types > 0
        else { return nil }
        guard let times = reader.list(header.times, { $0.int64() }), let kinds = reader.list(header.times, { $0.byte() }),
            let types = reader.list(
                header.types,
                { reader -> Int? in
                    guard let offset = reader.int32(), reader.skip(2), offset.magnitude <= 26 * 3_600 else { return nil }
                    return Int(offset)
                }),
            kinds.allSatisfy({ Int($0) < types.count }),
            zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }),
            reader.skip(header.letters + header.leaps * 12 + header.standards + header.universals),
            let footer = reader.line()
        else { return nil }
        let tail = PosixZone.parse(footer)
        guard tail != nil || footer.isEmpty else { return nil }
        return Zone(
            name: name, first: types[0],
            changes: zip(times, kinds).map { Zone.Change(at: $0, offset: types[Int($1)]) }, tail: tail)
    }

    /// The counts of a block.
    private struct Header {
        let version: Int
        let universals, standards, leaps, times, types, letters: Int

        func length(timeBytes: Int) -> Int {
            times * timeBytes + times + types * 6 + letters + leaps * (timeBytes + 4) + standards + universals
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var place = 0

        mutating func byte() -> UInt8? {
            guard place < bytes.count else { return nil }
            place += 1
            return bytes[place - 1]
        }

        mutating func skip(_ count: Int) -> Bool {
            guard count <= bytes.count - place else { return false }
            place += count
            return true
        }

        mutating func int32() -> Int32? { number(4).map { Int32(truncatingIfNeeded: $0) } }
        mutating func int64() -> Int64? { number(8).map { Int64(bitPattern: $0) } }

        private mutating func number(_ width: Int) -> UInt64? {
            guard width <= bytes.count - place else { return nil }
            defer { place += width }
            return bytes[place..<place + width].reduce(0) { $0 << 8 | UInt64($1) }
        }

        /// Counts beyond what the file could hold are refused before anything is made of them.
        mutating func list<T>(_ count: Int, _ read: (inout Reader) -> T?) -> [T]? {
            guard count <= bytes.count - place else { return nil }
            var list: [T] = []
            for _ in 0..<count {
                guard let next = read(&self) else { return nil }
                list.append(next)
            }
            return list
        }

        mutating func header() -> Header? {
            guard bytes.dropFirst(place).starts(with: Array("TZif".utf8)), skip(4), let version = byte(), skip(15)
            else { return nil }
            guard let counts = list(6, { $0.int32() }), counts.allSatisfy({ (0...Int32(ZoneFile.limit)).contains($0) })
            else { return nil }
            let numbers = counts.map { Int($0) }
            return Header(
                version: version == 0 ? 1 : Int(version) - 48, universals: numbers[0], standards: numbers[1],
                leaps: numbers[2], times: numbers[3], types: numbers[4], letters: numbers[5])
        }

        /// What stands between two line feeds, ASCII.
        mutating func line() -> String? {
            guard byte() == 10, let end = bytes[place...].firstIndex(of: 10) else { return nil }
            let text = bytes[place..<end]
            guard text.allSatisfy({ (32..<127).contains($0) }) else { return nil }
            return String(decoding: text, as: UTF8.self)
        }
    }
}

/// The rule for years beyond a time zone file, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
enum PosixZone {
    /// Nil when it is none.
    static func parse(_ text: String) -> Zone.Tail? {
        var rest = Array(text.utf8)[...]
        guard name(&rest), let west = time(&rest, hours: 24) else { return nil }
        let offset = -west
        guard !rest.isEmpty else { return Zone.Tail(offset: offset) }
        guard name(&rest) else { return nil }
        var summer = offset + 3_600
        if rest.first != 44 {
            guard let west = time(&rest, hours: 24) else { return nil }
            summer = -west
        }
        guard take(44, &rest), let begins = moment(&rest), take(44, &rest), let ends = moment(&rest), rest.isEmpty
        else { return nil }
        return Zone.Tail(offset: offset, summer: Zone.Summer(offset: summer, begins: begins, ends: ends))
    }

    private static func take(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Letters, or anything between `<` and `>`.
    private static func name(_ rest: inout ArraySlice<UInt8>) -> Bool {
        if take(60, &rest) {
            guard let end = rest.firstIndex(of: 62), end > rest.startIndex else { return false }
            rest = rest[(end + 1)...]
            return true
        }
        let letters = rest.prefix { (65...90).contains($0) || (97...122).contains($0) }
        rest = rest.dropFirst(letters.count)
        return letters.count >= 3
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, _ range: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix { (48...57).contains($0) }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
        return range.contains(value) ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    private static func time(_ rest: inout ArraySlice<UInt8>, hours: Int) -> Int? {
        let isNegative = take(45, &rest)
        if !isNegative { _ = take(43, &rest) }
        guard var seconds = number(&rest, 0...hours).map({ $0 * 3_600 }) else { return nil }
        for unit in [60, 1] where take(58, &rest) {
            guard let part = number(&rest, 0...59) else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }

    /// `Mm.w.d`, `Jn` or `n`, and `/time`; 02:00 without one.
    private static func moment(_ rest: inout ArraySlice<UInt8>) -> Zone.YearlyMoment? {
        let day: Zone.YearlyMoment.Day
        if take(77, &rest) {
            guard let month = number(&rest, 1...12), take(46, &rest), let week = number(&rest, 1...5), take(46, &rest),
                let weekday = number(&rest, 0...6)
            else { return nil }
            day = .weekday(month: month, week: week, weekday: weekday)
        } else if take(74, &rest) {
            guard let number = number(&rest, 1...365) else { return nil }
            day = .julian(number)
        } else {
            guard let number = number(&rest, 0...365) else { return nil }
            day = .ordinal(number)
        }
        guard take(47, &rest) else { return Zone.YearlyMoment(day: day, seconds: 7_200) }
        return time(&rest, hours: 167).map { Zone.YearlyMoment(day: day, seconds: $0) }
    }
}
