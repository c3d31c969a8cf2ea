import Foundation
import XCTest

@testable import Tertulia

/// Values that the types let through and the library does not, and odd ones that are right.
final class InputTests: XCTestCase {
    private let autumn = Date(timeIntervalSince1970: 1_791_190_800.123456)

    func testNumbersThatAreNoneAreRefused() async throws {
        let clock = try await ManualClock(now: autumn)
        for seconds in [Double.nan, .infinity, -.infinity, -1, .greatestFiniteMagnitude] {
            await fails("input.invalid") { try await clock.advance(seconds) }
        }
        let now = try await clock.now()
        XCTAssertEqual(now.timeIntervalSince1970, autumn.timeIntervalSince1970, accuracy: 5e-7)
        let crm = try await Crm.open()
        let org = try await crm.shop()
        for limit in [-1, .min] {
            await fails("input.invalid") { try await org.contacts.listPage(.everyone, page: PageRequest(limit: limit)) }
        }
        let all = try await org.contacts.listPage(.everyone, page: PageRequest(limit: .max))
        XCTAssertEqual(all.items.count, 0)
        for timeout in [Double.nan, -1] {
            let whatsApp = WhatsApp(appSecret: "hush", verifyToken: "hush", timeoutSeconds: timeout)
            let refused = await fails("input.invalid") {
                try await Crm.open(transports: ["whatsapp": .whatsApp(whatsApp)])
            }
            XCTAssert(refused?.message.contains("timeout") ?? false, "\(String(describing: refused))")
        }
        try await crm.close()
    }

    func testTimesThatAreNoneAreRefused() async throws {
        let clock = try await ManualClock(now: autumn)
        let none = [
            Date(timeIntervalSince1970: .nan), Date(timeIntervalSince1970: .infinity), Date(timeIntervalSince1970: 1e15),
            .distantPast,
        ]
        for date in none {
            let refused = await fails("input.invalid") { try await clock.set(date) }
            XCTAssert(refused?.message.contains("clock.set now") ?? false, "\(String(describing: refused))")
            await fails("input.invalid") { try await ManualClock(now: date) }
        }
    }

    func testARefusalSaysWhereTheValueStands() async throws {
        let crm = try await Crm.open()
        let org = try await crm.shop()
        let refused = await fails("input.invalid") {
            try await org.contacts.create(NewContact(name: "Ana", attributes: ["x": ["y": [.double(.nan)]]]))
        }
        XCTAssert(refused?.message.contains("contacts.create new.attributes.x.y") ?? false, "\(String(describing: refused))")
        XCTAssertEqual(refused?.kind, .invalid)
        await fails("id.invalid") { try await crm.org(OrgId("no id")).tags.list() }
        await fails("id.invalid") { try await crm.org(OrgId("\u{0}")).tags.list() }
        await fails("id.invalid") { try await org.actingAs(AgentId("")).tags.list() }
        await fails("input.invalid") { try await org.contacts.get(ContactId("ana")) }
        await fails("org.not_found") { try await crm.org(OrgId("019b8d2a-0000-7000-8000-000000000001")).tags.list() }
        try await crm.close()
    }

    func testWhatIsNestedTooDeeplyIsRefusedAndNothingCrashes() async throws {
        let crm = try await Crm.open()
        let org = try await crm.shop()
        func filter(_ depth: Int) -> Filter { (0..<depth).reduce(.everyone) { inside, _ in .not(inside) } }
        func lists(_ depth: Int) -> JSON { (0..<depth).reduce(.null) { inside, _ in [inside] } }
        let count = try await org.contacts.count(filter(20))
        XCTAssertEqual(count, 0)
        for depth in [130, 1000] {
            let refused = await fails("input.invalid") { try await org.contacts.count(filter(depth)) }
            XCTAssert(refused?.message.contains("nested too deeply") ?? false, "\(String(describing: refused))")
            await fails("input.invalid") { try await org.contacts.create(NewContact(attributes: ["x": lists(depth)])) }
        }
        try await crm.close()
    }

    func testOddValuesThatAreRightCrossUnchanged() async throws {
        let crm = try await Crm.open()
        for name in ["\u{0}", "\u{2028}", "\u{7f}", "🫖", "e\u{301}", "\"\\/", "{{contact.name}}", "שלום", "\r\n"] {
            let settings = Settings(name: name)
            let read = try await crm.org(crm.createOrg(settings)).settings.get()
            XCTAssert(read.name.unicodeScalars.elementsEqual(name.unicodeScalars), name)
        }
        let org = try await crm.shop()
        let odd: JSON = [
            "type": "BODY", "null": nil, "": "",
            "yes": true, "list": [nil, true, [:], []], "text": "Hi 😀", "n": 1, "x": 1.5, "big": 1e300,
            "least": .int(.min), "most": .int(.max), "tenth": 0.1,
        ]
        try await org.templates.put(
            Template(name: "hi", language: "en", category: .utility, status: "APPROVED", components: [odd])
        )
        let stored = try await org.templates.get("hi", language: "en")
        XCTAssertEqual(stored.components, [odd])
        try await crm.close()
    }

    func testTimesComeBackToTheMicrosecond() async throws {
        let clock = try await ManualClock(now: autumn)
        let crm = try await Crm.open(clock: clock)
        let created = try await crm.shop().person().createdAt
        XCTAssertEqual(created.timeIntervalSince1970, autumn.timeIntervalSince1970, accuracy: 5e-7)
        try await clock.advance(0.000001)
        let later = try await clock.now()
        XCTAssertEqual(later.timeIntervalSince(created), 1e-6, accuracy: 5e-7)
        try await crm.close()
    }

    func testAnAnswerThatCannotBeReadIsAnErrorThatSaysOfWhat() async throws {
        let crm = try await Crm.open()
        let unread = await fails("runtime.unavailable") { try await crm.scope.call("crm.orgs") as Int }
        XCTAssert(unread?.message.contains("crm.orgs") ?? false, "\(String(describing: unread))")
        await fails("input.invalid") { try await crm.scope.call("crm.no_such_method") as Nothing }
        try await crm.close()
    }

    func testAnOrganisationThatTookAKeyForItsHashesIsNotUsedWithoutIt() async throws {
        let path = try newFolder() + "/crm.db"
        let first = try await Crm.open(path: path)
        let id = try await first.createOrg(Settings())
        try await first.close()
        func use(_ key: Data?) async throws {
            let crm = try await Crm.open(path: path, suppressionKey: key)
            do {
                _ = try await crm.org(id).settings.get()
            } catch {
                try await crm.close()
                throw error
            }
            try await crm.close()
        }
        let key = Data(repeating: 3, count: 32)
        try await use(nil)
        try await use(key)
        await fails("suppression.key_missing") { try await use(nil) }
        await fails("suppression.key_wrong") { try await use(Data(count: 32)) }
        await fails("input.invalid") { try await use(Data(count: 31)) }
        try await use(key)
    }

    func testAKeyIs32BytesAndTakesABuildThatCanEncrypt() async throws {
        let path = try newFolder() + "/crm.db"
        func open(_ key: Int, _ from: ConvertFrom?) async throws -> Crm {
            try await Crm.open(path: path, encryptionKey: Data(count: key), convertFrom: from)
        }
        await fails("input.invalid") { try await open(31, nil) }
        await fails("input.invalid") { try await open(32, .key(Data(count: 33))) }
        for from in [nil, ConvertFrom.plain, .key(Data(count: 32))] {
            await fails("storage.no_encryption") { try await open(32, from) }
        }
        XCTAssertFalse(FileManager.default.fileExists(atPath: path))
        try await Crm.open(path: path, convertFrom: .plain).close()
    }
}
