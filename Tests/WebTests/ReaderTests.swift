import Ambient
import Glibc
import JSONParsing
import Journal
import Model
import Server
import Signals
import TestKit
import Testing
import Views

import struct Journal.MinuteRow

@testable import Cycle
@testable import Web

@Suite struct ReaderTests {
    @Test(
        "open on loopback; elsewhere closed without a token, page and API alike",
        arguments: ["/", "/api/v1/situation", "/incidents/0000", "/nothing"])
    func closed(target: String) throws {
        let world = try World()
        try world.commit([World.incident(1)])
        let answer = world.face(isLoopback: false).get(target)
        #expect(
            answer.status == 403 && answer.text.contains("read_token_file") && !answer.text.contains("noisy"),
            "\(answer.text)")
        #expect(world.face().get(target).status != 403)
    }

    @Test(
        "with a token: only who shows it reads, on loopback too",
        arguments: [
            ("Bearer right", true), ("bearer right", true), ("Basic \("b3BzOnJpZ2h0")", true), ("Bearer wrong", false),
            ("Bearer righ", false),
            ("Bearer right2", false), ("Bearer ", false), ("Basic !!", false), ("Basic \("cmlnaHQ=")", false),
            ("right", false), ("", false),
        ])
    func token(value: String, isRight: Bool) throws {
        let world = try World()
        for isLoopback in [true, false] {
            let face = world.face(isLoopback: isLoopback, token: "right")
            for target in ["/", "/api/v1/situation"] {
                let answer = face.get(target, value.isEmpty ? [] : [("Authorization", value)])
                #expect(answer.status == (isRight ? 200 : 401), "\(target)")
                #expect(answer.headers.contains { $0.name == "WWW-Authenticate" } == !isRight)
                #expect(!answer.text.contains("right"))
            }
        }
        #expect(
            world.face(token: "").get("/", [("Authorization", "Bearer ")]).status == 401, "an empty token opens nothing"
        )
    }

    @Test(
        "a name that somebody else pointed at this machine reads nothing",
        arguments: [
            ("localhost:9464", 200), ("127.0.0.1:9464", 200), ("127.0.0.1", 200), ("[::1]:9464", 200),
            // Its own name, by which a proxy brings anybody.
            ("OPS.example.com", 401),
            ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost.evil.example:9464", 403),
            ("127.evil", 403),
        ])
    func host(name: String, status: Int) throws {
        let world = try World()
        for target in ["/", "/api/v1/situation"] {
            // The plainest proxy adds nothing and calls us by our own address: who has a name for the world is read with a token.
            let published = world.face(publicURL: "https://ops.example.com/status").get(target, [("Host", name)])
            #expect(published.status == (status == 200 ? 401 : status))
            if status != 401 { #expect(world.face().get(target, [("Host", name)]).status == status) }
        }
    }

    @Test(
        "whoever comes through a proxy on this machine is anybody, and shows a token",
        arguments: [
            "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Via",
        ])
    func proxied(header: String) throws {
        let world = try World()
        for face in [world.face(), world.face(publicURL: "https://ops.example.com")] {
            for target in ["/", "/api/v1/situation", "/incidents/x"] {
                let answer = face.get(target, [("Host", "127.0.0.1:9464"), (header, "203.0.113.9")])
                #expect(answer.status == 401, "\(target)")
                // A person is told what a person does, a program what a program does.
                let isPage = !target.hasPrefix("/api")
                #expect(answer.text.contains("Sign in first.") == isPage && answer.text.contains("Bearer TOKEN") != isPage, "\(target)")
            }
        }
    }

    @Test("a journal that is gone is a problem without a path of this machine")
    func gone() throws {
        let world = try World()
        let face = world.face()
        world.engine.close()
        unlink(world.folder.journalPath)
        for target in ["/", "/api/v1/situation"] {
            let answer = face.get(target)
            #expect(
                answer.status == 503 && answer.header("Retry-After") == "5" && !answer.text.contains(world.folder.path),
                "\(answer.text)")
        }
    }
}
