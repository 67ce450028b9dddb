import Model
import TestKit
import Testing

@testable import Journal

/// Where the journals of a test lie.
enum Kind: String, Sendable, CaseIterable {
    case sqlite, postgres

    @TaskLocal static var current = Kind.sqlite
}

/// Runs each test of a suite once with a journal in a file and once with one in PostgreSQL, where a server can be had:
/// ``PostgresTests`` says where none can.
struct BothEngines: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func scopeProvider(for test: Test, testCase: Test.Case?) -> BothEngines? { testCase == nil ? nil : self }

    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        for kind in Kind.allCases where kind == .sqlite || PostgresServer.shared != nil {
            try await Kind.$current.withValue(kind) { try await function() }
        }
    }
}

extension Trait where Self == BothEngines {
    static var bothEngines: Self { BothEngines() }
}
