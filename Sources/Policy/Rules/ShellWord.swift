import Model

/// An id as one word of a shell's command, so that what is copied out of a text names exactly this id and runs nothing.
enum ShellWord {
    /// The bytes as every shell reads them, sh and dash too: as they are where they are plain, in single quotes where they hold
    /// nothing but letters, digits, single blanks and a few signs, else as what `printf` makes of them, with everything else as
    /// `\OOO`. An id that no argument can hold, for the NUL in it, is a word that no id is: never the part before the NUL.
    ///
    /// Nothing that a shell acts on is ever written as itself: even where the author of the text put quotes around it that
    /// end with ours, nothing of an id is run.
    static func quoted(_ bytes: [UInt8]) -> String {
        // An option is no id.
        if !bytes.isEmpty, bytes.allSatisfy(PercentEncoding.isPlain), bytes[0] != UInt8(ascii: "-") {
            return String(decoding: bytes, as: UTF8.self)
        }
        // A command's output loses the line ends behind it: bash, zsh and ksh know a word that does not.
        let isForPrintf = bytes.last != 0x0A && !bytes.contains(0)
        var body = ""
        var isEscaped = false
        var isAfterBlank = true
        var rest = bytes[...]
        while !rest.isEmpty {
            let (scalar, length) = first(of: rest)
            let isLast = rest.count == length
            // `printf` would read an option.
            let isDash = scalar == "-" && rest.startIndex == bytes.startIndex
            if let scalar, isReadable(scalar), scalar != "%", !isDash, scalar != " " || !(isAfterBlank || isLast) {
                body.unicodeScalars.append(scalar)
            } else if isDash || scalar == "%" {
                body += isDash ? "\u{1}" : "\u{2}"
            } else {
                isEscaped = true
                for byte in rest.prefix(length) { body += isForPrintf ? octal(byte) : "\\x" + Hex.encode([byte]) }
            }
            isAfterBlank = scalar == " "
            rest = rest.dropFirst(length)
        }
        let isPrinted = isEscaped && isForPrintf
        body = body.replacing(bytesOf: "\u{1}", with: isPrinted ? "\\055" : "-").replacing(bytesOf: "\u{2}", with: isPrinted ? "%%" : "%")
        if isPrinted { return "\"$(printf '\(body)')\"" }
        return (isEscaped && !bytes.contains(0) ? "$'" : "'") + body + "'"
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return "\\" + String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }

    /// A letter, a digit, or a sign that no shell acts on. Marks that stand by themselves may be one of two ids that look
    /// alike.
    private static func isReadable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 {
            return scalar == " " || PercentEncoding.isPlain(UInt8(scalar.value)) || "/:@+,=%".unicodeScalars.contains(scalar)
        }
        if Shown.isInvisible(scalar) { return false }
        return switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .spacingMark: false
        default: Shown.id(String(scalar)).unicodeScalars.elementsEqual([scalar])
        }
    }

    /// The first scalar and its bytes; nil and one byte where these are not UTF-8.
    private static func first(of bytes: ArraySlice<UInt8>) -> (Unicode.Scalar?, Int) {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return (nil, 1) }
        return (scalar, UTF8.width(scalar))
    }
}
