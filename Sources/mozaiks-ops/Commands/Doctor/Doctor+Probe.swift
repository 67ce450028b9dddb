import Ambient
import Collector
import Composition
import Configuration
import Glibc
import Model
import Settings
import Views

extension RuntimeExamination.Probe {
    /// Looks up a replica's name and goes over its answers field by field.
    /// - Parameters:
    ///   - own: what it answered in the second look.
    ///   - hasGate: whether there is one, so that it is also to be seen whether it can be gone around.
    init(_ url: String, _ own: [Observation], _ assembly: Assembly, hasGate: Bool) {
        self.init()
        resolution = Self.resolution(url, assembly)
        // What goes around the proxy goes around the gate; but not where the runtime asks the gate by itself.
        if hasGate, !RuntimeExamination.asksItself(own), let place = Authority(url: url) {
            openings = PastTheGate.openings(host: place.host, port: place.port)
            port = place.port
        }
        for observation in own {
            dropped[observation.endpoint] =
                if case .answer(let answer) = observation.outcome {
                    FieldSurvey.findings(answer, of: observation.endpoint)?.map(\.description)
                } else { nil }
        }
    }

    /// Nil where the URL has a number, and there is no name to look up.
    private static func resolution(_ url: String, _ assembly: Assembly) -> (host: String, how: RuntimeExamination.Resolution)? {
        guard let host = host(url), !isAddress(host) else { return nil }
        if let proxy = assembly.network.resolvingProxy(for: url) { return (host, .byProxy(proxy)) }
        switch NamedAddress.all(of: host) {
        case .failure(let fault): return (host, .fault(fault.text))
        case .success(let found):
            // As the resolver prefers them, each once.
            var addresses: [String] = []
            for address in found.compactMap(\.text) where !addresses.contains(address) { addresses.append(address) }
            return (host, .addresses(addresses))
        }
    }

    /// The host of a base URL, without brackets.
    private static func host(_ url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let rest = url[scheme.upperBound...].prefix { $0 != "/" }
        if rest.hasPrefix("[") { return rest.dropFirst().split(separator: "]").first.map(String.init) }
        return rest.split(separator: ":").first.map(String.init)
    }

    /// Whether a host is written as a number, so that there is no name to resolve.
    private static func isAddress(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
    }
}

extension Login {
    /// - Parameter isAlone: whether it is the only runtime: a variable of the environment is about no other.
    init(settings: RuntimeSettings?, isAlone: Bool) {
        let (noun, secret): (String?, String) =
            switch settings?.authentication {
            case nil, .some(.none): (nil, "token")
            case .basic(let user, _): ("login as '\(user)'", "password")
            case .bearer, .clientCredentials: ("token", "token")
            case .googleIdentity: ("identity token", "identity token")
            }
        let isOfFile = if case .file? = settings?.origin { true } else { false }
        self.init(noun: noun, secret: secret, runtime: settings?.name ?? "NAME", isOfFile: isOfFile, isAlone: isAlone)
    }
}

extension String {
    /// The first place of a text.
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
