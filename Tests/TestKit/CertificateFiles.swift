import Glibc
import Testing

/// A certificate and its key that openssl made, in a folder that goes away with the value.
public struct CertificateFiles {
    public let folder = TemporaryFolder()
    public var certificate: String { folder.path("cert.pem") }
    public var key: String { folder.path("key.pem") }

    public init() {}

    /// Makes a certificate and its key, as somebody who renews it: new files in the place of the old ones.
    ///
    /// - Parameter span: `YYYYMMDDHHMMSSZ`, from when to when it holds; nil: for a month from now on.
    public func make(_ name: String, span: (from: String, to: String)? = nil) throws {
        let (newCertificate, newKey) = (folder.path("new-cert.pem"), folder.path("new-key.pem"))
        try openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)", "-addext",
            "subjectAltName=IP:127.0.0.1", "-days", "30", "-keyout", newKey, "-out", newCertificate,
        ])
        if let span {
            // Only `ca` takes both ends of the span.
            let authority = """
                [ca]
                default_ca = own
                [own]
                database = index.txt
                serial = serial
                new_certs_dir = .
                policy = any
                default_md = sha256
                unique_subject = no
                [any]
                commonName = supplied

                """
            folder.write(authority, to: "ca.conf")
            folder.write("", to: "index.txt")
            folder.write("01\n", to: "serial")
            try openssl(["req", "-new", "-key", newKey, "-subj", "/CN=\(name)", "-out", "request.pem"])
            try openssl([
                "ca", "-batch", "-selfsign", "-config", "ca.conf", "-keyfile", newKey, "-in", "request.pem", "-startdate", span.from,
                "-enddate",
                span.to, "-notext", "-out", newCertificate,
            ])
        }
        try #require(rename(newCertificate, certificate) == 0 && rename(newKey, key) == 0)
    }

    private func openssl(_ words: [String]) throws {
        let ending = try RunningProgram(
            "/usr/bin/openssl", words, environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path], in: folder.path
        ).waitForEnd()
        try #require(ending.code == 0, "\(ending.everything)")
    }
}
