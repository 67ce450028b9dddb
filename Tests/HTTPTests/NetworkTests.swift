import Ambient
import Glibc
import TestKit
import Testing

@testable import HTTP

/// Ways out: proxies, authorities, logins, and what is said when one of them is wrong.
@Suite struct NetworkTests {
    // MARK: What the environment says

    @Test func `the usual variables are read, without what stands around them`() {
        let options = NetworkOptions(
            Environment([
                "HTTPS_PROXY": " http://ops:s3cret@proxy.example:3128\n", "all_proxy": "socks5h://other:1080",
                "NO_PROXY": ".corp,10.0.0.0/8",
                "CURL_CA_BUNDLE": "/b.pem", "SSL_CERT_FILE": "/a.pem", "SSL_CERT_DIR": "/certs",
            ]))
        #expect(options.httpsProxy?.reveal() == "http://ops:s3cret@proxy.example:3128")
        #expect(options.httpProxy?.reveal() == "socks5h://other:1080")
        #expect(options.noProxy == ".corp,10.0.0.0/8" && options.caFolder == "/certs" && options.tls.caFile == "/a.pem")
        #expect(options.proxyText == "socks5h://other:1080 (http) and http://proxy.example:3128 (https)")
        #expect(NetworkOptions(Environment(["HTTPS_PROXY": "", "SSL_CERT_FILE": " "])).proxyText == nil)
    }

    static let hosts: [(String, Bool)] = [
        ("hooks.slack.com", true), ("10.0.0.1", true), ("localhost", false), ("rt.localhost", false), ("127.0.0.1", false),
        ("[::1]", false),
    ]

    @Test("this machine is asked directly", arguments: hosts) func direct(host: String, isProxied: Bool) {
        let options = NetworkOptions(Environment(["ALL_PROXY": "http://proxy:1"]))
        #expect((options.proxy(scheme: "http", host: host, port: 80) != nil) == isProxied)
    }

    static let exceptions: [(String, String, Int, Bool)] = [
        ("rt.example.test", "rt.example.test", 80, true), ("example.test", "rt.example.test", 80, true),
        (".example.test", "rt.example.test", 80, true),
        ("*.example.test", "rt.example.test", 80, true), ("*.example.test", "example.test", 80, true), ("*", "rt.example.test", 80, true),
        ("rt-*.test", "rt-7.test", 80, true), ("rt-*.test", "rt-7.test.evil", 80, false), ("10.1.*", "10.1.2.3", 80, true),
        ("rt.example.test:8000", "rt.example.test", 8000, true), ("rt.example.test:8000", "rt.example.test", 80, false),
        ("*.example.test:8000", "rt.example.test", 8000, true), ("*.example.test:8000", "rt.example.test", 80, false),
        ("[fd00::1]:80", "[fd00::1]", 80, true), ("[fd00::1]:80", "[fd00::1]", 81, false), ("fd00::1", "[fd00::1]", 80, true),
        ("a.b, RT.example.TEST. c", "rt.example.test", 80, true), ("http://rt.example.test/", "rt.example.test", 80, true),
        ("ample.test", "rt.example.test", 80, false), ("0.0.1", "10.0.0.1", 80, false), ("", "rt.example.test", 80, false),
        (".", "a.b", 80, false),
    ]

    @Test("what no_proxy names, in the forms that other programs read", arguments: exceptions.indices) func exception(index: Int) {
        let (entries, host, port, isDirect) = Self.exceptions[index]
        let options = NetworkOptions(Environment(["ALL_PROXY": "http://proxy:1", "NO_PROXY": entries]))
        #expect((options.proxy(scheme: "http", host: host, port: port) == nil) == isDirect)
    }

    @Test func `networks are left to libcurl, what it passes over is not`() {
        var options = NetworkOptions()
        options.noProxy = "10.0.0.0/8, *.corp a.corp:80,.internal"
        #expect(options.noProxyForCurl == "10.0.0.0/8,.corp,.internal")
    }

    @Test func `an authority of the other usual variable`() {
        #expect(NetworkOptions(Environment(["CURL_CA_BUNDLE": "/b.pem"])).tls.caFile == "/b.pem")
        #expect(NetworkOptions(Environment(["CURL_CA_BUNDLE": "/b.pem", "SSL_CERT_FILE": " "])).tls.caFile == "/b.pem")
    }

    // MARK: Through a proxy

    private func options(_ proxy: String, no: String = "") -> HTTPClient.Options {
        var network = NetworkOptions()
        network.httpProxy = Secret(proxy)
        network.httpsProxy = Secret(proxy)
        network.noProxy = no
        return HTTPClient.Options(network: network)
    }

    @Test func `a request goes through the proxy, the next one to this machine does not`() async throws {
        let proxy = try MisbehavingServer { _, peer in peer.answer(200, "through") }
        defer { proxy.stop() }
        let login = proxy.url.replacing(bytesOf: "http://", with: "http://ops:s3cret@")
        try await withServer(options: options(login), { _, peer in peer.answer(200, "direct") }) { client, server in
            let far = try await client.send(HTTPRequest(.get, "http://far.invalid/x"))
            #expect(far.body.text == "through" && proxy.requests.map(\.path) == ["http://far.invalid/x"])
            #expect(proxy.requests.first?.head.contains("Proxy-Authorization: Basic b3BzOnMzY3JldA==") == true)
            #expect(try await client.send(HTTPRequest(.get, server.url)).body.text == "direct")
        }
    }

    @Test func `what no_proxy names is asked directly`() async throws {
        let client = try HTTPClient(options("http://127.0.0.1:\(try Loopback.closedPort())", no: ".invalid"))
        #expect(await failure(client, HTTPRequest(.get, "http://far.invalid/x")) == .unresolvable(host: "far.invalid"))
        await client.shutdown()
    }

    @Test func `a proxy that is not there, or refuses, is named without its login`() async throws {
        let port = try Loopback.closedPort()
        let gone = try HTTPClient(options("http://ops:s3cret@127.0.0.1:\(port)"))
        for url in ["http://far.invalid/", "https://far.invalid/"] {
            let kind = await failure(gone, HTTPRequest(.get, url))
            #expect(kind == .proxy("connection refused", place: "http://127.0.0.1:\(port)"))
        }
        await gone.shutdown()
        for (status, says) in [(407, "it wants a login"), (403, "does not let this host through"), (502, "502")] {
            let proxy = try MisbehavingServer { _, peer in peer.answer(status, "no") }
            defer { proxy.stop() }
            let client = try HTTPClient(options(proxy.url))
            let kind = await failure(client, HTTPRequest(.get, "https://far.invalid/"))
            guard case .proxy(let reason, let place) = kind else {
                Issue.record("\(String(describing: kind))")
                continue
            }
            #expect(reason.contains(says) && place == proxy.url)
            await client.shutdown()
        }
    }

    static let resolvers: [(proxy: String, url: String, no: String, expected: String?)] = [
        ("http://proxy:3128", "http://rt.test:8000", "", "http://proxy:3128"),
        ("http://ops:s3cret@proxy:3128", "https://rt.test", "", "http://proxy:3128"),
        ("socks5h://proxy:1080", "http://rt.test", "", "socks5h://proxy:1080"),
        ("socks4a://proxy:1080", "http://rt.test", "", "socks4a://proxy:1080"),
        ("socks5://proxy:1080", "http://rt.test", "", nil), ("socks4://proxy:1080", "http://rt.test", "", nil),
        ("http://proxy:3128", "http://rt.test", "rt.test", nil), ("http://proxy:3128", "http://localhost:8000", "", nil),
        ("http://proxy:3128", "http://10.1.2.3:8000", "10.0.0.0/8", nil),
        ("http://proxy:3128", "http://11.1.2.3:8000", "10.0.0.0/8", "http://proxy:3128"),
        ("http://proxy:3128", "http://[fd00::1]:8000", "fd00::/8", nil), ("http://proxy:3128", "nonsense", "", nil),
    ]

    @Test("whose business a host's name is", arguments: resolvers.indices) func resolver(index: Int) {
        let given = Self.resolvers[index]
        #expect(options(given.proxy, no: given.no).network.resolvingProxy(for: given.url) == given.expected)
    }

    @Test func `in plain HTTP a proxy answers in the place of the peer, and is named`() async throws {
        for status in [403, 503, 200] {
            let proxy = try MisbehavingServer { _, peer in peer.answer(status, "<html>blocked</html>") }
            defer { proxy.stop() }
            let client = try HTTPClient(options(proxy.url.replacing(bytesOf: "http://", with: "http://ops:s3cret@")))
            let answer = try await client.send(HTTPRequest(.get, "http://far.invalid/"))
            #expect(answer.status == status && answer.proxy == proxy.url && answer.byProxy == " through the proxy \(proxy.url)")
            await client.shutdown()
        }
        let proxy = try MisbehavingServer { _, peer in peer.answer(407, "no") }
        defer { proxy.stop() }
        let client = try HTTPClient(options(proxy.url))
        #expect(
            await failure(client, HTTPRequest(.get, "http://far.invalid/")) == .proxy("it answered 407: it wants a login", place: proxy.url)
        )
        await client.shutdown()
        try await withServer({ _, peer in peer.answer(407, "no") }) { client, server in
            let direct = try await client.send(HTTPRequest(.get, server.url))
            #expect(direct.status == 407 && direct.proxy == nil && direct.byProxy.isEmpty)
        }
    }

    @Test func `what is for the peer is not told to the proxy`() async throws {
        let proxy = try MisbehavingServer { _, peer in peer.answer(403, "no") }
        defer { proxy.stop() }
        let client = try HTTPClient(options(proxy.url))
        _ = await failure(client, HTTPRequest(.get, "https://far.invalid/", headers: [.bearer(Secret("t0ken"))]))
        await client.shutdown()
        let head = try #require(proxy.requests.first?.head)
        #expect(head.hasPrefix("CONNECT far.invalid:443") && !head.contains("t0ken") && !head.contains("Authorization"))
    }

    // MARK: TLS

    @Test func `a handshake that is not answered is called that`() async throws {
        try await withServer({ _, peer in peer.waitUntilClosed() }) { client, server in
            let url = server.url.replacing(bytesOf: "http://", with: "https://")
            let kind = await failure(client, HTTPRequest(.get, url, connectTimeoutMs: 500))
            #expect(kind == .timeout(.tlsHandshake, afterMs: 500))
        }
    }

    @Test func `authorities of a request, of a client and of all are used in this order`() async throws {
        var network = NetworkOptions()
        network.tls.caFile = "/nowhere/all.pem"
        try await withServer(options: .init(network: network), { _, peer in peer.waitUntilClosed() }) { client, server in
            let url = server.url.replacing(bytesOf: "http://", with: "https://")
            func says(_ client: HTTPClient, _ file: String, _ request: HTTPRequest) async {
                guard case .tls(let reason) = await failure(client, request) else {
                    Issue.record("\(file)")
                    return
                }
                #expect(reason.contains(file), "\(reason)")
            }
            await says(client, "/nowhere/all.pem", HTTPRequest(.get, url))
            let other = client.using(TLSFiles(caFile: "/nowhere/client.pem"))
            await says(other, "/nowhere/client.pem", HTTPRequest(.get, url))
            var request = HTTPRequest(.get, url)
            request.tls.caFile = "/nowhere/request.pem"
            await says(other, "/nowhere/request.pem", request)
        }
    }

    @Test func `what is no file is handed to nobody who would wait for it`() async throws {
        let folder = TemporaryFolder()
        let (pipe, file) = (folder.path("pipe"), folder.write("x", to: "file"))
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(TLSFiles.given(pipe) == "\(pipe)/: it is a pipe, not a file")
        #expect(TLSFiles.given("/dev/zero") == "/dev/zero/: it is a device, not a file")
        for path in [file, folder.path, "/nowhere/ca.pem"] { #expect(TLSFiles.given(path) == path) }
        // A reader that waits for ever would be let go by this writer.
        let writer = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        defer { close(writer) }
        try await withServer({ _, peer in peer.waitUntilClosed() }) { client, server in
            let url = server.url.replacing(bytesOf: "http://", with: "https://")
            for files in [TLSFiles(caFile: pipe), TLSFiles(certificateFile: pipe)] {
                var request = HTTPRequest(.get, url)
                request.tls = files
                guard case .tls(let reason) = await failure(client, request) else {
                    Issue.record("\(files)")
                    return
                }
                #expect(reason.contains("\(pipe)/: it is a pipe, not a file"), "\(reason)")
            }
        }
    }

    @Test("authorities of a file alone are kept for a minute; those of one peer are read each time, and stand in the place of the system's")
    func authorities() {
        var network = NetworkOptions()
        func found(_ file: String?, hasBundle: Bool = true) -> Authorities {
            Authorities(TLSFiles(caFile: file), network, hasBundle: hasBundle)
        }
        #expect(found(nil).file == nil && found(nil).folder == .none && found(nil).keptSeconds == 60)
        #expect(found(nil, hasBundle: false).folder == .libcurls && found(nil, hasBundle: false).keptSeconds == 0)
        #expect(found("own").file == "own" && found("own").folder == .none && found("own").keptSeconds == 0)
        network.tls.caFile = "all"
        #expect(found(nil).file == "all" && found(nil).folder == .none && found(nil).keptSeconds == 60)
        #expect(found("own").file == "own" && found("own").keptSeconds == 0)
        network.caFolder = "/certs"
        #expect(found(nil).folder == .named("/certs") && found(nil).keptSeconds == 0)
        let wire = Authorities(TLSFiles(), hasBundle: true)
        #expect(wire.folder == .none && wire.keptSeconds == 0)
    }

    @Test func `a key goes with its own certificate`() {
        let all = TLSFiles(caFile: "a", certificateFile: "c", keyFile: "k")
        #expect(TLSFiles(certificateFile: "d").over(all) == TLSFiles(caFile: "a", certificateFile: "d", keyFile: nil))
        #expect(TLSFiles(caFile: "b").over(all) == TLSFiles(caFile: "b", certificateFile: "c", keyFile: "k"))
    }

    static let troubles: [(String, String)] = [
        (
            "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
            "wants a client certificate that it knows"
        ),
        ("error:0A000410:SSL routines::sslv3 alert handshake failure", "want a client certificate ('client_certificate_file'"),
        ("OpenSSL SSL_connect: Connection reset by peer in connection to rt:443", "https wrong for this port"),
        ("error:0A00010B:SSL routines::wrong version number", "is it http?"),
        ("error:0A000458:SSL routines::tlsv1 unrecognized name", "certificate's names"),
        ("error:0A000458:SSL routines::tlsv1 alert unrecognized name", "no such host"),
        ("error:0A00042E:SSL routines::tlsv1 alert protocol version", "1.2 or 1.3"),
        ("SSL certificate problem: self-signed certificate", "'ca_file' beside the URL"),
        (
            "could not load PEM client certificate from /c.p12, OpenSSL error error:0480006C:PEM routines::no start line, (no key found, wrong pass phrase, or wrong file format?)",
            "our own file"
        ),
        ("unable to set private key file: '/k.pem' type PEM", "without a passphrase"),
        ("Private key does not match the certificate public key", "its own key"),
        ("error setting certificate verify locations:  CAfile: /ca.der CApath: none", "our own file"),
        ("error setting certificate file: /ca.der", "'ca_file' (or SSL_CERT_FILE)"),
    ]

    @Test("what a handshake failed for", arguments: troubles.indices) func trouble(index: Int) {
        let (reason, says) = Self.troubles[index]
        let error = HTTPError(.tls(reason), what: "x", location: "https://rt/")
        #expect(error.hint?.contains(says) == true, "\(error)")
        #expect(!TLSTrouble(reason).mailHint.contains("client_certificate_file"), "no mail channel has one")
    }

    @Test func `a server that hangs up is asked for what the URL is not`() async throws {
        let request = HTTPRequest(.get, "")
        for (url, says) in [("http://rt/", "does this port want https?"), ("https://rt/", "'client_certificate_file'")] {
            let error = HTTPError(.connectionLost("Empty reply from server"), what: request.method.rawValue, location: url)
            #expect(error.hint?.contains(says) == true, "\(error)")
            #expect(HTTPError(.connectionLost(HTTPError.insideHeaders), what: "x", location: url).hint == nil)
        }
        for place in ["tcp://db:27017", "tls://db:27017"] {
            #expect(HTTPError(.connectionLost("reset"), what: "connect", location: place).hint == "has the server just ended?")
        }
        try await withServer({ _, peer in peer.reset() }) { client, server in
            guard case .connectionLost(let reason) = await failure(client, HTTPRequest(.get, server.url)) else {
                Issue.record("not lost")
                return
            }
            #expect(!reason.contains("getpeername"))
        }
    }

    // MARK: Logins

    static let encoded = [("", "Og=="), ("a", "OmE="), ("ab", "OmFi"), ("pass wörd", "OnBhc3Mgd8O2cmQ=")]

    @Test("basic auth", arguments: encoded) func basic(password: String, expected: String) {
        let field = HTTPField.basic(user: "", password: Secret(password))
        #expect(field.value == "Basic \(expected)" && "\(field)" == "Authorization: ***")
    }

    // MARK: Words of answers

    static let faults: [(Int, String, SetupFault?)] = [
        (400, "Client sent an HTTP request to an HTTPS server.\n", .plainHTTP), (497, "", .plainHTTP), (426, "", .plainHTTP),
        (400, "<title>400 No required SSL certificate was sent</title>", .clientCertificate), (496, "", .clientCertificate),
        (421, "", .otherHost), (400, "Invalid Host header", .otherHost), (400, "{\"error\": \"no\"}", nil), (404, "", nil),
        (500, "use https", nil),
    ]

    @Test("answers about how they were asked", arguments: faults.indices) func fault(index: Int) {
        let (status, body, fault) = Self.faults[index]
        #expect(SetupFault(status: status, body: body) == fault)
    }

    @Test func `a fraction of seconds to wait is rounded up`() {
        var headers = HTTPHeaders()
        headers.append(name: "Retry-After", value: "17.5")
        #expect(headers.retryAfter(now: .init(milliseconds: 0)) == .seconds(18))
    }

    static let redirects: [(String, String?, Bool)] = [
        ("https://rt.example/x?token=1", "https://rt.example", false), ("/other", nil, false),
        ("https://127.0.0.1/", "https://127.0.0.1", true),
        ("https://ops:s3cret@rt.example:8443/", "https://rt.example:8443", false), ("nonsense", nil, false),
    ]

    @Test("a redirect says where it points, and no more", arguments: redirects.indices) func redirect(index: Int) async throws {
        let (target, origin, isTLS) = Self.redirects[index]
        try await withServer({ _, peer in peer.answer(301, "", headers: ["Location: \(target)"]) }) { client, server in
            let response = try await client.send(HTTPRequest(.get, server.url))
            #expect(response.redirectOrigin == origin && response.redirectsToTLS == isTLS)
        }
    }
}
