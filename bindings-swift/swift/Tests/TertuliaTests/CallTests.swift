import Foundation
import XCTest

@testable import Tertulia

/// Counts the pages that are fetched.
private actor Fetched {
    private(set) var cursors: [String?] = []

    func note(_ cursor: String?) { cursors.append(cursor) }
}

/// Credentials that are seen to go.
private final class Vault: Credentials {
    func credential(_ reference: String) async throws -> String { "secret" }
}

/// Keeps all that is told.
private actor Heard {
    private(set) var counts: [ImportCounts] = []

    func hear(_ now: ImportCounts) { counts.append(now) }
}

/// Calls: given up, watched, paged, at once; opening and closing; errors by their kinds.
final class CallTests: XCTestCase {
    private let csv = FileSource.bytes(
        Data((["phone,name"] + (0..<5000).map { String(format: "+35191%07d,Person %d", $0, $0) }).joined(separator: "\n").utf8)
    )

    func testACallWhoseTaskIsCancelledStillFinishes() async throws {
        let crm = try await Crm.open(path: newFolder() + "/crm.db")
        let org = try await crm.shop()
        var dropped: [Task<Contact, any Error>] = []
        for last in 0..<10 {
            let task = Task { try await org.person("+35191234567\(last)") }
            if last % 2 == 0 { await Task.yield() }
            task.cancel()
            dropped.append(task)
        }
        try await until { try await org.contacts.count(.everyone) == 10 }
        for task in dropped {
            let made = try await task.value
            let there = try await org.contacts.get(made.id)
            XCTAssertEqual(there.id, made.id)
        }
        try await crm.close()
    }

    func testAnImportIsCancelledAndGoesOn() async throws {
        let crm = try await Crm.open()
        let org = try await crm.shop()
        let cancel = CancelToken()
        cancel.cancel()
        cancel.cancel()
        let stopped = try await org.imports.run(csv, cancel: cancel)
        XCTAssertFalse(stopped.finished)
        XCTAssertLessThan(stopped.counts.created, 5000)
        let id = try XCTUnwrap(stopped.import)
        let whole = try await org.imports.resume(id, file: csv, cancel: CancelToken())
        XCTAssert(whole.finished)
        let count = try await org.contacts.count(.everyone)
        XCTAssertEqual(count, 5000)
        try await crm.close()
    }

    func testProgressIsToldInOrderUpToTheEnd() async throws {
        let crm = try await Crm.open()
        let heard = Heard()
        let report = try await crm.shop().imports.run(csv, progress: { await heard.hear($0) })
        let counts = await heard.counts
        XCTAssertGreaterThan(counts.count, 1)
        XCTAssertEqual(counts.map(\.created), counts.map(\.created).sorted())
        XCTAssertEqual(counts.last, report.counts)
        try await crm.close()
    }

    func testEachMethodTellsItsOwnProgress() async throws {
        let crm = try await Crm.open()
        let org = try await crm.shop()
        for last in 0..<3 { _ = try await org.person("+35191234567\(last)") }
        let told = Told()
        let report = try await org.contacts.bulk(.filter(.everyone), action: .tag(["vip"]), progress: { report in
            XCTAssertEqual(report.changed, 3)
            await told.hear(try answer(report.changed))
        })
        XCTAssertEqual(report.changed, 3)
        let last = await told.last
        XCTAssertEqual(last, 3)
        try await crm.close()
    }

    func testAListIsAllPagesOneAfterTheOther() async throws {
        let crm = try await Crm.open()
        let org = try await crm.shop()
        var ids: Set<ContactId> = []
        for last in 0..<7 { ids.insert(try await org.person("+35191234567\(last)").id) }
        let pages = org.contacts.list(.everyone, page: PageRequest(limit: 3))
        let found = try await all(pages)
        XCTAssertEqual(found.count, 7)
        XCTAssertEqual(Set(found.map(\.id)), ids)
        let again = try await all(pages)
        XCTAssertEqual(again, found)
        let first = try await org.contacts.listPage(.everyone, page: PageRequest(limit: 3))
        XCTAssertEqual(first.items, Array(found[..<3]))
        let rest = try await all(org.contacts.list(.everyone, page: PageRequest(cursor: first.next)))
        XCTAssertEqual(rest, Array(found[3...]))
        await fails("cursor.invalid") { try await all(org.contacts.list(.everyone, page: PageRequest(cursor: "x"))) }
        try await crm.close()
    }

    func testPagesAreFetchedWhenTheyAreNeededAndNoSooner() async throws {
        let fetched = Fetched()
        let pages = Pages<Int>(first: PageRequest(limit: 2)) { request in
            await fetched.note(request.cursor)
            XCTAssertEqual(request.limit, 2)
            switch request.cursor {
            case nil: return Page(items: [1, 2], next: "b")
            case "b": return Page(items: [], next: "c")
            default: return Page(items: [3, 4], next: nil)
            }
        }
        for try await item in pages where item == 2 { break }
        var cursors = await fetched.cursors
        XCTAssertEqual(cursors, [nil])
        let items = try await all(pages)
        XCTAssertEqual(items, [1, 2, 3, 4])
        cursors = await fetched.cursors
        XCTAssertEqual(cursors, [nil, nil, "b", "c"])
        var iterator = Pages<Int>(first: nil) { _ in Page(items: [], next: nil) }.makeAsyncIterator()
        for _ in 0..<2 {
            let nothing = try await iterator.next()
            XCTAssertNil(nothing)
        }
    }

    func testManyCallsRunAtOnceAndFromTheMainActorToo() async throws {
        let crm = try await Crm.open()
        let org = try await crm.shop()
        let made = try await withThrowingTaskGroup(of: ContactId.self) { group in
            for place in 100..<200 {
                group.addTask { try await org.person("+351912345\(place)").id }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        XCTAssertEqual(made.count, 100)
        let count = try await Task { @MainActor in try await org.contacts.count(.everyone) }.value
        XCTAssertEqual(count, 100)
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
        try await one.close()
        let count = try await two.org(id).contacts.count(.everyone)
        XCTAssertEqual(count, 10)
        try await two.close()
        let again = try await Crm.open(path: path)
        let kept = try await again.org(id).contacts.count(.everyone)
        XCTAssertEqual(kept, 10)
        try await again.close()
    }

    func testAClosedCrmAnswersThatItIsClosed() async throws {
        let crm = try await Crm.open()
        let org = try await crm.shop()
        let worker = Task { try await crm.work() }
        try await crm.ping()
        try await crm.close()
        try await worker.value
        try await crm.close()
        let closed = await fails("storage.closed") { try await org.tags.list() }
        XCTAssertEqual(closed?.kind, .unavailable)
    }

    func testAnOrganisationKeepsItsCrm() async throws {
        var crm: Crm? = try await Crm.open()
        let org = try await XCTUnwrap(crm).shop()
        crm = nil
        let ana = try await org.person()
        XCTAssertEqual(ana.name, "Ana")
    }

    func testAHostsObjectsGoWithTheirCrm() async throws {
        var vault: Vault? = Vault()
        weak var seen = vault
        var crm: Crm? = try await Crm.open(credentials: vault)
        vault = nil
        try await crm?.ping()
        XCTAssertNotNil(seen)
        crm = nil
        try await until { seen == nil }
    }

    func testErrorsAreOfTheirKinds() async throws {
        let folder = try newFolder()
        try Data(repeating: 120, count: 8192).write(to: URL(fileURLWithPath: folder + "/text.db"))
        let crm = try await Crm.open()
        let org = try await crm.shop()
        let ana = try await org.person()
        let account = NewAccount(channel: .whatsapp, senderId: "1", name: "Main", credential: "main")
        let text = SendRequest(
            contact: ana.id, account: try await org.accounts.connect(account), draft: .content(.text(body: "Olá"))
        )
        let nobody = ContactId("019b8d2a-0000-7000-8000-000000000001")
        let get = WebhookRequest(method: "GET", url: "https://shop.example")
        let whatsApp = WhatsApp(appSecret: "hush", verifyToken: "hush")
        let spoken = try await Crm.open(transports: ["whatsapp": .whatsApp(whatsApp)])
        let failed: [(TertuliaError?, TertuliaError.Kind)] = [
            (await fails("phone.letters") { try await org.person("call me") }, .invalid),
            (await fails("window.closed") { try await org.inbox.send(text) }, .refused),
            (await fails("contact.not_found") { try await org.consent.get(nobody) }, .notFound),
            (await fails("contact.duplicate") { try await org.person() }, .conflict),
            (await fails("webhook.verification_failed") { try await spoken.receive("whatsapp", request: get) }, .forbidden),
            (await fails("storage.io") { try await Crm.open(path: folder) }, .unavailable),
            (await fails("storage.not_a_database") { try await Crm.open(path: folder + "/text.db") }, .corrupt),
        ]
        for (error, kind) in failed { XCTAssertEqual(error?.kind, kind, "\(String(describing: error))") }
        try await spoken.close()
        try await crm.close()
    }
}
