import Foundation
import XCTest

@testable import Tertulia

/// A transport that sends by what it is given.
private struct Sending: Transport {
    let channel = Channel.whatsapp
    let correlation = Correlation.messageId
    var timeout: TimeInterval?
    let how: @Sendable (Outgoing) async throws -> Outcome

    func verify(_ query: String) async throws -> String {
        throw TertuliaError(ErrorCode.webhookVerificationFailed, "not our token")
    }

    func parse(_ request: WebhookRequest) async throws -> [InboundEvent] { throw Wrong("cut off") }

    func send(_ sender: Sender, message: Outgoing) async throws -> Outcome { try await how(message) }
}

private struct StoppedClock: Tertulia.Clock {
    func now() async throws -> Date { throw Wrong("no time") }
}

/// Waits until it is told.
private actor Bell {
    private(set) var rung = false

    func ring() { rung = true }
}

extension Crm {
    fileprivate func shop() async throws -> Org { org(try await createOrg(Settings(name: "Casa Lua"))) }
}

extension Org {
    fileprivate func person(_ phone: String) async throws -> Contact {
        try await contacts.create(NewContact(phone: phone, name: "Ana", optedIn: true))
    }
}

/// Sends an approved template by a host's transport, and gives back how that went.
private func sent(
    timeout: TimeInterval? = nil,
    how: @escaping @Sendable (Outgoing) async throws -> Outcome
) async throws -> Message {
    let crm = try await Crm.open(
        transports: ["own": .host(Sending(timeout: timeout, how: how))],
        credentials: ["key": "secret"] as StaticCredentials
    )
    let org = try await crm.shop()
    let account = try await org.accounts.connect(
        NewAccount(channel: .whatsapp, senderId: "own-1", name: "Own", credential: "key")
    )
    try await org.templates.put(
        Template(
            name: "hello", language: "en", category: .utility, status: "APPROVED",
            components: [["type": "BODY", "text": "Hello"]]
        )
    )
    let ana = try await org.person("+351912345678")
    let draft = Draft.template(name: "hello", language: "en", parameters: TemplateParameters())
    return try await org.inbox.send(SendRequest(contact: ana.id, account: account, draft: draft))
}

final class BindingTests: XCTestCase {
    /// Fails unless the body fails with this code.
    @discardableResult
    private func fails(
        _ code: String, line: UInt = #line, _ body: () async throws -> some Any
    ) async -> TertuliaError? {
        do {
            _ = try await body()
            XCTFail("nothing failed", line: line)
        } catch let error as TertuliaError {
            XCTAssertEqual(error.code, code, "\(error)", line: line)
            return error
        } catch {
            XCTFail("\(error)", line: line)
        }
        return nil
    }

    private let autumn = Date(timeIntervalSince1970: 1_791_190_800.123456)

    func testWhatIsNoValueIsRefusedWithItsPlaceAndNothingCrashes() async throws {
        let clock = try await ManualClock(now: autumn)
        for seconds in [Double.nan, .infinity, -1, .greatestFiniteMagnitude] {
            await fails("input.invalid") { try await clock.advance(seconds) }
        }
        for date in [Date(timeIntervalSince1970: .nan), Date(timeIntervalSince1970: 1e15), .distantPast - 1e12] {
            await fails("input.invalid") { try await clock.set(date) }
        }
        let crm = try await Crm.open(clock: clock)
        let org = try await crm.shop()
        await fails("input.invalid") {
            try await org.contacts.listPage(.everyone, page: PageRequest(limit: -1))
        }
        let all = try await org.contacts.listPage(.everyone, page: PageRequest(limit: .max))
        XCTAssertEqual(all.items.count, 0)
        let refused = await fails("input.invalid") {
            try await org.contacts.create(NewContact(name: "Ana", attributes: ["x": ["y": .double(.nan)]]))
        }
        XCTAssert(refused?.message.contains("new.attributes.x.y") ?? false, "\(String(describing: refused))")
        let deep = (1...1000).reduce(Filter.everyone) { inside, _ in .not(inside) }
        await fails("input.invalid") { try await org.contacts.count(deep) }
        let nested = (1...1000).reduce(JSON.null) { inside, _ in [inside] }
        await fails("input.invalid") { try await org.contacts.create(NewContact(attributes: ["x": nested])) }
        await fails("id.invalid") { try await crm.org(OrgId("no id")).tags.list() }
        await fails("org.not_found") {
            try await crm.org(OrgId("019b8d2a-0000-7000-8000-000000000001")).tags.list()
        }
        try await crm.close()
    }

    func testTimesAndAnyJsonComeBackAsTheyWere() async throws {
        let crm = try await Crm.open(clock: ManualClock(now: autumn))
        let org = try await crm.shop()
        let created = try await org.person("+351912345678").createdAt
        XCTAssertEqual(created.timeIntervalSince1970, autumn.timeIntervalSince1970, accuracy: 5e-7)
        let json: JSON = ["type": "BODY", "text": "Hi 😀", "n": 1, "x": 1.5, "list": [nil, true, [:]]]
        try await org.templates.put(
            Template(name: "hi", language: "en", category: .utility, status: "APPROVED", components: [json])
        )
        let stored = try await org.templates.get("hi", language: "en")
        XCTAssertEqual(stored.components, [json])
        try await crm.close()
    }

    func testAnInstantKeepsItsMicroseconds() {
        for text in ["2026-10-05T09:00:00Z", "2026-10-05T09:00:00.123456Z", "1969-12-31T23:59:59.000001Z"] {
            XCTAssertEqual(Instant.date(text).flatMap(Instant.text), text)
        }
        XCTAssertNil(Instant.date("tomorrow"))
        XCTAssertNil(Instant.date("2026-10-05T09:00:00.Z"))
        XCTAssertNil(Instant.text(Date(timeIntervalSince1970: .infinity)))
    }

    func testWhateverAHostsTransportThrowsBecomesAFailureAndNeverACrash() async throws {
        let well = try await sent { _ in .accepted(Accepted(providerId: "p-1")) }
        XCTAssertEqual(well.providerId, "p-1")
        let thrown: [any Error] = [
            Wrong("cut"), CancellationError(), TertuliaError(ErrorCode.credentialMissing, "no key"), TertuliaError("made.up", ""),
        ]
        for error in thrown {
            await fails("send.unknown") { try await sent { _ in throw error } }
        }
        await fails("send.refused") {
            try await sent { _ in .refused(SendFailure(class: .recipientInvalid, code: "7", detail: "no such person")) }
        }
    }

    func testATransportThatHangsIsCutOffAndTold() async throws {
        let bell = Bell()
        await fails("send.unknown") {
            try await sent(timeout: 0.05) { _ in
                do {
                    try await Task.sleep(nanoseconds: .max / 2)
                } catch {
                    await bell.ring()
                    throw error
                }
                throw Wrong("it waited")
            }
        }
        while !(await bell.rung) { try await Task.sleep(nanoseconds: 1_000_000) }
    }

    func testATransportMayCallTheLibrary() async throws {
        let other = try await Crm.open()
        let again = try await sent { _ in
            try await other.ping()
            return .accepted(Accepted(providerId: "again"))
        }
        XCTAssertEqual(again.providerId, "again")
        try await other.close()
    }

    func testAHostsErrorKeepsItsCodeAndAStrangersWordsAreToldOn() async throws {
        let own = Sending { _ in throw Wrong("never") }
        let crm = try await Crm.open(transports: ["own": .host(own)])
        let mine = await fails("webhook.verification_failed") {
            try await crm.receive("own", request: WebhookRequest(method: "GET", url: "https://shop.example/own?x=1"))
        }
        XCTAssertEqual(mine?.message, "not our token")
        XCTAssertEqual(mine?.httpStatus, 403)
        XCTAssertEqual(mine?.kind, .forbidden)
        let strange = await fails("transport.failed") {
            try await crm.receive("own", request: WebhookRequest(method: "POST", url: "https://shop.example/own"))
        }
        XCTAssert(strange?.message.contains("cut off") ?? false)
        await fails("webhook.endpoint_unknown") {
            try await crm.receive("other", request: WebhookRequest(method: "POST", url: "https://x"))
        }
        try await crm.close()
    }

    func testACallWhoseTaskIsCancelledStillFinishes() async throws {
        let crm = try await Crm.open(path: newFolder() + "/crm.db")
        let org = try await crm.shop()
        let dropped = Task { try await org.person("+351912345678") }
        dropped.cancel()
        while try await org.contacts.findByPhone("+351912345678") == nil {
            try await Task.sleep(nanoseconds: 1_000_000)
        }
        try await crm.close()
    }

    func testAnImportIsCancelledGoesOnAndTellsItsProgress() async throws {
        let crm = try await Crm.open()
        let org = try await crm.shop()
        let rows = (0..<5000).map { String(format: "+35191%07d,Person %d", $0, $0) }
        let csv = FileSource.bytes(Data((["phone,name"] + rows).joined(separator: "\n").utf8))
        let cancel = CancelToken()
        cancel.cancel()
        let stopped = try await org.imports.run(csv, cancel: cancel)
        XCTAssertFalse(stopped.finished)
        let id = try XCTUnwrap(stopped.import)
        let whole = try await org.imports.resume(id, file: csv)
        XCTAssert(whole.finished)
        let count = try await org.contacts.count(.everyone)
        XCTAssertEqual(count, rows.count)
        let told = Told()
        let checked = try await org.imports.check(csv, progress: { await told.hear(try answer($0)) })
        let last = await told.last
        XCTAssertEqual(last, try answer(checked.counts))
        _ = try await org.imports.check(csv, progress: { _ in throw Wrong("the host's own trouble") })
        try await crm.close()
    }

    func testAListIsAllPagesOneAfterTheOther() async throws {
        let crm = try await Crm.open()
        let org = try await crm.shop()
        var ids: Set<ContactId> = []
        for last in 0..<7 { ids.insert(try await org.person("+35191234567\(last)").id) }
        let found = try await all(org.contacts.list(.everyone, page: PageRequest(limit: 3)))
        XCTAssertEqual(found.count, 7)
        XCTAssertEqual(Set(found.map(\.id)), ids)
        let first = try await org.contacts.listPage(.everyone, page: PageRequest(limit: 3))
        XCTAssertEqual(first.items.count, 3)
        let rest = try await all(org.contacts.list(.everyone, page: PageRequest(cursor: first.next)))
        XCTAssertEqual(rest.count, 4)
        try await crm.close()
    }

    func testTwoHandlesOnOneFileAreTwoProcessesToEachOther() async throws {
        let path = try newFolder() + "/crm.db"
        let (one, two) = (try await Crm.open(path: path), try await Crm.open(path: path))
        let id = try await one.createOrg(Settings(name: "Shared"))
        let made = try await withThrowingTaskGroup(of: ContactId.self) { group in
            for place in 0..<10 {
                group.addTask { try await (place % 2 == 0 ? one : two).org(id).person("+35191234567\(place)").id }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        XCTAssertEqual(made.count, 10)
        let count = try await two.org(id).contacts.count(.everyone)
        XCTAssertEqual(count, 10)
        try await one.close()
        try await two.close()
        await fails("storage.closed") { try await one.ping() }
    }

    func testAClockThatFailsIsRefusedWhenItIsOpenedWith() async throws {
        let refused = await fails("transport.failed") { try await Crm.open(clock: StoppedClock()) }
        XCTAssert(refused?.message.contains("no time") ?? false)
    }

    func testKeysStayOutOfTexts() {
        let shown = [
            "\(WhatsApp(appSecret: "hush", verifyToken: "hush"))", "\(["key": "hush"] as StaticCredentials)",
            String(reflecting: Sender(senderId: "1", credential: "hush")),
            String(describing: AnyTransport.whatsApp(WhatsApp(appSecret: "hush", verifyToken: "hush"))),
        ]
        var dumped = ""
        dump(WhatsApp(appSecret: "hush", verifyToken: "hush"), to: &dumped)
        for text in shown + [dumped] { XCTAssertFalse(text.contains("hush"), text) }
    }

    func testEveryCodeHasItsKind() {
        XCTAssertGreaterThan(ErrorCode.kinds.count, 50)
        for (code, kind) in ErrorCode.kinds { XCTAssertEqual(TertuliaError(code, "").kind, kind) }
    }
}
