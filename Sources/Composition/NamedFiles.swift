import Ambient
import Configuration
import Glibc
import Model
import Settings

/// Everything that a configuration names and that is had from elsewhere when it is needed: secrets in files, variables and
/// credentials, certificates, the folder of playbooks. One walk, so that no command knows of some and not of others.
struct NamedFiles {
    private let configuration: Configuration
    private let environment: Environment

    init(_ configuration: Configuration, _ environment: Environment) {
        self.configuration = configuration
        self.environment = environment
    }

    /// What of it cannot be had now, in words without secrets, each thing once, sorted by what it is for.
    ///
    /// - Parameter logins: whether to look at what runtimes are asked with; whoever asks them finds that out by himself.
    func faults(logins: Bool) -> [String] {
        var faults: [String] = []
        for use in secrets(logins: logins) { fault(of: use).map { faults.append($0) } }
        // A runtime says no more to a token in quotes than to a wrong one.
        for use in secrets(logins: true) { dressing(of: use).map { faults.append($0) } }
        for (files, owner) in certificates { faults += self.faults(of: files, owner) }
        if let server = configuration.certificate?.value {
            faults += self.faults(of: TLSFiles(certificateFile: server.certificate, keyFile: server.key), "the server")
        }
        if case .at(let source) = configuration.network.proxy {
            fault(of: SecretUse(source, "the address of the proxy")).map { faults.append($0) }
        }
        if let folder = configuration.playbooks.value {
            do throws(FileReading.Failure) {
                _ = try FileReading.files(in: folder, endings: [".md"])
            } catch {
                faults.append("cannot read the playbooks from \(Shown.line(error.path)): \(error.reason)")
            }
        }
        let state = configuration.state.value
        faults += state.files.compactMap { fault(of: $0.path, "\($0.what) of the database of 'state'", holds: $0.holds) }
        var status = stat()
        if !state.isDatabase, stat(state.description, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
            faults.append("cannot use the state folder \(Shown.line(state.description)): it is not a folder")
        }
        return faults.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    // MARK: Secrets

    func secrets(logins: Bool) -> [SecretUse] {
        var uses: [SecretUse] = []
        if logins {
            for runtime in configuration.runtimes {
                uses += runtime.authentication.secrets.map { SecretUse($0.source, "\($0.what) of \(runtime.name)") }
                uses += (runtime.finding?.secrets ?? []).map { SecretUse($0.source, "\($0.what) of the targets of \(runtime.name)") }
            }
        }
        uses += configuration.services.flatMap(\.secrets)
        uses += configuration.adapters.flatMap(\.secrets)
        if let token = configuration.readToken { uses.append(SecretUse(token.value, "the token of whoever reads the page")) }
        if let secret = configuration.trustedSecret { uses.append(SecretUse(secret.value, "the secret of the trusted proxies")) }
        for channel in configuration.channels {
            uses += channel.secrets.map { SecretUse($0.source, "\($0.what) of channel \(channel.name)") }
        }
        if let heartbeat { uses.append(heartbeat) }
        if let key = configuration.advisor?.apiKey { uses.append(SecretUse(key, "the key of the advisor")) }
        if let password = configuration.statePassword { uses.append(SecretUse(password, "the password of the database of 'state'")) }
        return uses
    }

    var heartbeat: SecretUse? { configuration.heartbeat.map { SecretUse($0.url, "the URL of the heartbeat") } }

    func fault(of use: SecretUse) -> String? {
        do throws(SecretSource.Failure) {
            let secret = try use.source.read(use.what, in: environment)
            guard use.what.contains(bytesOf: "URL"), !NamedFiles.isURL(secret), secret.dressing == nil else { return nil }
            return "\(use.what), from \(use.source.location), is no URL: it begins with neither https:// nor http://, or names no host"
        } catch {
            return "\(error)"
        }
    }

    private func dressing(of use: SecretUse) -> String? {
        guard let secret = try? use.source.read(use.what, in: environment), let dressing = secret.dressing else { return nil }
        return "\(use.what), from \(use.source.location), \(dressing)"
    }

    private static func isURL(_ secret: Secret) -> Bool {
        let text = secret.reveal()
        let bytes = Array(text.utf8)
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lower.hasPrefix($0) }), bytes.count > scheme.utf8.count else {
            return false
        }
        return !bytes.contains { $0 <= 0x20 || $0 == 0x7F } && !"/?#".utf8.contains(bytes[scheme.utf8.count])
    }

    // MARK: Certificates

    private var certificates: [(files: TLSFiles, owner: String)] {
        var all: [(files: TLSFiles, owner: String)] = [(configuration.network.tls, "the network")]
        all += configuration.runtimes.map { ($0.tls, $0.name) }
        all += configuration.runtimes.compactMap { runtime in runtime.finding.map { ($0.tls, "the targets of \(runtime.name)") } }
        all += configuration.services.map { ($0.tls, "service \($0.name)") }
        all += configuration.adapters.map { ($0.tls, "an adapter") }
        all += configuration.channels.map { ($0.tls, "channel \($0.name)") }
        if let heartbeat = configuration.heartbeat { all.append((heartbeat.tls, "the heartbeat")) }
        if let advisor = configuration.advisor { all.append((advisor.tls, "the advisor")) }
        return all
    }

    private func faults(of files: TLSFiles, _ owner: String) -> [String] {
        [
            fault(of: files.caFile, "the authorities of \(owner)", holds: "CERTIFICATE-----"),
            fault(of: files.certificateFile, "the certificate of \(owner)", holds: "CERTIFICATE-----"),
            // Where no file is named for it, it stands behind the certificate.
            fault(of: files.keyFile ?? files.certificateFile, "the key of \(owner)", holds: "PRIVATE KEY-----"),
        ].compactMap { $0 }
    }

    /// As far as it shows without the library that will read it: whether the file holds a part of that kind.
    private func fault(of path: String?, _ what: String, holds mark: String) -> String? {
        guard let path else { return nil }
        do throws(FileReading.Failure) {
            let bytes = try FileReading.bytes(path, limit: 4 << 20)
            guard !String(decoding: bytes, as: UTF8.self).contains(bytesOf: mark) else { return nil }
            return
                "cannot use \(what) from file \(Shown.line(path)): \(bytes.isEmpty ? "it is empty" : "it holds no '-----BEGIN … \(mark)'")"
        } catch {
            return "cannot read \(what) from file \(Shown.line(path)): \(error.reason)"
        }
    }
}

extension Assembly {
    /// What the configuration names and what cannot be had now, in words without secrets: better told at start than found out at
    /// the first incident.
    ///
    /// - Parameter logins: see ``NamedFiles/faults(logins:)``.
    public static func unreadable(_ configuration: Configuration, _ environment: Environment, logins: Bool = true) -> [String] {
        NamedFiles(configuration, environment).faults(logins: logins)
    }

    /// Whether there is a URL to ping.
    public static func hasHeartbeat(_ configuration: Configuration, _ environment: Environment) -> Bool {
        let named = NamedFiles(configuration, environment)
        return named.heartbeat.map { named.fault(of: $0) == nil } ?? false
    }
}
