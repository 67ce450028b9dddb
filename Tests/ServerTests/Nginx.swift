import Glibc
import Synchronization
import Testing

/// A real nginx on `docs/deploy/nginx.conf`, in a folder of its own, with only addresses and paths changed.
final class Nginx {
    struct Failure: Error, CustomStringConvertible { var description: String }

    let port: UInt16
    private let process: pid_t
    private let folder: String

    /// Starts nginx in front of a runtime and a gate on loopback.
    ///
    /// - Parameter patient: waits longer for the gate than documented, so that a busy machine is not taken for a hung
    ///   gate. Not where the waiting itself is tested.
    init(runtime: UInt16, gate: UInt16, patient: Bool) throws {
        let program = try Self.program()
        var template = Array("/tmp/mozaiks-nginx-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure(description: "mkdtemp: \(String(cString: strerror(errno)))")
        }
        folder = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        // The workers of an nginx started by root are somebody else.
        chmod(folder, 0o755)
        let documented = try Self.documented()
        var last = ""
        // A free port may be taken by the time nginx wants it: another one, then.
        for _ in 0..<5 {
            let port = try Self.freePort()
            var configuration = try Self.configuration(
                documented, folder: folder, port: port, runtime: runtime, gate: gate)
            if patient { configuration = configuration.split(separator: " 250ms;").joined(separator: " 20s;") }
            try Self.write(configuration, to: "\(folder)/nginx.conf")
            let process = try Self.spawn(program, folder: folder)
            if Self.waitUntilListening(port, process) {
                (self.port, self.process) = (port, process)
                return
            }
            last = (try? Self.read("\(folder)/error.log")) ?? ""
        }
        throw Failure(description: "nginx does not start: \(last)")
    }

    /// nginx's own log of errors.
    var errors: String { (try? Self.read("\(folder)/error.log")) ?? "" }

    /// One access line a request, as the documented log format writes it.
    var accesses: String { (try? Self.read("\(folder)/access.log")) ?? "" }

    /// Ends nginx and removes its folder.
    func stop() {
        kill(process, SIGTERM)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        _ = try? Self.run("/bin/rm", ["-r", folder])
    }

    private static func program() throws -> String {
        // Debian keeps servers out of an ordinary user's PATH.
        let path = (getenv("PATH").map { String(cString: $0) } ?? "") + ":/usr/sbin:/usr/local/sbin"
        for folder in path.split(separator: ":") where access("\(folder)/nginx", X_OK) == 0 { return "\(folder)/nginx" }
        throw Failure(description: "nginx is not installed: `make setup` installs it")
    }

    /// The documented configuration.
    private static func documented() throws -> String {
        var root = #filePath
        for _ in 0..<3 { root = String(root[..<(root.lastIndex(of: "/") ?? root.startIndex)]) }
        return try read("\(root)/docs/deploy/nginx.conf")
    }

    private static func configuration(
        _ documented: String, folder: String, port: UInt16, runtime: UInt16, gate: UInt16
    ) throws -> String {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }
        let changes = [
            (
                "worker_processes auto;",
                "worker_processes 1; daemon off; pid \(folder)/pid; error_log \(folder)/error.log info;"
            ),
            ("http {", "http { \(temporary.joined(separator: " "))"),
            ("listen 8080;", "listen 127.0.0.1:\(port);"),
            ("server 127.0.0.1:8000;", "server 127.0.0.1:\(runtime);"),
            ("server 127.0.0.1:9465;", "server 127.0.0.1:\(gate);"),
            ("access_log /var/log/nginx/access.log mozaiks;", "access_log \(folder)/access.log mozaiks;"),
        ]
        var text = documented
        for (from, to) in changes {
            let parts = text.split(separator: from, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw Failure(description: "docs/deploy/nginx.conf: \(parts.count - 1) times \(from), expected once")
            }
            text = parts.joined(separator: to)
        }
        return text
    }

    private static let asked = Atomic<UInt16>(0)

    /// A port that nobody listens on, and that no other caller of this process is given: below those that the kernel hands
    /// out (`ip_local_port_range`, 32768 and up), since another test's server may take one of these before the proxy does,
    /// and whoever waits for the port then speaks with that server.
    static func freePort() throws -> UInt16 {
        for _ in 0..<1_000 {
            let turn = UInt32(asked.wrappingAdd(1, ordering: .relaxed).newValue)
            let port = UInt16(20_000 + (UInt32(truncatingIfNeeded: getpid()) &* 97 &+ turn) % 12_000)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if bound == 0 { return port }
        }
        throw Failure(description: "no free port between 20000 and 32000")
    }

    private static func spawn(_ program: String, folder: String) throws -> pid_t {
        try launch(program, ["-p", folder, "-c", "\(folder)/nginx.conf", "-e", "\(folder)/error.log"])
    }

    static func launch(_ program: String, _ arguments: [String]) throws -> pid_t {
        var process = pid_t()
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        let code = posix_spawn(&process, program, nil, nil, &argv, environ)
        guard code == 0 else { throw Failure(description: "\(program): \(String(cString: strerror(code)))") }
        return process
    }

    static func run(_ program: String, _ arguments: [String]) throws {
        let process = try launch(program, arguments)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    /// Whether the program came up; false when it ended instead.
    static func waitUntilListening(_ port: UInt16, _ process: pid_t) -> Bool {
        while true {
            if let client = try? RawClient(port: port) {
                client.end()
                return true
            }
            var status: Int32 = 0
            if waitpid(process, &status, WNOHANG) == process { return false }
            poll(nil, 0, 5)
        }
    }

    static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else {
            throw Failure(description: "\(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else {
            throw Failure(description: "\(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        fwrite(text, 1, text.utf8.count, file)
    }
}

/// Sockets on loopback that no server answers for.
enum Loopback {
    /// Binds to a free port and returns it.
    static func bind(_ descriptor: Int32) throws -> UInt16 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw Nginx.Failure(description: "bind: \(String(cString: strerror(errno)))") }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// Something that listens and never answers: connections are made by the kernel, nobody reads from them.
struct HungServer {
    let descriptor: Int32
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        port = try Loopback.bind(descriptor)
        listen(descriptor, 64)
    }

    func end() { close(descriptor) }
}
