import Ambient
import Glibc
import JSONParsing
import Journal
import Model
import Synchronization

/// The tokens of a state folder: `tokens.json` beside the journal, for its owner alone. A file of its own, so that a token can be
/// revoked while the journal cannot be written, and made before there is one.
public final class TokenFile: Sendable {
    /// Why tokens cannot be read or changed.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let description: String
        public let hint: String?

        init(_ text: String, hint: String? = nil) {
            description = text
            self.hint = hint
        }
    }

    private static let sizeLimit = 1 << 20

    private let folder: StateFolder
    public let path: String
    private let cache = Mutex<(version: FileVersion, book: TokenBook)?>(nil)

    public init(_ folder: StateFolder) {
        self.folder = folder
        path = folder.path + "/tokens.json"
    }

    /// The tokens as they are now: what was revoked a moment ago is revoked. The file is read again when it changed.
    public func book() throws(Failure) -> TokenBook {
        guard let version = FileVersion(path, ofLink: true) else {
            guard errno == ENOENT else { throw Failure("cannot look for \(path): \(String(cString: strerror(errno)))") }
            return TokenBook()
        }
        if let known = cache.withLock({ $0 }), known.version == version { return known.book }
        let book = try read()
        cache.withLock { $0 = (version, book) }
        return book
    }

    private func read() throws(Failure) -> TokenBook {
        // A link could lead to a file in which somebody else writes tokens.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return TokenBook() }
            throw Failure(
                "cannot open \(path): \(errno == ELOOP ? "it is a symbolic link" : String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw Failure("\(path) is no file") }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw Failure("others than its owner may write to \(path)", hint: "chmod 600 \(path), and look who is in it")
        }
        guard status.st_size <= TokenFile.sizeLimit else { throw Failure("\(path) is too large to be what we wrote") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count >= 0 else { throw Failure("cannot read \(path): \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes += buffer.prefix(count)
            guard bytes.count <= TokenFile.sizeLimit else { throw Failure("\(path) is too large to be what we wrote") }
        }
        do {
            return try TokenBook(document: JSON(parsing: bytes))
        } catch {
            throw Failure("\(path) is not as we wrote it: \(error)", hint: "remove it and make new tokens")
        }
    }

    // MARK: Changing

    /// Makes a token. Returns its text, which is shown once and kept nowhere.
    public func create(
        _ name: String, _ role: Role, by actor: String, now: Timestamp, expiresAt: Timestamp?
    ) throws(Failure) -> String {
        guard AccessToken.isName(name) else {
            throw Failure(
                "'\(Shown.id(name))' is no name of a token", hint: "letters, digits, '.', '_', '-'; at most 40, such as maria-phone")
        }
        let text = AccessToken.generate()
        try change { book throws(Failure) in
            guard book.token(named: name) == nil else {
                throw Failure(
                    "there is, or was, a token '\(name)'",
                    hint: "the audit names tokens, so that none gets the name of another: take a new one")
            }
            guard book.tokens.count < TokenBook.most else { throw Failure("there are \(TokenBook.most) tokens already") }
            book.tokens.append(
                AccessToken(
                    name: name, role: role, digest: AccessToken.digest(of: text.utf8), createdAt: now, createdBy: actor,
                    expiresAt: expiresAt))
        }
        return text
    }

    /// Revokes a token: from the next request on it opens nothing. False when it already was.
    public func revoke(_ name: String, by actor: String, now: Timestamp) throws(Failure) -> Bool {
        var isNew = false
        try change { book throws(Failure) in
            guard let place = book.tokens.firstIndex(where: { $0.name.isSame(as: name) }) else {
                throw Failure("there is no token '\(Shown.id(name))'", hint: "see mozaiks-ops token list --all")
            }
            guard book.tokens[place].revokedAt == nil else { return }
            book.tokens[place].revokedAt = now
            book.tokens[place].revokedBy = actor
            isNew = true
        }
        return isNew
    }

    /// One change at a time; on the disk the old file or the new one, never half of it.
    private func change(_ body: (inout TokenBook) throws(Failure) -> Void) throws(Failure) {
        let directory = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Failure("cannot open \(folder.path): \(String(cString: strerror(errno)))") }
        defer { close(directory) }
        guard flock(directory, LOCK_EX) == 0 else {
            throw Failure("cannot lock \(folder.path): \(String(cString: strerror(errno)))")
        }
        var book = try read()
        try body(&book)
        let fresh = path + ".new"
        unlink(fresh)
        let file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw Failure("cannot write \(fresh): \(String(cString: strerror(errno)))") }
        let bytes = book.document.serializedBytes()
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            written += count
        }
        // Root makes tokens for a daemon that is somebody else.
        var status = stat()
        let isOwned = geteuid() != 0 || (fstat(directory, &status) == 0 && fchown(file, status.st_uid, status.st_gid) == 0)
        let isSafe = written == bytes.count && isOwned && fsync(file) == 0
        let code = errno
        close(file)
        guard isSafe, rename(fresh, path) == 0 else {
            let why = String(cString: strerror(isSafe ? errno : code))
            unlink(fresh)
            throw Failure("cannot write \(path): \(why)")
        }
        fsync(directory)
    }
}
