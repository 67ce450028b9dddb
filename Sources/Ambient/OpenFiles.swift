import Glibc

/// How many files and sockets the process may have open.
public enum OpenFiles {
    /// Raises the soft limit to the hard one, so that whoever holds connections to a server of this process does not take the
    /// sockets that it polls with. The usual 1,024 is for programs that call `select`, and this one does not. What cannot be
    /// raised stays.
    public static func raiseLimit() {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(files, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(files, &limit)
    }
}
