import Ambient
import CCurl
import Glibc

/// Where libcurl finds the authorities that a peer's certificate is held against, and whether it keeps what it read.
///
/// The system's bundle takes tens of milliseconds to parse. On the thread of all transfers, once for each new connection, that
/// is time in which nobody's answer is taken. libcurl keeps a store that was read of a file alone: so no folder is named beside
/// the file, which is also what "instead of the system's" means, since libcurl's own folder is the system's.
struct Authorities: Equatable {
    enum Folder: Equatable {
        case named(String)
        /// None but the file's.
        case none
        /// As libcurl was built.
        case libcurls
    }

    /// Nil: the bundle that libcurl was built with.
    let file: String?
    let folder: Folder
    /// How long what was read stands, s; 0: it is read for each connection.
    let keptSeconds: Int

    /// So long, since what the system's administrator takes out of the bundle must soon count.
    private static let kept = 60

    /// - Parameters:
    ///   - network: what holds for whoever says nothing else. Its file alone is kept, and the bundle: libcurl keeps one store.
    ///   - hasBundle: whether the bundle that libcurl was built with is there.
    init(_ tls: TLSFiles, _ network: NetworkOptions, hasBundle: Bool = Authorities.hasBundle) {
        file = tls.over(network.tls).caFile
        if let named = network.caFolder {
            folder = .named(named)
        } else {
            folder = file != nil || hasBundle ? .none : .libcurls
        }
        keptSeconds = folder == .none && file == network.tls.caFile ? Authorities.kept : 0
    }

    /// Of a call on a thread of its own, which holds up nobody: read each time.
    init(_ tls: TLSFiles, caFolder: String? = nil, hasBundle: Bool = Authorities.hasBundle) {
        var network = NetworkOptions()
        network.caFolder = caFolder
        let of = Authorities(tls, network, hasBundle: hasBundle)
        (file, folder, keptSeconds) = (of.file, of.folder, 0)
    }

    /// Whether libcurl was built with a bundle that can be read.
    private static let hasBundle: Bool = {
        guard let bundle = curl_version_info(CURLVERSION_SEVENTH)?.pointee.cainfo else { return false }
        return access(bundle, R_OK) == 0
    }()

    func apply(to easy: UnsafeMutableRawPointer) {
        if let file { _ = CCurl_setString(easy, CURLOPT_CAINFO, TLSFiles.given(file)) }
        switch folder {
        case .named(let folder): _ = CCurl_setString(easy, CURLOPT_CAPATH, folder)
        case .none: _ = CCurl_setString(easy, CURLOPT_CAPATH, nil)
        case .libcurls: break
        }
        _ = CCurl_setLong(easy, CURLOPT_CA_CACHE_TIMEOUT, keptSeconds)
    }
}
