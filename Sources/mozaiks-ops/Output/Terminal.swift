import Ambient
import Glibc
import Model

/// Where results go: text for people or JSON for programs, colour only on a terminal that wants it.
struct Terminal: Sendable {
    let color: Bool
    /// Columns of the terminal; 100 where there is none.
    let width: Int

    init(environment: Environment) {
        let interactive = isatty(STDOUT_FILENO) == 1
        color = interactive && environment.nonEmpty("NO_COLOR") == nil && environment["TERM"] != "dumb"
        var size = winsize()
        width = interactive && ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 100
    }

    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "36"
    }

    func paint(_ text: String, _ style: Style) -> String {
        color ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Columns as wide as their widest cell, two spaces apart; the last one is not padded.
    func table(_ header: [String], _ rows: [[String]]) -> String {
        let rows = rows.map { $0.map { Shown.cell($0, styles: color) } }
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { Terminal.columns($0[column]) }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            cells.enumerated().map { index, cell in
                index == cells.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[index] - Terminal.columns(cell))
            }.joined(separator: "  ")
        }
        return ([paint(line(header), .dim)] + rows.map(line)).map { $0 + "\n" }.joined()
    }

    /// Columns that a text takes: wide East Asian characters count two, escapes and combining marks none.
    static func columns(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x1B }) { return text.utf8.count }
        var total = 0
        var escaped = false
        for scalar in text.unicodeScalars {
            if escaped {
                if scalar == "m" { escaped = false }
            } else if scalar == "\u{1B}" {
                escaped = true
            } else if scalar.properties.generalCategory == .nonspacingMark || scalar.properties.generalCategory == .format {
                continue
            } else {
                total += isWide(scalar) ? 2 : 1
            }
        }
        return total
    }

    /// East Asian Wide and emoji, by the blocks that matter.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
