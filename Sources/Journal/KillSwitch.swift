import Glibc

extension StateFolder {
    /// Whether actions may not be taken. When that cannot be found out the answer is yes: what cannot be read does not act.
    public var isKillSwitchOn: Bool { killSwitch ?? true }

    /// Whether the kill switch is on; nil where that cannot be found out. For those who say it: who acts asks `isKillSwitchOn`.
    public var killSwitch: Bool? {
        if let database {
            return try? database.briefly("look for the kill switch", .reader) { database throws(JournalError) in
                try KeptSwitch.isOn(database)
            }
        }
        var status = stat()
        if lstat(killFilePath, &status) == 0 { return true }
        return errno == ENOENT ? false : nil
    }

    /// Creates the kill file. Needs nothing but the folder; an existing file is left as it is.
    /// - Parameter actor: who does it, for the audit log; on a full disk the file stays empty, and counts all the same.
    public func turnKillSwitchOn(by actor: String = "") throws(JournalError) {
        if let database {
            return try database.briefly("stop all actions") { database throws(JournalError) in try KeptSwitch.turnOn(by: actor, database) }
        }
        // Only ever a new file: what is there under this name, be it a link to nowhere, is on already.
        let file = open(killFilePath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        let code = errno
        if file >= 0 {
            StateFolder.write(actor, to: file)
            handOver(file)
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
        if let database {
            return try database.briefly("resume actions") { database throws(JournalError) in try KeptSwitch.turnOff(by: actor, database) }
        }
        if !actor.isEmpty, isKillSwitchOn {
            // What stands there, perhaps a second name of another file, goes; it is not emptied.
            unlink(resumedPath)
            let file = open(resumedPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if file >= 0 {
                StateFolder.write(actor, to: file)
                handOver(file)
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
        if let database {
            return
                (try? database.briefly("look for the kill switch", .reader) { database throws(JournalError) in
                    try KeptSwitch.actor(isOn: isOn, database)
                }) ?? nil
        }
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
        if let database {
            _ = try? database.briefly("forget who lifted the kill switch") { database throws(JournalError) in
                try KeptSwitch.forgetActor(database)
            }
            return
        }
        unlink(resumedPath)
    }

    /// What root makes here for a daemon that is somebody else (a switch, a journal that is copied back, one pass) is the folder's
    /// owner's, who must be able to read it and go on from it.
    func handOver(_ file: Int32) {
        var status = stat()
        guard geteuid() == 0, stat(path, &status) == 0 else { return }
        // Where that does not go, the switch is where it is all the same.
        _ = fchown(file, status.st_uid, status.st_gid)
    }

    /// What does not fit on the disk is left out.
    private static func write(_ actor: String, to file: Int32) {
        guard !actor.isEmpty else { return }
        let bytes = Array((actor + "\n").utf8)
        _ = Glibc.write(file, bytes, bytes.count)
    }
}
