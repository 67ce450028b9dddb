import Ambient

/// Finds a secret in a text that may have it in any of the usual forms: as it is, or with pieces of it escaped as JSON, a URL
/// or a web page does, one in the other, too (`\u0026`, `\/`, `%2F`, `&amp;`, `&#x26;`, `\\u0026`, `%2526`).
///
/// The text is read a character at a time, and each may be written otherwise: a whole text in one form would not do, for
/// encoders differ in what they escape.
struct EchoSearch {
    private let secret: [UInt8]
    private let text: EscapedText
    /// How many forms may lie one in the other. In long texts one: they are read on every poll.
    private let depth: Int
    /// Of the secret, from its beginning.
    private let least: Int

    /// Services cut what they echo: a beginning of that length is hidden, too.
    private static let beginning = 12

    /// - Parameter wholly: a beginning is not it.
    init(_ secret: [UInt8], in bytes: UnsafeRawBufferPointer, wholly: Bool = false) {
        self.secret = secret
        least = wholly ? secret.count : min(EchoSearch.beginning, secret.count)
        text = EscapedText(bytes: bytes)
        depth = bytes.count > 1 << 20 ? 1 : 3
    }

    /// Where it stands, whole or its beginning, in the order of the text; they do not overlap.
    var places: [Range<Int>] {
        guard !secret.isEmpty, !text.bytes.isEmpty else { return [] }
        return text.holdsEscapes || secret.contains(UInt8(ascii: " ")) ? anyForm : plain
    }

    private var plain: [Range<Int>] {
        let start = Array(secret.prefix(least))
        var (found, place) = ([Range<Int>](), 0)
        while let next = text.bytes.offset(of: start, from: place) {
            var length = start.count
            while length < secret.count, next + length < text.bytes.count, text.bytes[next + length] == secret[length] { length += 1 }
            found.append(next..<next + length)
            place = next + length
        }
        return found
    }

    private var anyForm: [Range<Int>] {
        let (first, bytes) = (secret[0], text.bytes)
        var (found, place) = ([Range<Int>](), 0)
        while place < bytes.count {
            let byte = bytes[place]
            guard byte == first || EscapedText.begins(byte) || (byte == UInt8(ascii: "+") && first == UInt8(ascii: " ")) else {
                place += 1
                continue
            }
            // Most are told by their second byte, which is quick: long texts are read on every poll.
            if secret.count > 1, !EscapedText.begins(byte), place + 1 < bytes.count {
                let next = bytes[place + 1]
                guard next == secret[1] || EscapedText.begins(next) || next == UInt8(ascii: "+") else {
                    place += 1
                    continue
                }
            }
            // Read as escaped, or as it is: a secret may hold what looks like an escape.
            let ways = [match(at: place, escapesFirst: false), match(at: place, escapesFirst: true)].compactMap { $0 }
            if let end = ways.max() {
                found.append(place..<end)
                place = end
            } else {
                place += 1
            }
        }
        return found
    }

    /// Where the secret, or enough of it, ends that begins there.
    private func match(at start: Int, escapesFirst: Bool) -> Int? {
        var (place, taken) = (start, 0)
        while taken < secret.count, let next = step(at: place, taken, escapesFirst) {
            taken += next.length
            place = next.end
        }
        return taken >= least ? place : nil
    }

    private func step(at place: Int, _ taken: Int, _ escapesFirst: Bool) -> (length: Int, end: Int)? {
        guard place < text.bytes.count else { return nil }
        let byte = text.bytes[place]
        let isSame = byte == secret[taken] || (byte == UInt8(ascii: "+") && secret[taken] == UInt8(ascii: " "))
        guard EscapedText.begins(byte) else { return isSame ? (1, place + 1) : nil }
        if isSame, !escapesFirst { return (1, place + 1) }
        for layer in 1...depth {
            let unit = text.unit(at: place, depth: escapesFirst ? depth + 1 - layer : layer)
            if unit.end > place + 1, unit.isPart(of: secret, at: taken) { return (unit.count, unit.end) }
        }
        return isSame ? (1, place + 1) : nil
    }
}

/// A text read a character at a time, with what JSON, URLs and web pages write for a character taken for it.
struct EscapedText {
    let bytes: UnsafeRawBufferPointer

    /// A byte, or the few of one character, and where the next one begins.
    struct Unit {
        /// The first lowest.
        var bits: UInt32
        var count = 1
        var end: Int

        /// The byte, where it is one of ASCII.
        var ascii: UInt8 { count == 1 && bits < 0x80 ? UInt8(bits) : 0 }

        func isPart(of secret: [UInt8], at place: Int) -> Bool {
            place + count <= secret.count
                && (0..<count).allSatisfy { secret[place + $0] == UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) }
        }
    }

    /// Whether an escape may begin with that byte.
    static func begins(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "%") || byte == UInt8(ascii: "&") }

    var holdsEscapes: Bool { ["\\", "%", "&"].contains { bytes.offset(of: Array($0.utf8)) != nil } }

    /// What stands there once `depth` layers of escapes are taken off; `place` lies within the text.
    func unit(at place: Int, depth: Int) -> Unit {
        guard depth > 0, EscapedText.begins(bytes[place]) else { return Unit(bits: UInt32(bytes[place]), end: place + 1) }
        let first = unit(at: place, depth: depth - 1)
        switch first.ascii {
        case UInt8(ascii: "\\"): return backslash(first.end, depth - 1) ?? first
        case UInt8(ascii: "%"): return number(first.end, digits: 2, depth - 1).map { Unit(bits: $0.value, end: $0.end) } ?? first
        case UInt8(ascii: "&"): return entity(first.end, depth - 1) ?? first
        default: return first
        }
    }

    private func next(_ place: Int, _ depth: Int) -> Unit? { place < bytes.count ? unit(at: place, depth: depth) : nil }

    /// JSON's, and the `\xNN` of logs.
    private func backslash(_ place: Int, _ depth: Int) -> Unit? {
        guard let kind = next(place, depth) else { return nil }
        switch kind.ascii {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "'"): return kind
        case UInt8(ascii: "b"): return Unit(bits: 8, end: kind.end)
        case UInt8(ascii: "f"): return Unit(bits: 12, end: kind.end)
        case UInt8(ascii: "n"): return Unit(bits: 10, end: kind.end)
        case UInt8(ascii: "r"): return Unit(bits: 13, end: kind.end)
        case UInt8(ascii: "t"): return Unit(bits: 9, end: kind.end)
        case UInt8(ascii: "x"): return number(kind.end, digits: 2, depth).map { Unit(bits: $0.value, end: $0.end) }
        case UInt8(ascii: "u"):
            guard let high = number(kind.end, digits: 4, depth) else { return nil }
            guard (0xD800...0xDBFF).contains(high.value) else { return character(high.value, high.end) }
            guard let slash = next(high.end, depth), slash.ascii == UInt8(ascii: "\\"), let u = next(slash.end, depth),
                u.ascii == UInt8(ascii: "u"), let low = number(u.end, digits: 4, depth), (0xDC00...0xDFFF).contains(low.value)
            else { return nil }
            return character(0x10000 + (high.value - 0xD800) << 10 + (low.value - 0xDC00), low.end)
        default: return nil
        }
    }

    private func entity(_ place: Int, _ depth: Int) -> Unit? {
        var (name, place) = ([UInt8](), place)
        while name.count <= 8, let unit = next(place, depth) {
            place = unit.end
            if unit.ascii == UInt8(ascii: ";") { break }
            guard unit.ascii == UInt8(ascii: "#") || EscapedText.isAlphanumeric(unit.ascii) else { return nil }
            name.append(unit.ascii)
        }
        let text = String(decoding: name, as: UTF8.self)
        if text.hasPrefix("#x") || text.hasPrefix("#X") { return UInt32(text.dropFirst(2), radix: 16).flatMap { character($0, place) } }
        if text.hasPrefix("#") { return UInt32(text.dropFirst()).flatMap { character($0, place) } }
        return EscapedText.names[text].map { Unit(bits: UInt32($0), end: place) }
    }

    private static let names: [String: UInt8] = [
        "amp": 0x26, "lt": 0x3C, "gt": 0x3E, "quot": 0x22, "apos": 0x27, "sol": 0x2F, "plus": 0x2B, "equals": 0x3D, "percnt": 0x25,
        "bsol": 0x5C, "num": 0x23, "colon": 0x3A, "semi": 0x3B, "excl": 0x21, "dollar": 0x24, "commat": 0x40, "quest": 0x3F,
        "lowbar": 0x5F, "period": 0x2E, "comma": 0x2C, "ast": 0x2A, "lpar": 0x28, "rpar": 0x29, "nbsp": 0x20,
    ]

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private func number(_ place: Int, digits: Int, _ depth: Int) -> (value: UInt32, end: Int)? {
        var (value, place) = (UInt32(0), place)
        for _ in 0..<digits {
            guard let unit = next(place, depth) else { return nil }
            switch unit.ascii {
            case 48...57: value = value << 4 | UInt32(unit.ascii - 48)
            case 65...70, 97...102: value = value << 4 | UInt32(unit.ascii & 0xDF - 55)
            default: return nil
            }
            place = unit.end
        }
        return (value, place)
    }

    private func character(_ value: UInt32, _ end: Int) -> Unit? {
        guard let scalar = Unicode.Scalar(value) else { return nil }
        var unit = Unit(bits: 0, count: 0, end: end)
        for byte in UTF8.encode(scalar)! {  // Each scalar has a form in UTF-8.
            unit.bits |= UInt32(byte) << (8 * UInt32(unit.count))
            unit.count += 1
        }
        return unit
    }
}
