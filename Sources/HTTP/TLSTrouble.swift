import Model

/// What a failed handshake is about, by OpenSSL's words for it, which are about its own inside.
enum TLSTrouble {
    /// The certificate that we would show, or its key, is of no use.
    case ownCertificate
    /// The file of authorities is of no use.
    case authorities
    /// The server refuses our certificate, or wants one.
    case ourCertificate
    /// It broke off without saying why: so do servers of TLS 1.2 that want a client's certificate.
    case brokenOff
    /// What came is no TLS.
    case plain
    /// It knows no such host.
    case otherHost
    /// No version of TLS that both speak.
    case version
    /// Anything else: mostly that its certificate is not accepted here.
    case theirCertificate

    init(_ reason: String) {
        let words = reason.lowercased()
        func says(_ phrases: String...) -> Bool { phrases.contains { words.contains(bytesOf: $0) } }
        self =
            if says(
                "client certificate", "private key file", "set certificate file", "private key does not match", "private key from pkcs12",
                "could not parse pkcs12", "could not open pkcs12", "use pkcs12", "certificate file format", "set certificate blob",
                "key type file",
                "pem file format")
            {
                .ownCertificate
            } else if says(
                "setting certificate verify locations", "error setting certificate file", "error setting certificate path",
                "error importing ca",
                "error adding trust anchors")
            {
                .authorities
            } else if says(
                "alert certificate required", "alert bad certificate", "alert unknown ca", "alert certificate unknown",
                "alert unsupported certificate", "alert certificate expired", "alert certificate revoked", "alert no certificate",
                "alert access denied")
            {
                .ourCertificate
            } else if says("alert handshake failure") {
                .brokenOff
            } else if says("alert unrecognized name", "alert unrecognised name") {
                .otherHost
            } else if says("alert protocol version", "unsupported protocol") {
                .version
            } else if says(
                "wrong version number", "packet length too long", "http request", "unknown protocol", "bad record type",
                "record layer failure")
            {
                .plain
            } else if says("connection reset by peer", "unexpected eof", "ssl_error_syscall", "broken pipe") {
                .brokenOff
            } else {
                .theirCertificate
            }
    }

    /// Whether an exchange failed for it after the handshake: with TLS 1.3 that is over before a server says that it wants a
    /// certificate.
    static func tellsOfOurCertificate(_ reason: String) -> Bool {
        if case .ourCertificate = TLSTrouble(reason) { true } else { false }
    }

    /// What to do about it, for what is asked by HTTP.
    var hint: String {
        switch self {
        case .ownCertificate:
            "this is about our own file and not the server: 'client_certificate_file' is to hold a certificate in PEM, 'client_key_file' its own key in "
                + "PEM without a passphrase (openssl pkcs12 -in FILE -nodes, openssl x509 -inform DER)"
        case .authorities:
            "this is about our own file and not the server: 'ca_file' (or SSL_CERT_FILE) is to hold certificates in PEM, each between its BEGIN and END "
                + "lines (openssl x509 -inform DER -in FILE)"
        case .ourCertificate:
            "the server wants a client certificate that it knows: 'client_certificate_file' beside the URL or under 'network:'"
        case .brokenOff:
            "the server broke off the handshake: does it want a client certificate ('client_certificate_file' beside the URL or under "
                + "'network:'), or is https wrong for this port?"
        case .plain: "what answers there speaks no TLS: is it http?"
        case .otherHost: "the server knows no such host: check the name in the URL"
        case .version: "the server speaks only versions of TLS that are not accepted here: it should speak 1.2 or 1.3"
        case .theirCertificate:
            "check the certificate's names, dates and authority ('ca_file' beside the URL or under 'network:', or SSL_CERT_FILE, for a private one)"
        }
    }

    /// The same for a mail server, whose clients show no certificate.
    var mailHint: String {
        switch self {
        case .ourCertificate:
            "the server wants a client certificate, which mozaiks-ops shows to no mail server: use another port, or a relay"
        case .brokenOff: "the server broke off the handshake: is the port right, and smtps: or smtp: as it should be?"
        case .plain: "what answers there speaks no TLS: is it smtp: (587 and 25, with STARTTLS) and not smtps: (465)?"
        case .otherHost: "the server knows no such host: check the name"
        case .version, .authorities: hint
        case .ownCertificate: "a certificate of ours cannot be used, and none is shown to mail servers"
        case .theirCertificate:
            "check the certificate's names, dates and authority ('ca_file' beside the server or under 'network:', or SSL_CERT_FILE, for a "
                + "private one), and the port"
        }
    }
}
