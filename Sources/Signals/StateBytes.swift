import Model

/// Kept state that cannot be read back.
public struct SignalStateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was wrong, and where.
    public let reason: String
    /// Byte offset.
    public let offset: Int
    public let hint = "start without the kept state; the windows fill again within minutes"
    public let isRetryable = false

    public var description: String { "kept signal state: \(reason) at byte \(offset); \(hint)" }
}

/// Writes state: integers as LEB128, signed ones in zigzag, floating point as its 64 bits.
struct StateWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func put(_ value: Int64) { put(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }
    mutating func put(_ value: Int) { put(Int64(value)) }
    mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }
    mutating func put(byte: UInt8) { bytes.append(byte) }
    mutating func append(_ other: StateWriter) { bytes.append(contentsOf: other.bytes) }

    mutating func put(bits value: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }

    mutating func put(_ value: Double) { put(bits: value.bitPattern) }

    mutating func put(_ value: some Collection<UInt8>) {
        put(value.count)
        bytes.append(contentsOf: value)
    }

    mutating func put(_ value: String) { put(value.utf8) }

    mutating func put<T>(optional value: T?, _ write: (inout StateWriter, T) -> Void) {
        put(value != nil)
        if let value { write(&self, value) }
    }

    mutating func put<C: Collection>(each values: C, _ write: (inout StateWriter, C.Element) -> Void) {
        put(values.count)
        for value in values { write(&self, value) }
    }

    mutating func put(_ reason: MissingReason) {
        put(byte: reason.code)
        if case .error(let status) = reason { put(UInt64(status)) }
    }

    mutating func put(_ evidence: Evidence) {
        switch evidence {
        case .value(let value):
            put(byte: 0xff)
            put(value)
        case .missing(let reason): put(reason)
        }
    }
}

/// Reads what `StateWriter` wrote. Every length is checked against what is left, so hostile bytes cannot make it
/// reserve much or trap.
struct StateReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { offset == bytes.count }

    func failure(_ reason: String) -> SignalStateError { SignalStateError(reason: reason, offset: offset) }

    mutating func byte() throws(SignalStateError) -> UInt8 {
        guard offset < bytes.count else { throw failure("cut short") }
        offset += 1
        return bytes[offset - 1]
    }

    /// The next byte, which stays to be read.
    func peek() throws(SignalStateError) -> UInt8 {
        guard offset < bytes.count else { throw failure("cut short") }
        return bytes[offset]
    }

    mutating func unsigned() throws(SignalStateError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw failure("an integer is too long") }
            value |= UInt64(next & 0x7f) << shift
            if next & 0x80 == 0 { return value }
            shift += 7
        }
    }

    mutating func integer() throws(SignalStateError) -> Int64 {
        let value = try unsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// An integer in a range, as any of the integer types.
    mutating func integer<I: FixedWidthInteger>(_ type: I.Type) throws(SignalStateError) -> I {
        guard let value = I(exactly: try integer()) else { throw failure("an integer is out of range") }
        return value
    }

    /// The number of things that follow; each takes at least one byte.
    mutating func count() throws(SignalStateError) -> Int {
        let value = try integer()
        guard value >= 0, value <= Int64(bytes.count - offset) else { throw failure("a count is out of range") }
        return Int(value)
    }

    mutating func flag() throws(SignalStateError) -> Bool {
        let value = try byte()
        guard value <= 1 else { throw failure("a flag is neither 0 nor 1") }
        return value == 1
    }

    mutating func bits() throws(SignalStateError) -> UInt64 {
        guard bytes.count - offset >= 8 else { throw failure("cut short") }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        offset += 8
        return value
    }

    /// Not NaN.
    mutating func double() throws(SignalStateError) -> Double {
        let value = Double(bitPattern: try bits())
        guard !value.isNaN else { throw failure("a number is not one") }
        return value
    }

    mutating func data() throws(SignalStateError) -> [UInt8] {
        let length = try count()
        offset += length
        return Array(bytes[offset - length..<offset])
    }

    mutating func string() throws(SignalStateError) -> String { String(decoding: try data(), as: UTF8.self) }

    mutating func optional<T>(_ read: (inout StateReader) throws(SignalStateError) -> T) throws(SignalStateError) -> T? {
        try flag() ? try read(&self) : nil
    }

    mutating func each<T>(_ read: (inout StateReader) throws(SignalStateError) -> T) throws(SignalStateError) -> [T] {
        var values: [T] = []
        for _ in 0..<(try count()) { values.append(try read(&self)) }
        return values
    }

    mutating func reason() throws(SignalStateError) -> MissingReason { try reason(code: byte()) }

    private mutating func reason(code: UInt8) throws(SignalStateError) -> MissingReason {
        guard let plain = MissingReason(code: code) else { throw failure("an unknown reason") }
        guard case .error = plain else { return plain }
        guard let status = UInt16(exactly: try unsigned()) else { throw failure("a status is out of range") }
        return .error(status: status)
    }

    mutating func evidence() throws(SignalStateError) -> Evidence {
        let code = try byte()
        return code == 0xff ? .value(try double()) : .missing(try reason(code: code))
    }
}
