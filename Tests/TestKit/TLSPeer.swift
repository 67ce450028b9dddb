import Testing

/// openssl's own server on a free port of 127.0.0.1, with whatever certificate it is given: ended ones too. It answers a
/// request of HTTP with a page about the connection.
public final class TLSPeer: Sendable {
    public let port: UInt16
    private let program: RunningProgram

    public init(_ files: CertificateFiles) throws {
        program = try RunningProgram(
            "/usr/bin/openssl", ["s_server", "-accept", "127.0.0.1:0", "-cert", files.certificate, "-key", files.key, "-www"],
            environment: ["PATH": "/usr/bin:/bin", "HOME": files.folder.path], in: files.folder.path, atMost: 120)
        func accepting(_ text: String) -> UInt16? {
            text.split(separator: "\n").first { $0.hasPrefix("ACCEPT ") }.flatMap { line in
                line.split(separator: ":").last.flatMap { UInt16($0) }
            }
        }
        // A line that is not complete has a port that is too short.
        guard program.waits(until: { output, _ in output.contains("ACCEPT ") && output.hasSuffix("\n") }) else {
            throw RunningProgram.Failure(description: "openssl s_server: \(program.errors)")
        }
        port = try #require(accepting(program.output))
    }

    public func stop() {
        program.send(15)
        _ = program.waitForEnd()
    }
}
