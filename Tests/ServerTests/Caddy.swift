import Glibc

/// A real Caddy on `docs/deploy/Caddyfile`, in a folder of its own, with only addresses changed.
final class Caddy {
    let port: UInt16
    private let process: pid_t
    private let folder: String

    /// - Parameter patient: as of ``Nginx``.
    init(runtime: UInt16, gate: UInt16, patient: Bool) throws {
        let program = try Self.program()
        var template = Array("/tmp/mozaiks-caddy-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Nginx.Failure(description: "mkdtemp: \(String(cString: strerror(errno)))")
        }
        folder = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        var root = #filePath
        for _ in 0..<3 { root = String(root[..<(root.lastIndex(of: "/") ?? root.startIndex)]) }
        let documented = try Nginx.read("\(root)/docs/deploy/Caddyfile")
        // A free port may be taken by the time Caddy wants it: another one, then.
        for _ in 0..<5 {
            let port = try Nginx.freePort()
            let text = try Self.configuration(documented, port: port, runtime: runtime, gate: gate, patient: patient)
            try Nginx.write(text, to: "\(folder)/Caddyfile")
            // Its own folders too: Caddy keeps its last configuration in the user's.
            let process = try Nginx.launch(
                "/usr/bin/env",
                [
                    "-i", "HOME=\(folder)", "XDG_DATA_HOME=\(folder)", "XDG_CONFIG_HOME=\(folder)", program, "run", "--config",
                    "\(folder)/Caddyfile", "--adapter", "caddyfile",
                ])
            if Nginx.waitUntilListening(port, process) {
                (self.port, self.process) = (port, process)
                return
            }
        }
        throw Nginx.Failure(description: "Caddy does not start: \((try? Nginx.read("\(folder)/log")) ?? "")")
    }

    /// Ends Caddy and removes its folder.
    func stop() {
        kill(process, SIGTERM)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        _ = try? Nginx.run("/bin/rm", ["-r", folder])
    }

    private static func program() throws -> String {
        let path = (getenv("PATH").map { String(cString: $0) } ?? "") + ":/usr/bin:/usr/local/bin"
        for folder in path.split(separator: ":") where access("\(folder)/caddy", X_OK) == 0 { return "\(folder)/caddy" }
        throw Nginx.Failure(description: "Caddy is not installed: `make setup` installs it")
    }

    private static func configuration(
        _ documented: String, port: UInt16, runtime: UInt16, gate: UInt16, patient: Bool
    ) throws -> String {
        var text = documented
        // The runtime stands there twice: in the route, and where it fails open.
        for (from, to, times) in [
            (":8080 {", ":\(port) {\n\tbind 127.0.0.1", 1), ("127.0.0.1:8000", "127.0.0.1:\(runtime)", 2),
            ("127.0.0.1:9465", "127.0.0.1:\(gate)", 1),
        ] {
            let parts = text.split(separator: from, omittingEmptySubsequences: false)
            guard parts.count == times + 1 else {
                throw Nginx.Failure(description: "docs/deploy/Caddyfile: \(parts.count - 1) times \(from), expected \(times)")
            }
            text = parts.joined(separator: to)
        }
        if patient { text = text.split(separator: " 250ms").joined(separator: " 20s") }
        return "{\n\tadmin off\n\tlog default {\n\t\toutput discard\n\t}\n}\n" + text
    }
}
