import Glibc
import Model
import Synchronization

/// Debian's PostgreSQL on a socket in a temporary folder, for as long as this process lives: nothing of it listens to a
/// network, and nothing is configured by hand.
public final class PostgresServer: Sendable {
    /// One for all tests that leave it alone; nil where it cannot be had.
    public static let shared: PostgresServer? = try? PostgresServer()

    /// Why there is none, for who reads the list of tests.
    public static let why: String = {
        if shared != nil { return "" }
        if binaries == nil { return "no server of PostgreSQL below /usr/lib/postgresql: make setup installs it" }
        return "PostgreSQL does not start here" + (lastFault.withLock { $0 }.map { ": \($0)" } ?? "")
    }()

    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let lastFault = Mutex<String?>(nil)

    /// The newest version's folder of programs.
    private static let binaries: String? = (13...30).reversed().map { "/usr/lib/postgresql/\($0)/bin" }.first {
        access($0 + "/initdb", X_OK) == 0
    }

    /// Short, because the path of a socket has 107 bytes.
    private let folder = TemporaryFolder(in: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp")
    private let program = Mutex<RunningProgram?>(nil)
    private let names = Atomic<Int>(0)

    public init() throws {
        guard let binaries = PostgresServer.binaries else { throw Failure(description: "not installed") }
        if getuid() == 0 { chmod(folder.path, 0o755) }
        let data = folder.path("data")
        _ = mkdir(data, 0o700)
        if getuid() == 0, let user = getpwnam("postgres") ?? getpwnam("nobody") { chown(data, user.pointee.pw_uid, user.pointee.pw_gid) }
        let ending = try RunningProgram(
            "/usr/bin/env",
            PostgresServer.other + [
                binaries + "/initdb", "-D", data, "-U", "ops", "-A", "scram-sha-256", "--pwfile", password(), "-N", "--locale=C.UTF-8",
                "-E", "UTF8",
            ], environment: PostgresServer.environment, in: folder.path, atMost: 60
        ).waitForEnd()
        guard ending.code == 0 else {
            PostgresServer.lastFault.withLock { $0 = ending.errors }
            throw Failure(description: ending.errors)
        }
        try start()
    }

    private static let environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]

    /// No server takes orders from root: what makes another user of it.
    private static let other: [String] = {
        guard getuid() == 0 else { return [] }
        let names = getpwnam("postgres") == nil ? ("nobody", "nogroup") : ("postgres", "postgres")
        return ["/usr/bin/setpriv", "--reuid", names.0, "--regid", names.1, "--clear-groups"]
    }()

    public static let secret = "s3cret-of-the-database"

    private func password() -> String {
        let path = folder.write(PostgresServer.secret + "\n", to: "password")
        chmod(path, 0o644)
        return path
    }

    /// Ends the server at SIGQUIT, and when the process of the tests is gone, whatever took it away.
    private static let guarded = """
        parent=$1; folder=$2; shift 2; "$@" & server=$!
        trap 'kill -QUIT $server; wait $server; exit 0' QUIT TERM
        while kill -0 $parent && kill -0 $server; do sleep 1 >/dev/null 2>&1 & wait $!; done 2>/dev/null
        kill -QUIT $server; wait $server; rm -rf "$folder"
        """

    public func start() throws {
        guard let binaries = PostgresServer.binaries else { return }
        let started = try RunningProgram(
            "/bin/sh",
            ["-c", PostgresServer.guarded, "sh", "\(getpid())", folder.path] + PostgresServer.other + [
                binaries + "/postgres", "-D", folder.path("data"), "-k", folder.path("data"), "-c", "listen_addresses=", "-c", "fsync=off",
                "-c", "autovacuum=off",
                "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=16MB",
                "-c", "dynamic_shared_memory_type=mmap",
            ], environment: PostgresServer.environment, in: folder.path, atMost: 600)
        program.withLock { $0 = started }
        guard started.waits(until: { $1.contains("ready to accept connections") }) else {
            PostgresServer.lastFault.withLock { $0 = started.errors }
            throw Failure(description: started.errors)
        }
    }

    /// Ends it within an instant, as a power cut does.
    public func kill() {
        program.withLock { running in
            running?.send(SIGQUIT)
            _ = running?.waitForEnd()
            running = nil
        }
    }

    deinit { kill() }

    /// A URL of a schema that nobody used.
    public func url(_ more: String = "", password: String? = secret) -> String {
        let number = names.add(1, ordering: .relaxed).newValue
        return url(schema: "test_\(getpid())_\(number)", more, password: password)
    }

    public func url(schema: String, _ more: String = "", password: String? = secret, user: String = "ops", database: String = "postgres")
        -> String
    {
        let host = PercentEncoding.url(folder.path("data"))
        return "postgres://\(user)\(password.map { ":" + $0 } ?? "")@\(host)/\(database)?schema=\(schema)\(more)"
    }

    /// The socket that it listens on, for what connects by itself.
    public var socketPath: String { folder.path("data/.s.PGSQL.5432") }
}
