import Glibc

/// The folder that holds what must survive: the journal, the lock that elects the engine, the kill file.
public struct StateFolder: Hashable, Sendable {
    /// Absolute, without symbolic links.
    public let path: String

    public var journalPath: String { path + "/journal.db" }
    public var lockPath: String { path + "/engine.lock" }
    /// While this file exists no new action starts and none is extended.
    public var killFilePath: String { path + "/actions.stop" }
    /// Says who took the kill file away, until the engine has read it.
    private var resumedPath: String { path + "/actions.resumed" }

    /// Makes the folder (mode 0700, parents as the umask says) unless it is there, for a process that will write to it.
    ///
    /// Throws `.unusableFolder` for what is not a folder, cannot be written to, or lets every user of the machine
    /// write; `.readOnly` on a read-only file system.
    public init(creating path: String) throws(JournalError) {
        try StateFolder.checkName(path)
        var path = path
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        try StateFolder.makeFolder(path)
        do throws(JournalError) {
            try self.init(existing: path)
        } catch  where error.cause == .missing {
            throw StateFolder.unusable(path, error.detail)
        }
        guard access(self.path, W_OK | X_OK) == 0 else {
            throw StateFolder.unusable(
                self.path, systemErrorText(errno), cause: errno == EROFS ? .readOnly : .unusableFolder)
        }
    }

    /// Takes a folder that is there, for a process that only reads.
    ///
    /// Throws `.missing` when there is none, `.unusableFolder` for what is not a folder, cannot be entered, or lets
    /// every user of the machine write.
    public init(existing path: String) throws(JournalError) {
        try StateFolder.checkName(path)
        guard let resolved = realpath(path, nil) else {
            var status = stat()
            if errno == ENOENT, lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
                throw StateFolder.unusable(path, "it is a link that leads nowhere; put back what it leads to, or remove the link")
            }
            throw StateFolder.unusable(
                path, systemErrorText(errno), cause: errno == ENOENT ? .missing : .unusableFolder)
        }
        defer { free(resolved) }
        self.path = String(cString: resolved)
        var status = stat()
        guard stat(self.path, &status) == 0 else { throw StateFolder.unusable(self.path, systemErrorText(errno)) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw StateFolder.unusable(self.path, "it is not a folder") }
        // Whoever writes here decides what is throttled and what counts as done.
        guard status.st_mode & S_IWOTH == 0 else {
            throw StateFolder.unusable(self.path, "every user may write to it; take that away with chmod o-w")
        }
        guard access(self.path, R_OK | X_OK) == 0 else { throw StateFolder.unusable(self.path, systemErrorText(errno)) }
    }

    /// Why somebody besides the owner may decide here; nil where nobody may.
    public var exposure: String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IWGRP != 0 else { return exposureOfParent }
        return "the group of \(path) may write to it, and so decides what is throttled and what counts as done; chmod g-w \(path)"
    }

    /// What names a database or a bucket is no folder of that name, which would be made, used, and lost with the machine. What
    /// follows the scheme is not shown: it may hold a password.
    private static func checkName(_ path: String) throws(JournalError) {
        let bytes = Array(path.utf8)
        guard let colon = bytes.indices.dropLast(2).first(where: { bytes[$0...].starts(with: "://".utf8) }) else { return }
        let scheme = bytes[..<colon].split(separator: UInt8(ascii: "/")).last ?? []
        let shown = String(decoding: scheme, as: UTF8.self)
        throw unusable("\(shown)://…", "it is a URL; the journal lies in a folder on a local disk, so name one, such as /var/lib/mozaiks-ops")
    }

    /// Whoever may write to the folder above may put another in its place.
    private var exposureOfParent: String? {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        var status = stat()
        guard stat(parent, &status) == 0, status.st_mode & S_IWOTH != 0, status.st_mode & S_ISVTX == 0 else { return nil }
        return "every user may write to \(parent), and so put another folder in the place of \(path); chmod o-w \(parent)"
    }

    private static func makeFolder(_ path: String) throws(JournalError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw unusable(path, systemErrorText(errno), cause: errno == EROFS ? .readOnly : .unusableFolder)
        }
        try makeParent(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw unusable(path, systemErrorText(errno)) }
    }

    private static func makeParent(_ path: String) throws(JournalError) {
        if path.isEmpty || mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw unusable(path, systemErrorText(errno), cause: errno == EROFS ? .readOnly : .unusableFolder)
        }
        try makeParent(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw unusable(path, systemErrorText(errno)) }
    }

    private static func unusable(
        _ path: String, _ detail: String, cause: JournalError.Cause = .unusableFolder
    ) -> JournalError {
        JournalError(operation: "use the state folder", path: path, cause: cause, detail: detail)
    }
}

// MARK: - Kill switch

extension StateFolder {
    /// Whether the kill file exists. When that cannot be found out the answer is yes: what cannot be read does not act.
    public var isKillSwitchOn: Bool {
        var status = stat()
        return lstat(killFilePath, &status) == 0 || errno != ENOENT
    }

    /// Creates the kill file. Needs nothing but the folder; an existing file is left as it is.
    /// - Parameter actor: who does it, for the audit log; on a full disk the file stays empty, and counts all the same.
    public func turnKillSwitchOn(by actor: String = "") throws(JournalError) {
        // Only ever a new file: what is there under this name, be it a link to nowhere, is on already.
        let file = open(killFilePath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        let code = errno
        if file >= 0 {
            StateFolder.write(actor, to: file)
            close(file)
            unlink(resumedPath)
        } else if !isKillSwitchOn {
            throw JournalError(
                operation: "stop all actions", path: killFilePath, cause: code == EROFS ? .readOnly : .unusableFolder,
                detail: systemErrorText(code))
        }
    }

    /// Removes the kill file; no error when there is none.
    public func turnKillSwitchOff(by actor: String = "") throws(JournalError) {
        if !actor.isEmpty, isKillSwitchOn {
            // What stands there, perhaps a second name of another file, goes; it is not emptied.
            unlink(resumedPath)
            let file = open(resumedPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if file >= 0 {
                StateFolder.write(actor, to: file)
                close(file)
            }
        }
        guard unlink(killFilePath) == 0 || errno == ENOENT else {
            throw JournalError(
                operation: "resume actions", path: killFilePath, cause: .unusableFolder, detail: systemErrorText(errno))
        }
    }

    /// Who turned the switch to where it is now, as they said it; nil where nobody did: a file made or removed by hand.
    public func killSwitchActor(isOn: Bool) -> String? {
        let file = open(isOn ? killFilePath : resumedPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 200)
        let count = read(file, &bytes, bytes.count)
        let line = bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
        // Whoever may write here may write anything: one line of what can be printed.
        guard !line.isEmpty, line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(decoding: line, as: UTF8.self)
    }

    /// Forgets who lifted the switch last, once that is written down.
    public func forgetKillSwitchActor() {
        unlink(resumedPath)
    }

    /// What does not fit on the disk is left out.
    private static func write(_ actor: String, to file: Int32) {
        guard !actor.isEmpty else { return }
        let bytes = Array((actor + "\n").utf8)
        _ = Glibc.write(file, bytes, bytes.count)
    }
}
