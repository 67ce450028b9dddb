import Ambient
import Cycle
import Digest
import Glibc
import Journal
import Model
import Synchronization
import Views

/// The terminal in its own hands: no echo, a key at a time, another screen; as it was when that ends.
final class TerminalScreen {
    private var before = termios()
    /// Milliseconds that what follows an escape may take.
    private static let restOfKey: Int32 = 80
    /// Pressed and not yet taken.
    private var pending: [UInt8] = []

    /// Nil where the output is no terminal.
    static var size: (columns: Int, rows: Int)? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    init() {
        tcgetattr(STDIN_FILENO, &before)
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(IXON | ICRNL)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        write("\u{1B}[?1049h\u{1B}[?25l")
    }

    func leave() {
        write("\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }

    /// Draws over what is there, line by line, so that nothing flickers.
    func draw(_ lines: [String], styles: Bool) {
        let text = lines.map { Shown.cell($0, styles: styles) + "\u{1B}[K" }.joined(separator: "\n")
        write("\u{1B}[?2026h\u{1B}[H" + text + "\u{1B}[J\u{1B}[?2026l")
    }

    /// What was pressed within that time: a letter, or `up`, `down`, `enter`, `escape`; nil: nothing.
    func key(within milliseconds: Int32) -> String? {
        if pending.isEmpty {
            guard let isThere = hear(within: milliseconds) else { return "q" }
            guard isThere else { return nil }
        }
        // Several come at once where somebody types fast, or the line is slow.
        let first = pending.removeFirst()
        switch first {
        case 0x1B:
            // Over a slow line the rest of a key comes somewhat later: alone it would end the program.
            for _ in 0..<2 where pending.count < 2 { _ = hear(within: TerminalScreen.restOfKey) }
            guard let second = pending.first, second == 0x5B || second == 0x4F, pending.count > 1 else { return "escape" }
            let last = pending[1]
            pending.removeFirst(2)
            return last == 0x41 ? "up" : last == 0x42 ? "down" : "?"
        case 13, 10: return "enter"
        case 3, 4: return "q"
        default: return String(decoding: [first], as: UTF8.self)
        }
    }

    /// Takes in what was pressed within that time. False: nothing was; nil: there is nobody any more.
    private func hear(within milliseconds: Int32) -> Bool? {
        var question = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&question, 1, milliseconds) > 0 else { return false }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        guard count > 0 else { return nil }
        pending += bytes.prefix(count)
        return true
    }
}
