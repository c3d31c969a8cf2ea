package org.tertulia

import java.time.Duration
import java.time.Instant
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals

internal val AUTUMN: Instant = Instant.parse("2026-10-05T09:00:00.123456Z")

/** Fails unless the body fails with this code, in the class of its kind. */
internal suspend inline fun <reified E : TertuliaError> failsWith(code: String, body: suspend () -> Unit): E {
    try {
        body()
    } catch (error: TertuliaError) {
        assertEquals(error.message, code, error.code)
        return error as E
    }
    throw AssertionError("nothing failed")
}

/** A test over a shop of its own, in memory. */
internal fun inShop(clock: Clock? = null, body: suspend (Crm, Org) -> Unit): Unit = runBlocking {
    val crm = Crm.open(clock = clock)
    body(crm, crm.shop())
    crm.close()
}

internal suspend fun Crm.shop(): Org = org(createOrg(Settings(name = "Casa Lua")))

internal suspend fun Org.person(phone: String): Contact =
    contacts.create(NewContact(phone = phone, name = "Ana", optedIn = true))

/** A transport that sends by what it is given. */
internal class Sending(timeout: Duration? = null, private val how: suspend (Outgoing) -> Outcome) :
    Transport(Channel.SMS, Correlation.MESSAGE_ID, timeout) {
    override suspend fun verify(query: String): String = query

    override suspend fun parse(request: WebhookRequest): List<InboundEvent> = emptyList()

    override suspend fun send(sender: Sender, message: Outgoing): Outcome = how(message)
}

internal val accepted = Outcome.Accepted(Accepted("p-1"))

internal suspend fun Org.say(text: String, to: String = "+351912345678"): Message {
    val account = accounts.list().firstOrNull()?.id
        ?: accounts.connect(NewAccount(Channel.SMS, senderId = "+12025550100", name = "Own", credential = "key"))
    return inbox.send(SendRequest(person(to).id, account, Draft.Content(Content.Text(text))))
}

/** Sends a text by a transport of the host's, and gives back what became of it. */
internal suspend fun sent(
    timeout: Duration? = null,
    credentials: Credentials = StaticCredentials("key" to "secret"),
    how: suspend (Outgoing) -> Outcome,
): Message {
    val crm = Crm.open(transports = mapOf("own" to Sending(timeout, how)), credentials = credentials)
    try {
        return crm.shop().say("Olá")
    } finally {
        crm.close()
    }
}
