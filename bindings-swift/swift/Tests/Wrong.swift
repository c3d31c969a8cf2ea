// Every line that ends in "wrong" must not compile; the others must.

import Foundation
import Tertulia

func calls(_ crm: Crm, _ org: Org, _ contact: ContactId, _ account: AccountId) async throws {
    _ = try await org.contacts.get(contact)
    for try await one in org.contacts.list(.everyone) { print(one.id) }
    _ = try await crm.open() // wrong
    _ = try await Crm.open(path: 7) // wrong
    _ = try await Crm.open(transports: ["whatsapp": "token"]) // wrong
    _ = try await Crm.open(credentials: "secret") // wrong
    _ = try await Crm.open(clock: Date()) // wrong
    _ = try await org.contacts.get(account) // wrong
    _ = try await org.contacts.get("019b8d2a-0000-7000-8000-000000000001") // wrong
    _ = try await org.contacts.get(nil) // wrong
    _ = try await org.contacts.get() // wrong
    _ = try await org.contacts.fetch(contact) // wrong
    _ = try await org.contacts.create(NewContact(phone: 351_912_345_678)) // wrong
    _ = try await org.contacts.create(NewContact(fone: "+351912345678")) // wrong
    _ = try await org.contacts.create(NewContact(tags: nil)) // wrong
    _ = try await org.contacts.create("Ana") // wrong
    _ = org.contacts.list(nil) // wrong
    _ = org.contacts.list(.and(.everyone)) // wrong
    _ = org.contacts.list(.nobody) // wrong
    let one: Contact = try await org.contacts.findByPhone("+351912345678") // wrong
    _ = try await org.contacts.window(account, account: contact) // wrong
    _ = try await org.inbox.sendText(contact, text: 42) // wrong
    _ = try await org.inbox.send(SendRequest(contact: contact)) // wrong
    _ = NewAccount(channel: "whatsapp", senderId: "1", name: "Main", credential: "main") // wrong
    _ = NewAccount(channel: .fax, senderId: "1", name: "Main", credential: "main") // wrong
    _ = try await org.imports.run(.bytes("phone")) // wrong
    _ = try await org.imports.run(.path("x"), progress: { (text: String) in print(text) }) // wrong
    try await org.broadcasts.launch(contact) // wrong
    _ = try await org.events.read("0", limit: 10) // wrong
    _ = try await crm.receive(WebhookRequest(method: "GET", url: "https://x"), request: "whatsapp") // wrong
    _ = try await ManualClock(now: "2026-01-05T09:00:00Z") // wrong
    _ = OrgId(7) // wrong
    _ = Org(id: OrgId("7")) // wrong
}

func notAsynchronous(_ org: Org, _ contact: ContactId) throws {
    _ = try org.contacts.get(contact) // wrong
}

struct Half: Transport { // wrong
    let channel = Channel.whatsapp
    let correlation = Correlation.none
}

func whole(_ state: WindowState) -> String {
    switch state { // wrong
    case .open: return "open"
    case .closed: return "closed"
    }
}
