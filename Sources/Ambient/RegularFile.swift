import Glibc

/// Opens what is to be read whole. A named pipe would wait for a writer that never comes, and with it the daemon that reloads.
public enum RegularFile {
    /// Why it cannot be read.
    public struct Failure: Error, Sendable {
        public let reason: String
        /// 0 where the file is there and is no file.
        public let code: Int32
    }

    /// A descriptor of a file, or of a device such as /dev/null; the caller closes it.
    public static func open(_ path: String) throws(Failure) -> Int32 {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(reason: String(cString: strerror(errno)), code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw Failure(reason: String(cString: strerror(code)), code: code)
        }
        let what: String
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFCHR: return descriptor
        case S_IFIFO: what = "it is a pipe, not a file"
        case S_IFDIR: what = "it is a folder, not a file"
        default: what = "it is not a file"
        }
        close(descriptor)
        throw Failure(reason: what, code: 0)
    }
}
