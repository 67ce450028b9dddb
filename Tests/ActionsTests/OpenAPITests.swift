import Ambient
import Glibc
import HTTP
import JSONParsing
import Model
import Simulator
import TestKit
import Testing

@testable import Actions

/// docs/control-plane-api.yaml is valid OpenAPI 3.1, and what the adapter sends and the simulated control plane answers is what it
/// describes. Judged by the validators of PyPI, not by our own reading.
@Suite struct OpenAPITests {
    struct Missing: Error, CustomStringConvertible { let description: String }

    private func verdicts(_ exchanges: [JSON]) throws -> [String] {
        let tests = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let python = tests + "/../../.build/venv/bin/python"
        guard access(python, X_OK) == 0 else { throw Missing(description: "no \(python): run 'make setup'") }
        let folder = TemporaryFolder()
        let file = folder.write(exchanges.map { $0.serialized() + "\n" }.joined(), to: "exchanges")
        let program = try RunningProgram(
            python, [tests + "/openapi/check.py", tests + "/../../docs/control-plane-api.yaml", file],
            environment: ["PATH": "/usr/bin:/bin"], in: folder.path, atMost: 120)
        let ending = program.waitForEnd()
        guard ending.code == 0 else { throw Missing(description: ending.errors) }
        return ending.output.split(separator: "\n").map(String.init)
    }

    /// Sends one request and keeps what went both ways.
    private func exchange(
        _ client: HTTPClient, _ plane: ControlPlane, _ method: HTTPMethod, _ path: String, _ body: JSON? = nil,
        token: String? = AdapterUnderContract.token
    ) async throws -> JSON {
        var request = HTTPRequest(method, plane.url + path, body: body?.serializedBytes() ?? [])
        if let token { request.headers.append(.bearer(Secret(token))) }
        let response = try await client.send(request)
        return [
            "method": .string(method.rawValue), "path": .string(path), "request": body ?? .null,
            "status": .int(Int64(response.status)), "type": .string(response.headers["content-type"] ?? ""),
            "response": response.body.isEmpty ? .null : try JSON(parsing: response.body.bytes),
        ]
    }

    private func order(_ effect: Effect, app: AppID = AppID("app_clinic"), id: String = "lease-0123456789abcdef") -> JSON {
        LeaseSheet.document(
            LeaseOrder(
                id: id, key: LeaseKey(kind: effect.kind, runtime: "shared", app: app, pack: effect.pack), effect: effect,
                createdAt: TestClock.start, expiresAt: TestClock.start + .minutes(15),
                reason: String(repeating: "long ", count: 100)),
            owner: "production")
    }

    @Test("every exchange is as documented")
    func exchanges() async throws {
        let setup = try Setup(.leaseAPI)
        let client = try HTTPClient()
        let place = "/ops/v1/leases/lease-0123456789abcdef"
        let other = "/ops/v1/leases/lease-fedcba9876543210"
        let throttle = order(.throttle(Limits(concurrentWorkflows: 2)))
        let steps: [(HTTPMethod, String, JSON?, Int)] = [
            (.get, "/ops/v1/leases", nil, 200), (.get, place, nil, 404), (.put, place, throttle, 201),
            (.put, place, throttle, 200), (.get, place, nil, 200), (.get, "/ops/v1/leases?owner=production", nil, 200),
            (.put, place, order(.pause), 409), (.put, other, throttle, 422),
            (.put, other, order(.disablePack(PackID("Générateur")), app: AppID(bytes: [0x61, 0xFF]), id: "lease-fedcba9876543210"), 201),
            (.get, other, nil, 200), (.delete, other, nil, 204), (.delete, other, nil, 410),
            (.delete, "/ops/v1/leases/lease-0000000000000000", nil, 404), (.put, other, order(.pause, id: "lease-fedcba9876543210"), 410),
            (.put, "/ops/v1/leases/lease-1111111111111111", order(.pause, id: "lease-1111111111111111"), 201),
        ]
        var exchanges: [JSON] = []
        for (method, path, body, status) in steps {
            let done = try await exchange(client, setup.plane, method, path, body)
            #expect(done["status"]?.int == Int64(status), "\(method) \(path)")
            exchanges.append(done)
        }
        exchanges.append(try await exchange(client, setup.plane, .get, place, token: nil))
        setup.plane.inject(ControlPlaneFault(.leases, .refuse(status: 503), count: 1))
        exchanges.append(try await exchange(client, setup.plane, .put, place, throttle))
        let verdicts = try verdicts(exchanges)
        #expect(verdicts.count == exchanges.count)
        for (exchange, verdict) in zip(exchanges, verdicts) { #expect(verdict == "ok", "\(exchange.serialized())") }
        await client.shutdown()
        await setup.end()
    }

    @Test("what is not as documented is found")
    func wrong() throws {
        func put(_ change: (inout JSONObject) -> Void, status: Int = 200) -> JSON {
            var sheet = order(.throttle(Limits(concurrentWorkflows: 2))).object ?? JSONObject()
            var held = sheet
            held["state"] = "in_force"
            change(&sheet)
            return [
                "method": "PUT", "path": "/ops/v1/leases/lease-0123456789abcdef", "request": .object(sheet),
                "status": .int(Int64(status)), "type": "application/json", "response": .object(held),
            ]
        }
        let wrong = [
            put { $0["limits"] = nil }, put { $0["limits"] = [:] }, put { $0["id"] = "lease-1" }, put { $0["action"] = "notify" },
            put { $0["expires_at"] = "tomorrow" }, put({ _ in }, status: 418),
        ]
        #expect(try verdicts(wrong).filter { $0 == "ok" }.isEmpty)
        #expect(try verdicts([put { _ in }]) == ["ok"])
    }
}
