import Model

/// A number with its unit, in the base of that unit: percent points, seconds, per minute, USD, USD/h, bytes.
struct Quantity: Hashable, Sendable {
    var value: Double
    var unit: Unit
    /// As written: `40%`.
    var text: String

    /// Reads a whole text: `40%`, `200`, `1.5s`, `-3`, `10/min`, `3 USD/h`. Nil when it is not one.
    init?(_ text: String) {
        var scanner = QuantityScanner(Array(text.utf8), at: 0)
        let negative = text.utf8.first == 45
        if negative { scanner.index = 1 }
        guard case .success(let found) = scanner.scan(), scanner.index == text.utf8.count else { return nil }
        value = negative ? -found.value : found.value
        unit = found.unit
        self.text = text
    }

    init(value: Double, unit: Unit, text: String) {
        self.value = value
        self.unit = unit
        self.text = text
    }

    /// The units that a number may carry, for hints.
    static let knownUnits = ["%", "ms", "s", "m", "h", "d", "/s", "/min", "/h", "USD", "USD/h", "B", "kB", "MB", "GB"]
}

/// Reads a number and the unit attached to it.
struct QuantityScanner {
    let bytes: [UInt8]
    var index: Int

    init(_ bytes: [UInt8], at index: Int) {
        self.bytes = bytes
        self.index = index
    }

    /// Why there is none, and how far the scanner got.
    enum Failure: Error {
        case notANumber
        case unknownUnit(String)
    }

    private static let byteUnits: [(name: String, factor: Double)] = [
        ("B", 1), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("KiB", 1_024), ("MiB", 1_048_576), ("GiB", 1_073_741_824),
    ]

    mutating func scan() -> Result<Quantity, Failure> {
        let start = index
        guard let number = number() else { return .failure(.notANumber) }
        func quantity(_ value: Double, _ unit: Unit) -> Result<Quantity, Failure> {
            let text = String(decoding: bytes[start..<index], as: UTF8.self)
            return value.isFinite ? .success(Quantity(value: value, unit: unit, text: text)) : .failure(.notANumber)
        }
        if take("%") { return quantity(number, .percent) }
        if peek() == 47, let factor = takePer(["s": 60, "min": 1, "h": 1.0 / 60]) {
            return quantity(number * factor, .perMinute)
        }
        let unitStart = index
        // Money and bytes may stand one space behind the number; no signal is written in capitals.
        if peek() == 32, let next = peek(1), (65...90).contains(next) || next == 107, spacedUnitFollows { index += 1 }
        let word = letters()
        switch word {
        case "":
            index = unitStart
            return quantity(number, .number)
        case "USD":
            if peek() == 47, let factor = takePer(["s": 3_600, "min": 60, "h": 1]) {
                return quantity(number * factor, .dollarsPerHour)
            }
            return quantity(number, .dollars)
        default:
            if let unit = QuantityScanner.byteUnits.first(where: { $0.name == word }) {
                return quantity(number * unit.factor, .bytes)
            }
            index = start
            if let span = span() { return quantity(span.seconds, .seconds) }
            index = unitStart
            return .failure(.unknownUnit(letters()))
        }
    }

    private func peek(_ ahead: Int = 0) -> UInt8? { index + ahead < bytes.count ? bytes[index + ahead] : nil }

    private mutating func take(_ character: Character) -> Bool {
        guard peek() == character.asciiValue else { return false }
        index += 1
        return true
    }

    /// Digits with an optional fraction; no sign, no exponent.
    private mutating func number() -> Double? {
        let start = index
        func digits() -> Int {
            var end = index
            while end < bytes.count, (48...57).contains(bytes[end]) { end += 1 }
            return end - index
        }
        let whole = digits()
        guard whole > 0 else { return nil }
        index += whole
        if peek() == 46, let next = peek(1), (48...57).contains(next) {
            index += 1
            index += digits()
        }
        return Double(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private mutating func letters() -> String {
        let start = index
        while let byte = peek(), isWord(byte) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 95, 97...122: true
        default: false
        }
    }

    private var spacedUnitFollows: Bool {
        var ahead = self
        ahead.index += 1
        let word = ahead.letters()
        return word == "USD" || QuantityScanner.byteUnits.contains { $0.name == word }
    }

    /// `/min` and the like, but not a division by something that begins so: `/min(`, `/s.x`.
    private mutating func takePer(_ units: [String: Double]) -> Double? {
        let start = index
        index += 1
        let word = letters()
        if let factor = units[word], peek() != 40, peek() != 46, peek() != 91 { return factor }
        index = start
        return nil
    }

    /// A length of time: `5m`, `1h30m`, `200ms`.
    mutating func span() -> TimeSpan? {
        let start = index
        while let byte = peek(), (48...57).contains(byte) || (97...122).contains(byte) || byte == 46 { index += 1 }
        if let span = TimeSpan(String(decoding: bytes[start..<index], as: UTF8.self)), peek().map(isWord) != true {
            return span
        }
        index = start
        return nil
    }
}
