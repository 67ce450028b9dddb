import HTTP
import TestKit

/// A client and a server for the length of one test; both are gone when it returns.
func withServer<R: Sendable>(
    options: HTTPClient.Options = .init(), _ behave: @escaping MisbehavingServer.Behaviour,
    asking test: (HTTPClient, MisbehavingServer) async throws -> R
) async throws -> R {
    let server = try MisbehavingServer(behave)
    defer { server.stop() }
    let client = try HTTPClient(options)
    do {
        let result = try await test(client, server)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}

/// The kind of error that a request ends with; nil when it was answered.
func failure(_ client: HTTPClient, _ request: HTTPRequest) async -> HTTPError.Kind? {
    do throws(HTTPError) {
        _ = try await client.send(request)
        return nil
    } catch {
        return error.kind
    }
}
