import Glibc
import TestKit
import Testing

/// A file system of its own in memory, small enough to be filled. Only where the tests may mount one.
final class SmallDisk {
    private let temporary = TemporaryFolder()
    private let kilobytes: Int

    var path: String { temporary.path("disk") }

    /// Tried once, by doing it.
    static let isPossible: Bool = (try? SmallDisk(kilobytes: 64)) != nil

    init(kilobytes: Int) throws {
        self.kilobytes = kilobytes
        try #require(mkdir(temporary.path("disk"), 0o700) == 0)
        try #require(mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k,mode=700") == 0)
    }

    deinit {
        // 2: MNT_DETACH, also when a failed test left a file open on it.
        umount2(path, 2)
    }

    /// Takes all space that is left, or so much of it.
    func fill(kilobytes: Int = .max) {
        let file = open(path + "/filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(file) }
        let page = [UInt8](repeating: 1, count: 4_096)
        for _ in 0..<min(kilobytes, self.kilobytes) / 4 where write(file, page, page.count) <= 0 { break }
    }

    /// Gives it back.
    func empty() {
        unlink(path + "/filler")
    }

    func makeReadOnly() throws {
        // MS_REMOUNT | MS_RDONLY
        try #require(mount("tmpfs", path, "tmpfs", 32 | 1, "size=\(kilobytes)k") == 0)
    }
}
