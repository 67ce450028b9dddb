import Model
import Testing

/// Hosts and services are called what they are.
@Suite struct WordsOfKindTests {
    @Test func whyNothingIsKnownNamesTheKind() {
        #expect(MissingReason.notTracked.explanation == "this runtime does not track it")
        #expect(MissingReason.notTracked.explanation(of: .service) == "no look at this service tells it")
        #expect(MissingReason.unauthorized.explanation(of: .service) == "our secret for this service cannot be had")
        #expect(MissingReason.notTracked.explanation(of: .host) == "this host does not show it")
        #expect(MissingReason.unreachable.explanation(of: .service) == "the service gave no answer")
        #expect(MissingReason.unreachable.explanation(of: .host) == "the host's figures could not be read")
        #expect(MissingReason.error(status: 503).explanation(of: .service) == "the service answered 503")
        for code in 0..<UInt8(MissingReason.names.count) {
            let words = MissingReason(code: code)?.explanation(of: .host)
            #expect(words?.contains("runtime") == false, "\(words ?? "")")
        }
    }

    @Test func anyOfThemIsNamedByTheKindsThatThereAre() {
        #expect(WatchedKind.any(of: []) == "runtime" && WatchedKind.any(of: [.runtime, .runtime]) == "runtime")
        #expect(WatchedKind.any(of: [.service, .runtime]) == "runtime or service")
        #expect(WatchedKind.any(of: [.service, .host, .runtime]) == "runtime, host or service")
    }
}
