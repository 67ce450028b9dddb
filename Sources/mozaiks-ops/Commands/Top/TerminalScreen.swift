import Ambient
import Cycle
import Glibc
import Journal
import Model
import Synchronization
import Views

/// The terminal in its own hands: no echo, a key at a time, another screen; as it was when that ends.
final class TerminalScreen {
    private let before: termios
    /// Milliseconds that what follows an escape may take.
    private static let restOfKey: Int32 = 80
    private let keys: KeyWatch

    /// Nil where the output is no terminal.
    static var size: (columns: Int, rows: Int)? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    init() {
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        self.before = before
        keys = KeyWatch { [before] in
            TerminalScreen.leave(before)
            _exit(0)
        }
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        write("\u{1B}[?1049h\u{1B}[?25l")
    }

    func leave() { TerminalScreen.leave(before) }

    private static func leave(_ before: termios) {
        var before = before
        write("\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }

    /// Draws over what is there, line by line, so that nothing flickers.
    func draw(_ lines: [String], styles: Bool) {
        let text = lines.map { Shown.cell($0, styles: styles) + "\u{1B}[K" }.joined(separator: "\n")
        write("\u{1B}[?2026h\u{1B}[H" + text + "\u{1B}[J\u{1B}[?2026l")
    }

    /// Does something that may take long; a key that ends is heard meanwhile.
    func waiting<R>(for body: () throws -> R) rethrows -> R { try keys.during(body) }

    /// What was pressed within that time: a letter, or `up`, `down`, `enter`, `escape`; nil: nothing.
    func key(within milliseconds: Int32) -> String? {
        if keys.count == 0 {
            guard let isThere = keys.hear(within: milliseconds) else { return "q" }
            guard isThere else { return nil }
        }
        // Several come at once where somebody types fast, or the line is slow.
        guard let first = keys.next(1).first else { return nil }
        keys.take(1)
        switch first {
        case 0x1B:
            // Over a slow line the rest of a key comes somewhat later: alone it would end the program.
            for _ in 0..<2 where keys.count < 2 { _ = keys.hear(within: TerminalScreen.restOfKey) }
            let rest = keys.next(2)
            guard rest.count == 2, rest[0] == 0x5B || rest[0] == 0x4F else { return "escape" }
            let last = rest[1]
            keys.take(2)
            return last == 0x41 ? "up" : last == 0x42 ? "down" : "?"
        case 13, 10: return "enter"
        case 3, 4: return "q"
        default: return String(decoding: [first], as: UTF8.self)
        }
    }
}
