import Glibc

/// What the system says about a file; differs after every way of replacing it (rename, another link, writing in place).
public struct FileVersion: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: Int64
    private let changed: Int64

    /// Nil when there is none, or it cannot be asked about.
    ///
    /// - Parameter ofLink: of a symbolic link the link itself, not the file that it leads to.
    public init?(_ path: String, ofLink: Bool = false) {
        var status = stat()
        guard (ofLink ? lstat(path, &status) : stat(path, &status)) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }
}
