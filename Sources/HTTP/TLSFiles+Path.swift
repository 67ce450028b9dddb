import Ambient
import Glibc

extension TLSFiles {
    /// What libcurl is given for the path of a certificate, a key or authorities.
    ///
    /// It opens what it is given on the thread of all transfers, and an open pipe waits for whoever writes into it: one such name
    /// would end all polling. What is no file is named as a path below itself, which cannot be opened, and says why in libcurl's
    /// own message. What is missing stays as it is; libcurl says that well.
    static func given(_ path: String) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { return path }
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFDIR: return path
        case S_IFIFO: return "\(path)/: it is a pipe, not a file"
        // `/dev/zero` has no end.
        case S_IFCHR, S_IFBLK: return "\(path)/: it is a device, not a file"
        default: return "\(path)/: it is not a file"
        }
    }
}
