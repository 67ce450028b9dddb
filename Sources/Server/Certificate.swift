import Ambient
import CMicroHTTPD
import Glibc
import Model
import Synchronization

/// The certificate that a server shows, from files that somebody else renews.
final class Certificate: Sendable {
    /// A chain of certificates and a key have a few kilobytes.
    private static let sizeLimit = 1 << 20
    private struct State {
        var seen: [FileVersion?] = []
        /// When what is shown does, seconds since 1970; -1 where that is not known, or was told.
        var ends: Int64 = -1
    }

    private let files: ServerCertificate
    private let state = Mutex(State())

    init(_ files: ServerCertificate) { self.files = files }

    /// Reads the files and shows what they hold at the port.
    func show(at port: UInt16) throws(ServerError) {
        state.withLock { $0.seen = versions }
        let (loaded, ends) = try load()
        guard cmicrohttpd_tls_show(port, loaded) != 0 else { throw failure("there are too many servers", "start fewer") }
        state.withLock { $0.ends = ends }
    }

    /// What the files hold, checked, and when it ends.
    fileprivate func load() throws(ServerError) -> (loaded: OpaquePointer, ends: Int64) {
        let certificate = try read(files.certificate)
        let key = try read(files.key)
        var why = [CChar](repeating: 0, count: 256)
        var (begins, ends): (Int64, Int64) = (-1, -1)
        guard let loaded = cmicrohttpd_tls_load(certificate, certificate.count, key, key.count, &begins, &ends, &why, why.count) else {
            let text = String(decoding: why.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw failure(
                text,
                "the files are PEM, the server's own certificate first and then those that vouch for it, and a key without a passphrase")
        }
        let now = Certificate.now
        guard ends < 0 || ends > now else {
            throw failure(
                "the certificate has ended, at \(Certificate.text(ends))", "renew it: browsers and programs refuse what has ended")
        }
        guard begins <= now else {
            throw failure(
                "the certificate does not hold before \(Certificate.text(begins)), and now it is \(Certificate.text(now))",
                "is this machine's clock right? Else have it issued anew: browsers and programs refuse it")
        }
        return (loaded, ends)
    }

    /// Seconds since 1970.
    private static var now: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec)
    }

    private static func text(_ seconds: Int64) -> String {
        Timestamp(milliseconds: min(max(seconds, 0), 253_402_300_799) * 1_000).description
    }

    /// Shows nothing any more.
    func hide(at port: UInt16) { _ = cmicrohttpd_tls_show(port, nil) }

    /// Called about once a second. When the files changed: nil where the new ones are shown, else why the old ones still are. When
    /// what is shown ends and nobody renewed it: that, once.
    func renewed(at port: UInt16) -> ServerError?? {
        guard state.withLock({ $0.seen != versions }) else {
            let isOver = state.withLock { state in
                guard state.ends >= 0, state.ends <= Certificate.now else { return false }
                state.ends = -1
                return true
            }
            return isOver
                ? .some(failure("the certificate has ended just now", "renew it: browsers and programs refuse what has ended")) : .none
        }
        do throws(ServerError) {
            try show(at: port)
            return .some(nil)
        } catch {
            return .some(error)
        }
    }

    private var versions: [FileVersion?] { [FileVersion(files.certificate), FileVersion(files.key)] }

    private func read(_ path: String) throws(ServerError) -> [UInt8] {
        let hint = "the user of the monitor must be able to read it; look at its folders too"
        let file: Int32
        do {
            file = try RegularFile.open(path)
        } catch {
            throw failure("cannot read \(path): \(error.reason)", hint)
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while bytes.count <= Certificate.sizeLimit {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count >= 0 else { throw failure("cannot read \(path): \(String(cString: strerror(errno)))", hint) }
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
        }
        throw failure("\(path) is too large to be a certificate or a key", hint)
    }

    private func failure(_ cause: String, _ hint: String) -> ServerError {
        ServerError(operation: ServerError.showingCertificate, address: files.certificate, cause: cause, hint: hint, retryable: false)
    }
}

/// Where the certificate of a server and its key lie.
public struct ServerCertificate: Hashable, Sendable {
    /// PEM, the server's own first.
    public let certificate: String
    /// PEM.
    public let key: String

    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

extension ServerCertificate {
    /// Reads and checks what a server would show, for a command that ends soon: what is read is kept until then.
    ///
    /// - Returns: when it ends; nil where that is not known.
    public func examine() throws(ServerError) -> Timestamp? {
        let ends = try Certificate(self).load().ends
        return ends < 0 ? nil : Timestamp(milliseconds: min(ends, 253_402_300_799) * 1_000)
    }
}
