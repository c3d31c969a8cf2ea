package org.tertulia

import java.io.IOException
import java.lang.ref.WeakReference
import java.time.Duration
import java.time.Instant
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.tertulia.testing.ManualClock

private val SOON = Duration.ofMillis(50)

private val POST = WebhookRequest("POST", "https://shop.example/own")

/** An exception that cannot even be told of. */
private class Unspeakable : Exception() {
    override val message: String get() = throw IllegalStateException("nor this")
}

/** A transport that reads webhooks by what it is given. */
private class Reading(private val events: () -> List<InboundEvent>) : Transport(Channel.WHATSAPP, Correlation.NONE) {
    override suspend fun verify(query: String): String =
        throw TertuliaError(ErrorCode.WEBHOOK_VERIFICATION_FAILED, "not our token")

    override suspend fun parse(request: WebhookRequest): List<InboundEvent> = events()

    override suspend fun send(sender: Sender, message: Outgoing): Outcome = error("never")
}

class HostTest {
    @Test
    fun whateverATransportThrowsIsUnknownAndIsNotSentAgain() = runBlocking {
        assertEquals("p-1", sent { accepted }.providerId)
        for ((thrown, word) in mapOf(
            IOException("cut") to "cut", IllegalStateException() to "IllegalState", NotImplementedError() to "NotImplemented",
            StackOverflowError() to "StackOverflow", OutOfMemoryError() to "OutOfMemory", CancellationException("mine") to "mine",
            TertuliaError(ErrorCode.CREDENTIAL_MISSING, "half \uD83D") to ": half ?", Unspeakable() to "nor this",
        )) {
            val calls = AtomicInteger()
            val unknown = failsWith<UnavailableError>("send.unknown") {
                sent {
                    calls.incrementAndGet()
                    throw thrown
                }
            }
            assertTrue("$unknown", word in unknown.message)
            assertEquals(thrown::class.toString(), 1, calls.get())
        }
        val own = failsWith<UnavailableError>("send.unknown") { sent { withTimeout(1) { awaitCancellation() } } }
        assertTrue("$own", "failed: kotlinx.coroutines.TimeoutCancellationException" in own.message)
    }

    @Test
    fun whatIsNoOutcomeIsUnknown() = runBlocking {
        failsWith<UnavailableError>("send.unknown") { sent { Outcome.Unknown("\uD83D") } }
        Unit
    }

    @Test
    fun aRefusalSaysSo() = runBlocking {
        val refused = failsWith<RefusedError>("send.refused") {
            sent { Outcome.Refused(SendFailure(FailureClass.RecipientInvalid, "7", "no such person")) }
        }
        assertTrue(refused.message, "7" in refused.message)
    }

    @Test
    fun aTransportThatHangsIsCutOffAndTold(): Unit = runBlocking {
        val told = CompletableDeferred<Unit>()
        val cut = failsWith<UnavailableError>("send.unknown") {
            sent(SOON) {
                try {
                    awaitCancellation()
                } finally {
                    told.complete(Unit)
                }
            }
        }
        told.await()
        assertTrue("$cut", "did not answer within 0.05 s" in cut.message)
    }

    @Test
    fun transportsThatBlockTheirThreadsKeepNobodyElseFromTheirs() = runBlocking {
        val end = CountDownLatch(1)
        val more = Runtime.getRuntime().availableProcessors() + 1
        try {
            (0..more).map {
                async {
                    failsWith<UnavailableError>("send.unknown") {
                        sent(SOON) {
                            end.await()
                            accepted
                        }
                    }
                }
            }.awaitAll()
            assertEquals("p-1", sent { accepted }.providerId)
        } finally {
            end.countDown()
        }
    }

    @Test
    fun aTransportMayCallTheLibrary() = runBlocking {
        val other = Crm.open()
        assertEquals("p-1", sent { other.ping().let { accepted } }.providerId)
        other.close()
    }

    @Test
    fun withoutAKeyNothingIsSentAndItSaysWhy() = runBlocking {
        val calls = AtomicInteger()
        for ((credentials, word) in listOf(
            StaticCredentials() to "there is no credential \"key\"",
            Credentials { throw TertuliaError(ErrorCode.CREDENTIAL_MISSING, "no key for $it") } to "no key for key",
            Credentials { throw IOException("the vault is shut") } to "the vault is shut",
            Credentials { "\uD83D" } to "credential",
        )) {
            val error = failsWith<UnavailableError>("send.not_sent") {
                sent(credentials = credentials) {
                    calls.incrementAndGet()
                    accepted
                }
            }
            assertTrue(error.message, word in error.message)
        }
        assertEquals(0, calls.get())
    }

    @Test
    fun aHostsErrorKeepsItsCodeAndAStrangersWordsAreToldOn() = runBlocking {
        val crm = Crm.open(transports = mapOf("own" to Reading { throw IOException("cut off") }))
        val mine = failsWith<ForbiddenError>("webhook.verification_failed") {
            crm.receive("own", WebhookRequest("GET", "https://shop.example/own?x=1"))
        }
        assertEquals("not our token" to 403, mine.message to mine.httpStatus)
        val strange = failsWith<UnavailableError>("transport.failed") { crm.receive("own", POST) }
        assertTrue(strange.message, "cut off" in strange.message)
        failsWith<NotFoundError>("webhook.endpoint_unknown") { crm.receive("other", POST) }
        crm.close()
    }

    @Test
    fun eventsThatAreNoneAreAFailureOfTheTransport() = runBlocking {
        var events = emptyList<InboundEvent>()
        val crm = Crm.open(transports = mapOf("own" to Reading { events }))
        assertEquals(0L, crm.receive("own", POST).applied)
        val written = InboundMessage("\uD83D", InboundPerson(listOf(Address(AddressKind.PHONE, "+351912345678"))), Content.Text("Olá"))
        events = listOf(InboundEvent(EventSource(Channel.WHATSAPP), kind = InboundKind.Message(written)))
        failsWith<UnavailableError>("transport.failed") { crm.receive("own", POST) }
        crm.close()
    }

    @Test
    fun aHandlerThatThrowsIsAskedAgainAndActsInItsTurnOnly() = runBlocking {
        val clock = ManualClock.at(AUTUMN)
        val turns = mutableListOf<HandlerTurn>()
        var crm: Crm? = null
        val bot = ConversationHandler { turn ->
            turns += turn
            crm!!.org(turn.org).actingAs(turn.acting).inbox.sendText(turn.contact.id, "One moment.")
            if (turn.number == 1L) throw IOException("out of words")
        }
        val own = object : Transport(Channel.SMS, Correlation.NONE) {
            override suspend fun verify(query: String): String = query

            override suspend fun parse(request: WebhookRequest): List<InboundEvent> = listOf(
                InboundEvent(
                    EventSource(Channel.SMS, senderId = "own-1"),
                    kind = InboundKind.Message(
                        InboundMessage(
                            providerId = "in-1",
                            from = InboundPerson(listOf(Address(AddressKind.PHONE, "351912345678"))),
                            content = Content.Text("Hello?"),
                        ),
                    ),
                ),
            )

            override suspend fun send(sender: Sender, message: Outgoing): Outcome = accepted
        }
        crm = Crm.open(
            transports = mapOf("own" to own),
            credentials = StaticCredentials("key" to "secret"),
            clock = clock,
            handlers = mapOf("bot" to bot),
            handlerTimeout = Duration.ofSeconds(20),
        )
        val org = crm.shop()
        org.accounts.connect(NewAccount(Channel.SMS, senderId = "own-1", name = "Own", credential = "key"))
        crm.receive("own", POST)
        val ana = org.contacts.findByPhone("+351912345678")!!
        org.inbox.setHandler(ana.conversation!!, Handler("bot", HandlerKind.BOT))
        assertEquals(1L, crm.runDue().unanswered)
        clock.advance(2.0)
        assertEquals(1L, crm.runDue().answered)
        assertEquals(listOf(1L, 2L), turns.map { it.number })
        assertEquals(turns[0].id, turns[1].id)
        for (turn in turns) {
            failsWith<RefusedError>("handler.over") {
                crm.org(turn.org).actingAs(turn.acting).inbox.sendText(turn.contact.id, "And another thing.")
            }
        }
        crm.close()
    }

    @Test
    fun aClockTellsTheTimeAndTheLastStandsWhileItDoesNot() {
        var now: Instant? = AUTUMN
        inShop({ now ?: throw IOException("no time") }) { _, org ->
            assertEquals(AUTUMN, org.person("+351912345678").createdAt)
            now = null
            assertEquals(AUTUMN, org.person("+351912345679").createdAt)
            now = AUTUMN.plusSeconds(1)
            assertEquals(now, org.person("+351912345670").createdAt)
        }
    }

    @Test
    fun aClockThatFailsIsRefusedWhenItIsOpenedWith() = runBlocking {
        val failed = failsWith<UnavailableError>("transport.failed") { Crm.open(clock = { throw IOException("no time") }) }
        assertTrue(failed.message, "no time" in failed.message)
        failsWith<UnavailableError>("transport.failed") { Crm.open(clock = { Instant.MAX }) }
        Unit
    }

    @Test
    fun hostsAreLetGoOfWhenNobodyHoldsTheCrm() = runBlocking {
        suspend fun used(): WeakReference<Transport> {
            val own = Sending { accepted }
            val crm = Crm.open(transports = mapOf("own" to own), credentials = StaticCredentials("key" to "secret"))
            crm.shop().say("Olá")
            crm.close()
            return WeakReference(own)
        }
        val own = used()
        withTimeout(60_000) {
            while (own.get() != null) {
                System.gc()
                delay(10)
            }
        }
    }

    @Test
    fun whatAHostDoesNotWriteHasItsDefault() = runBlocking {
        val crm = Crm.open(transports = mapOf("own" to Sending { accepted }), credentials = StaticCredentials("key" to "secret"))
        val org = crm.shop()
        org.say("Olá")
        assertEquals(0, org.templates.sync(org.accounts.list().single().id))
        crm.close()
    }
}
