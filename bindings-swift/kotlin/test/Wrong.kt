// Every line that ends in "wrong" must not compile; the others must.

import java.time.Instant
import java.time.LocalDateTime
import kotlinx.coroutines.flow.Flow
import org.tertulia.*
import org.tertulia.testing.ManualClock

suspend fun right(crm: Crm, org: Org, contact: ContactId, account: AccountId) {
    org.contacts.get(contact)
    val all: Flow<Contact> = org.contacts.list(Filter.Everyone)
    crm.open("crm.db") // wrong
    Crm.open("crm.db") // wrong
    Crm.open(transports = mapOf("whatsapp" to "token")) // wrong
    Crm.open(credentials = mapOf("key" to "secret")) // wrong
    Crm.open(clock = Instant.now()) // wrong
    org.contacts.get(account) // wrong
    org.contacts.get("019b8d2a-0000-7000-8000-000000000001") // wrong
    org.contacts.get(null) // wrong
    org.contacts.get() // wrong
    org.contacts.fetch(contact) // wrong
    org.contacts.create(NewContact(phone = 351912345678)) // wrong
    org.contacts.create(NewContact(fone = "+351912345678")) // wrong
    org.contacts.create(NewContact(tags = null)) // wrong
    org.contacts.create("Ana") // wrong
    org.contacts.list(null) // wrong
    org.contacts.list(Filter.And(Filter.Everyone)) // wrong
    org.contacts.listPage(Filter.Everyone).forEach { } // wrong
    val one: Contact = org.contacts.findByPhone("+351912345678") // wrong
    org.contacts.window(account, contact) // wrong
    org.inbox.sendText(contact, 42) // wrong
    org.inbox.send(SendRequest(contact)) // wrong
    org.accounts.connect(NewAccount("whatsapp", "1", name = "Main", credential = "main")) // wrong
    org.accounts.connect(NewAccount(Channel.FAX, "1", name = "Main", credential = "main")) // wrong
    org.imports.run(FileSource.Bytes("phone")) // wrong
    org.imports.run(FileSource.Path("x"), progress = { text: String -> println(text) }) // wrong
    org.contacts.bulk(Selection.Ids(listOf(contact)), BulkAction.Tag(listOf("vip")), progress = { told: ImportCounts -> println(told) }) // wrong
    org.broadcasts.launch(contact) // wrong
    org.events.read("0", 10) // wrong
    crm.receive(WebhookRequest("GET", "https://x"), "whatsapp") // wrong
    crm.work().cancel() // wrong
    ManualClock.at(LocalDateTime.now()) // wrong
    ManualClock(Instant.now()) // wrong
    OrgId(7) // wrong
    Org(crm, OrgId("7")) // wrong
}

fun notSuspending(org: Org, contact: ContactId) {
    org.contacts.get(contact) // wrong
}

class Half : Transport(Channel.WHATSAPP, Correlation.NONE) { // wrong
    override suspend fun verify(query: String): String = query
}

class Blocking : Clock {
    override fun now(): Instant = Instant.now() // wrong
}

fun whole(state: WindowState): String = when (state) { // wrong
    is WindowState.Open -> "open"
    is WindowState.Closed -> "closed"
}
