import Glibc

/// Files that a command makes for people.
enum NewFile {
    /// Writes a file that is not there yet; with `replaces` also one that is, which keeps its permissions.
    ///
    /// - Parameters:
    ///   - mode: permissions of a new file, less what the umask takes away.
    ///   - isForOthers: whether the umask takes nothing away: another user's process has to read it.
    static func write(_ text: String, to path: String, mode: mode_t = 0o644, replaces: Bool = false, isForOthers: Bool = false)
        throws(CommandFailure)
    {
        // A named pipe in its place that nobody reads is an error: some commands end by no signal of their own.
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | (replaces ? O_TRUNC : O_EXCL), mode)
        guard file >= 0 else {
            throw errno == EEXIST
                ? CommandFailure("\(path) is there already: nothing was changed", hint: "look at it, or name another folder with --into")
                : CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        if isForOthers { fchmod(file, mode) }
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let why = String(cString: strerror(errno))
                close(file)
                // Half a file is worse than none, and nobody else made it.
                if !replaces { unlink(path) }
                throw CommandFailure("cannot write \(path): \(why)")
            }
            done += count
        }
        guard close(file) == 0 else { throw CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))") }
    }

    /// Makes a folder and those above it, where they are not there.
    static func folder(_ path: String, mode: mode_t = 0o755, isForOthers: Bool = false) throws(CommandFailure) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            if mkdir(made, mode) == 0 {
                if isForOthers { chmod(made, mode) }
            } else if errno != EEXIST {
                throw CommandFailure("cannot make the folder \(made): \(String(cString: strerror(errno)))")
            }
        }
    }
}
