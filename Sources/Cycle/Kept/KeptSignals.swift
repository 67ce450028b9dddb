import Signals

// The journal has rows of the same names; these are the signals' own.
typealias KeptChat = ChatRow
package typealias SubjectMinute = MinuteRow

/// The rows of one minute, the runtime's and its apps', as one blob of the journal: each behind its length (4 bytes,
/// least significant first).
enum MinuteBlob {
    static func encode(_ rows: [SubjectMinute]) -> [UInt8] {
        var blob: [UInt8] = []
        for row in rows {
            let bytes = row.encoded()
            withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { blob += Array($0) }
            blob += bytes
        }
        return blob
    }

    /// Throws on bytes that are not whole rows.
    static func decode(_ blob: [UInt8]) throws -> [SubjectMinute] {
        var rows: [SubjectMinute] = []
        var rest = blob[...]
        while !rest.isEmpty {
            guard rest.count >= 4 else { throw Damaged() }
            let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard rest.count >= length else { throw Damaged() }
            rows.append(try SubjectMinute(decoding: Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
        return rows
    }

    struct Damaged: Error, CustomStringConvertible {
        let description = "a minute of the history is cut short"
    }
}
