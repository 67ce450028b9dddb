import Glibc
import Server
import Synchronization
import TestKit
import Testing

/// TLS, with a real client and certificates that openssl made.
@Suite struct EncryptionTests {
    private typealias Files = CertificateFiles

    private func curl(_ files: Files, _ arguments: [String]) throws -> RunningProgram.Ending {
        try RunningProgram(
            "/usr/bin/curl", ["-sS", "-v", "--noproxy", "*", "--max-time", "10"] + arguments,
            environment: ["PATH": "/usr/bin:/bin", "HOME": files.folder.path],
            in: files.folder.path
        ).waitForEnd()
    }

    @Test("a client that trusts the certificate reads; what is renewed is shown without a restart, what is broken is not")
    func renewal() throws {
        let files = Files()
        try files.make("first.example")
        let told = Mutex<[String]>([])
        var options = HTTPServer.Options.questions
        options.mode = .epoll(threads: 2)
        options.certificate = files.pair
        options.onRenewed = { fault in told.withLock { $0.append(fault.map { "\($0)" } ?? "renewed") } }
        let server = HTTPServer(options: options) { .text("encrypted=\($0.isEncrypted)") }
        try server.start()
        defer { server.stop() }
        #expect(server.url == "https://127.0.0.1:\(server.port)")
        let first = try curl(files, ["--cacert", files.certificate, server.url + "/"])
        #expect(first.output == "encrypted=true" && first.errors.contains("first.example"), "\(first.everything)")
        // Plain HTTP gets nothing, and old versions neither.
        #expect(try curl(files, ["http://127.0.0.1:\(server.port)/"]).code != 0)
        #expect(
            try curl(files, ["--cacert", files.certificate, "--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0", server.url + "/"]).code
                != 0)
        // Nobody is kept out by one who says nothing.
        let silent = try RawClient(port: server.port)
        defer { close(silent.descriptor) }

        try files.make("second.example")
        #expect(settles { told.withLock { $0.contains("renewed") } })
        let second = try curl(files, ["--cacert", files.certificate, server.url + "/"])
        #expect(second.output == "encrypted=true" && second.errors.contains("second.example"), "\(second.everything)")

        let kept = files.folder.read("cert.pem")
        files.folder.write("no certificate", to: "cert.pem")
        #expect(settles { told.withLock { $0.contains { $0.contains("the certificate cannot be read") } } }, "\(told.withLock { $0 })")
        // Renewed with the key of another, and with what is over or not yet begun: told, and the old one goes on.
        let key = files.folder.read("key.pem") ?? []
        try files.make("third.example")
        files.folder.write(key, to: "key.pem")
        #expect(
            settles { told.withLock { $0.contains { $0.contains("the key is not the one of the certificate") } } },
            "\(told.withLock { $0 })")
        try files.make("old.example", span: ("20200101000000Z", "20200201000000Z"))
        #expect(
            settles { told.withLock { $0.contains { $0.contains("the certificate has ended, at 2020-02-01T00:00:00.000Z") } } },
            "\(told.withLock { $0 })")
        files.folder.write(kept ?? [], to: "other.pem")
        let still = try curl(files, ["--cacert", files.folder.path("other.pem"), server.url + "/"])
        #expect(still.output == "encrypted=true", "\(still.everything)")
    }

    @Test("what cannot be shown is said at start, with what to do")
    func faults() throws {
        let files = Files()
        func failure() -> String {
            var options = HTTPServer.Options()
            options.certificate = files.pair
            do throws(ServerError) {
                let server = HTTPServer(options: options) { _ in .text("") }
                try server.start()
                server.stop()
                return "started"
            } catch {
                return "\(error)"
            }
        }
        #expect(failure().contains("cannot read \(files.certificate): No such file or directory"))
        try files.make("one.example")
        #expect(failure() == "started")
        let key = files.folder.read("key.pem") ?? []
        try files.make("two.example")
        files.folder.write(key, to: "key.pem")
        #expect(failure().contains("the key is not the one of the certificate"))
        files.folder.write("", to: "key.pem")
        #expect(failure().contains("the key cannot be read"))
        try files.make("old.example", span: ("20200101000000Z", "20200201000000Z"))
        #expect(failure().contains("the certificate has ended, at 2020-02-01T00:00:00.000Z") && failure().contains("renew it"))
        try files.make("young.example", span: ("20980101000000Z", "20990101000000Z"))
        #expect(failure().contains("does not hold before 2098-01-01T00:00:00.000Z") && failure().contains("clock"))
        files.folder.write([UInt8](repeating: 65, count: 2 << 20), to: "cert.pem")
        #expect(failure().contains("too large"))
    }

    private func settles(_ condition: () -> Bool) -> Bool {
        for _ in 0..<300 where !condition() { poll(nil, 0, 50) }
        return condition()
    }
}

extension CertificateFiles {
    fileprivate var pair: ServerCertificate { ServerCertificate(certificate: certificate, key: key) }
}
