// What the library is for, in a minute: the day of a small shop that examples/src/bin/quickstart.rs plays, in Swift.

import Foundation
import Tertulia

struct Trouble: Error {
    let what: String
}

@main
struct Quickstart {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let contacts = arguments.count > 1 ? arguments[1] : "examples/data/contacts.csv"
        let folder =
            arguments.count > 2
            ? arguments[2] : FileManager.default.temporaryDirectory.path + "/tertulia-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = folder + "/crm.db"

        // A stand-in for WhatsApp on this machine. With the real one, only the secrets and the base URL differ.
        let platform = try await Platform.start()
        let secrets = try await platform.info()
        let crm = try await Crm.open(
            path: file,
            transports: [
                "whatsapp": .whatsApp(
                    WhatsApp(appSecret: secrets.appSecret, verifyToken: secrets.verifyToken, baseUrl: secrets.baseUrl)
                )
            ],
            credentials: StaticCredentials(["main number": secrets.accessToken])
        )
        title("The CRM is one file: \(file)")
        let shop = try await openShop(crm)
        let account = try await openAccount(shop, secrets)

        try await importContacts(shop, contacts, folder)
        try await platform.deliverTo("whatsapp", crm: crm)
        try await peopleWrite(platform, shop, account)
        try await broadcast(platform, crm, shop, account)
        try await timeline(shop)

        title("By the platform's own log, this run sent \(try await platform.accepted().count) messages.")
        print("  Run it again over \(folder): nobody gets the broadcast twice.")
        try await crm.close()
    }
}

func title(_ text: String) { print("\n\(text)") }

/// Text of at least this width.
func wide(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }

/// The shop of this folder: made on the first run, found again on the next.
func openShop(_ crm: Crm) async throws -> Org {
    let shop: Org
    if let id = try await crm.orgs().first {
        shop = crm.org(id)
    } else {
        shop = crm.org(try await crm.createOrg(Settings(name: "Casa Lua")))
    }
    try await shop.attributes.define("City", kind: .text)
    if try await shop.rules.list().isEmpty {
        _ = try await shop.rules.add(Pattern(kind: .contains, text: "order"), tags: ["buyer"])
        _ = try await shop.rules.add(Pattern(kind: .exact, text: "PROMO"), tags: ["promo"])
        _ = try await shop.rules.add(Pattern(kind: .startsWith, text: "REF"), tags: ["referral"])
    }
    try await shop.templates.put(
        Template(
            name: "spring_sale",
            language: "en_US",
            category: .marketing,
            status: "APPROVED",
            components: [["type": "BODY", "text": "Hi {{1}}, {{2}} has new teas. Reply STOP to hear no more."]]
        )
    )
    return shop
}

func openAccount(_ shop: Org, _ secrets: PlatformInfo) async throws -> AccountId {
    if let account = try await shop.accounts.list().first { return account.id }
    return try await shop.accounts.connect(
        NewAccount(
            channel: .whatsapp,
            senderId: secrets.phoneNumberId,
            businessId: secrets.wabaId,
            name: "Main number",
            credential: "main number"
        )
    )
}

func importContacts(_ shop: Org, _ contacts: String, _ folder: String) async throws {
    title("A CSV with bad rows is imported: the good ones go in, the bad ones come back with their reasons.")
    let rejected = folder + "/rejected.csv"
    let report = try await shop.imports.run(
        .bytes(Data(contentsOf: URL(fileURLWithPath: contacts))),
        options: ImportOptions(file: "contacts.csv"),
        rejected: rejected
    )
    let counts = report.counts
    let rows = counts.created + counts.updated + counts.unchanged + counts.rejected
    print(
        "  \(rows) rows = \(counts.created) created + \(counts.updated) updated + \(counts.unchanged) unchanged"
            + " + \(counts.rejected) rejected"
    )
    for rejection in report.rejections {
        let why = rejection.errors.map { $0.column.isEmpty ? $0.reason : "\($0.column): \($0.reason)" }
        print(String(format: "  line %2d: ", rejection.line) + why.joined(separator: "; "))
    }
    let size = try Data(contentsOf: URL(fileURLWithPath: rejected)).count
    print("  (\(size) bytes of rejected rows, to mend and upload)")
}

func peopleWrite(_ platform: Platform, _ shop: Org, _ account: AccountId) async throws {
    title("People write; each webhook is signed, and durable when it is answered.")
    // The platform's clock tells whole seconds: a moment later, what they write comes after the import.
    try await Task.sleep(nanoseconds: 1_000_000_000)
    let dora = Person(phone: "+12025550123", name: "Dora")
    _ = try await platform.say(Person(phone: "+351912345678", name: "Ana"), text: "Is my order ready?")
    _ = try await platform.say(Person(phone: "+5215512345678", name: "Ximena"), text: "PROMO")
    _ = try await platform.say(
        Person(userId: "US.13491208655302741918", name: "Pablo"),
        text: "REF 77, a friend sent me"
    )
    _ = try await platform.say(dora, text: "  stop!! ")
    _ = try await platform.say(dora, text: "and who are you?")
    _ = try await platform.drain()
    for try await contact in shop.contacts.list(.everyone, order: .name) {
        let consent = try await shop.consent.get(contact.id)
        let source = consent.basis?.source.rawValue ?? "never asked"
        var window = "closed"
        if case let .open(_, secondsLeft, _, _) = try await shop.contacts.window(contact.id, account: account) {
            window = String(format: "open, %d h %02d min left", secondsLeft / 3600, secondsLeft / 60 % 60)
        }
        print(
            "  \(wide(contact.name ?? "", 12)) \(wide(contact.phone ?? "no number", 15))"
                + " opted in: \(wide(consent.optedIn ? "yes" : "no", 3)) (\(wide(source, 11)))"
                + " window: \(wide(window, 22)) tags: \(contact.tags.joined(separator: ", "))"
        )
    }

    title("May Dora, who said STOP, be sent “Sorry, who is asking?”  No, and this is why:")
    guard let dora = try await shop.contacts.findByPhone("+12025550123") else { throw Trouble(what: "Dora is missing") }
    let request = SendRequest(
        contact: dora.id,
        account: account,
        draft: .content(.text(body: "Sorry, who is asking?"))
    )
    for denial in try await shop.consent.explain(request).denials {
        switch denial.lifts {
        case let .at(time): print("  [\(denial.code)] yes when \(time.ISO8601Format())")
        case let .when(what): print("  [\(denial.code)] yes when \(what)")
        }
    }
    do {
        _ = try await shop.inbox.send(request)
        throw Trouble(what: "the gate let it through")
    } catch let refused as TertuliaError where refused.kind == .refused {
        print("  and sending fails with \(refused.code)")
    }
}

func broadcast(_ platform: Platform, _ crm: Crm, _ shop: Org, _ account: AccountId) async throws {
    try await platform.receipts(.read)
    let id: BroadcastId
    if let known = try await shop.broadcasts.listPage(page: PageRequest(limit: 1)).items.first {
        title("The broadcast of an earlier run is found again; what is left of it goes on.")
        id = known.id
    } else {
        id = try await shop.broadcasts.create(
            NewBroadcast(
                name: "Spring",
                account: account,
                template: "spring_sale",
                language: "en_US",
                parameters: TemplateParameters(
                    body: .list([.text(text: "{{contact.firstName|there}}"), .text(text: "{{org.name}}")])
                ),
                target: .filter(.tags(.any(["vip", "promo", "referral"])))
            )
        )
        title("A broadcast to everybody tagged vip, promo or referral, looked at before it goes:")
        let preview = try await shop.broadcasts.preview(id)
        print("  goes to \(preview.total): \(preview.first.compactMap(\.name).joined(separator: ", "))")
        for (reason, count) in preview.leftOut.sorted(by: { $0.key < $1.key }) {
            print("  left out: \(count) \(reason.replacingOccurrences(of: "_", with: " "))")
        }
        try await shop.broadcasts.launch(id)
    }
    _ = try await crm.runDue()
    _ = try await platform.drain()
    funnel(try await shop.broadcasts.stats(id))
}

func funnel(_ stats: Stats) {
    title("The funnel, after the platform's statuses came in:")
    let most = max(stats.total, 1)
    let rows = [
        ("fitted the target", stats.total),
        ("left out", stats.skipped.values.reduce(0, +)),
        ("sent", stats.sent),
        ("delivered", stats.delivered),
        ("read", stats.read),
        ("failed", stats.failed.values.reduce(0, +)),
        ("waiting", stats.pending),
        ("in doubt", stats.sending + stats.unknown + stats.unconfirmed),
    ]
    for (name, count) in rows {
        print("  \(wide(name, 18)) \(String(format: "%3d", count)) \(String(repeating: "█", count: count * 40 / most))")
    }
    if stats.sending + stats.unknown > 0 {
        print("  (an earlier run was killed while it sent: a status settles these, or they end as unconfirmed)")
    }
}

func timeline(_ shop: Org) async throws {
    title("Ana's timeline:")
    guard let ana = try await shop.contacts.findByPhone("+351 912 345 678") else { throw Trouble(what: "Ana is missing") }
    let time = DateFormatter()
    time.locale = Locale(identifier: "en_US_POSIX")
    time.timeZone = TimeZone(secondsFromGMT: 0)
    time.dateFormat = "yyyy-MM-dd HH:mm:ss"
    for entry in try await shop.contacts.timelinePage(ana.id).items {
        print("  \(time.string(from: entry.at))  \(told(entry.what))")
    }
}

func told(_ what: JournalEvent) -> String {
    switch what {
    case let .tagAdded(tag, rule): rule == nil ? "tagged \(tag)" : "tagged \(tag) by a rule"
    case let .consentChanged(fact, _, after):
        "consent: \(spoken(fact.change.rawValue)) by \(spoken(fact.source.rawValue)); opted in: \(after)"
    case .messageReceived: "wrote"
    case let .messageSent(_, _, _, _, broadcast, _): broadcast == nil ? "message sent" : "was sent the broadcast"
    case let .identityAdded(address): "address \(address.value) (\(address.kind.rawValue))"
    case .contactCreated: "contact created"
    case .conversationOpened: "conversation opened"
    case .messageStatus: "message status"
    case .dispatchChanged: "dispatch changed"
    default: "\(what)"
    }
}

/// `OptIn` for `opt_in`.
func spoken(_ word: String) -> String { word.split(separator: "_").map(\.capitalized).joined() }
