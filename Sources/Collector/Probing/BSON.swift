/// The members of a BSON document (bsonspec.org) that are plain values; what is inside others is passed over. What reads it is
/// total: any bytes are a document or none.
struct BSON {
    enum Value: Equatable {
        case number(Double)
        case bool(Bool)
        case text(String)
        case other
    }

    /// Documents with more are not read: the answers that are looked at have some twenty.
    private static let mostMembers = 1_000

    private(set) var members: [(key: String, value: Value)] = []

    /// The last member of that name.
    subscript(key: String) -> Value? { members.last { $0.key == key }?.value }

    func number(_ key: String) -> Double? {
        if case .number(let number)? = self[key] { number } else { nil }
    }

    func bool(_ key: String) -> Bool {
        if case .bool(true)? = self[key] { true } else { false }
    }

    /// Nil where the bytes do not begin with a whole document.
    init?(_ bytes: ArraySlice<UInt8>) {
        var outer = ByteReader(bytes)
        guard let length = outer.little(Int32.self), length >= 5, let body = outer.take(Int(length) - 4), body.last == 0 else { return nil }
        var reader = ByteReader(body.dropLast())
        while !reader.isAtEnd {
            guard members.count < BSON.mostMembers, let type = reader.byte(), let key = reader.text(), let value = BSON.value(type, &reader)
            else { return nil }
            members.append((String(decoding: key, as: UTF8.self), value))
        }
    }

    private static func value(_ type: UInt8, _ reader: inout ByteReader) -> Value? {
        func skip(_ count: Int?) -> Value? { count.flatMap { reader.take($0) }.map { _ in .other } }
        /// A text with its length before it and a zero behind it.
        func text() -> ArraySlice<UInt8>? {
            guard let length = reader.little(Int32.self), length >= 1, let text = reader.take(Int(length)), text.last == 0 else {
                return nil
            }
            return text.dropLast()
        }
        switch type {
        case 0x01: return reader.little(UInt64.self).map { .number(Double(bitPattern: $0)) }
        case 0x02: return text().map { .text(String(decoding: $0, as: UTF8.self)) }
        // Documents and arrays, and code with its scope: their length counts itself.
        case 0x03, 0x04, 0x0F: return skip(reader.little(Int32.self).map { Int($0) - 4 })
        case 0x05: return skip(reader.little(Int32.self).flatMap { $0 >= 0 ? Int($0) + 1 : nil })
        // Nothing, null, and the ends of all orders.
        case 0x06, 0x0A, 0x7F, 0xFF: return .other
        case 0x07: return skip(12)
        case 0x08: return reader.byte().map { .bool($0 != 0) }
        case 0x09, 0x11: return skip(8)
        case 0x0B: return reader.text().flatMap { _ in reader.text() }.map { _ in .other }
        case 0x0C: return text().flatMap { _ in skip(12) }
        case 0x0D, 0x0E: return text().map { _ in .other }
        case 0x10: return reader.little(Int32.self).map { .number(Double($0)) }
        case 0x12: return reader.little(Int64.self).map { .number(Double($0)) }
        case 0x13: return skip(16)
        default: return nil
        }
    }

    /// `{NAME: 1, "$db": "admin"}`, as bytes.
    static func command(_ name: String, database: String? = "admin") -> [UInt8] {
        var members = [0x10] + name.utf8 + [0] + Int32(1).littleBytes
        if let database {
            members += [0x02] + "$db".utf8 + [0] + Int32(database.utf8.count + 1).littleBytes + database.utf8 + [0]
        }
        return Int32(members.count + 5).littleBytes + members + [0]
    }
}
