package org.tertulia

import java.io.IOException
import java.time.Duration
import java.time.Instant
import java.util.concurrent.atomic.AtomicReference
import kotlin.io.path.createTempDirectory
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Assert.fail
import org.junit.Test
import org.tertulia.testing.ManualClock

private val AUTUMN: Instant = Instant.parse("2026-10-05T09:00:00.123456Z")

/** Fails unless the body fails with this code. */
private suspend inline fun <reified E : TertuliaError> failsWith(code: String, body: suspend () -> Unit): E {
    try {
        body()
    } catch (error: TertuliaError) {
        assertEquals(code, error.code)
        return error as E
    }
    throw AssertionError("nothing failed")
}

private suspend fun Crm.shop(): Org = org(createOrg(Settings(name = "Casa Lua")))

private suspend fun Org.person(phone: String): Contact =
    contacts.create(NewContact(phone = phone, name = "Ana", optedIn = true))

/** A transport that sends by what it is given. */
private class Sending(timeout: Duration? = null, private val how: suspend (Outgoing) -> Outcome) :
    Transport(Channel.WHATSAPP, Correlation.MESSAGE_ID, timeout) {
    override suspend fun verify(query: String): String = query

    override suspend fun parse(request: WebhookRequest): List<InboundEvent> = emptyList()

    override suspend fun send(sender: Sender, message: Outgoing): Outcome = how(message)
}

/** Sends an approved template by a host's transport, and gives back how that went. */
private suspend fun sent(timeout: Duration? = null, how: suspend (Outgoing) -> Outcome): Message {
    val crm = Crm.open(transports = mapOf("own" to Sending(timeout, how)), credentials = StaticCredentials("key" to "secret"))
    try {
        val org = crm.shop()
        val account = org.accounts.connect(NewAccount(Channel.WHATSAPP, senderId = "own-1", name = "Own", credential = "key"))
        org.templates.put(
            Template(
                name = "hello", language = "en", category = Category.UTILITY, status = "APPROVED",
                components = listOf(mapOf("type" to "BODY", "text" to "Hello")),
            ),
        )
        val ana = org.person("+351912345678")
        return org.inbox.send(SendRequest(ana.id, account, Draft.Template("hello", "en", TemplateParameters())))
    } finally {
        crm.close()
    }
}

class BindingTest {
    @Test
    fun whatIsNoValueIsRefusedWithItsPlaceAndNothingCrashes() = runBlocking {
        val clock = ManualClock.at(AUTUMN)
        for (seconds in listOf(Double.NaN, Double.POSITIVE_INFINITY, -1.0, Double.MAX_VALUE)) {
            failsWith<InvalidError>("input.invalid") { clock.advance(seconds) }
        }
        failsWith<InvalidError>("input.invalid") { clock.set(Instant.MAX) }
        assertEquals(AUTUMN, clock.now())

        val crm = Crm.open(clock = clock)
        val org = crm.shop()
        val half = failsWith<InvalidError>("input.invalid") { org.contacts.create(NewContact(name = "Ana \uD83D")) }
        assertTrue(half.message, half.message.contains("new.name"))
        assertEquals("Ana 😀", org.contacts.create(NewContact(phone = "+351912345678", name = "Ana 😀")).name)
        failsWith<InvalidError>("input.invalid") { org.contacts.listPage(Filter.Everyone, page = PageRequest(limit = -1)) }
        assertEquals(1, org.contacts.listPage(Filter.Everyone, page = PageRequest(limit = Long.MAX_VALUE)).items.size)
        for ((name, value) in listOf("now" to AUTUMN, "nan" to Double.NaN, "keys" to mapOf(1 to 2))) {
            val refused = failsWith<InvalidError>("input.invalid") {
                org.contacts.create(NewContact(name = "Ana", attributes = mapOf(name to value)))
            }
            assertTrue(refused.message, refused.message.contains("new.attributes.$name"))
        }
        val circle = mutableListOf<Any?>().also { it.add(it) }
        failsWith<InvalidError>("input.invalid") { org.contacts.create(NewContact(attributes = mapOf("circle" to circle))) }
        val deep = (1..100_000).fold(Filter.Everyone as Filter) { inside, _ -> Filter.Not(inside) }
        failsWith<InvalidError>("input.invalid") { org.contacts.count(deep) }
        failsWith<InvalidError>("id.invalid") { crm.org(OrgId("no id")).tags.list() }
        failsWith<NotFoundError>("org.not_found") { crm.org(OrgId("019b8d2a-0000-7000-8000-000000000001")).tags.list() }
        crm.close()
    }

    @Test
    fun timesAndAnyJsonComeBackAsTheyWere() = runBlocking {
        val crm = Crm.open(clock = ManualClock.at(AUTUMN))
        val org = crm.shop()
        assertEquals(AUTUMN, org.person("+351912345678").createdAt)
        val json = mapOf("type" to "BODY", "text" to "Hi", "n" to 1L, "x" to 1.5, "list" to listOf(null, true, mapOf<String, Any?>()))
        org.templates.put(Template(name = "hi", language = "en", category = Category.UTILITY, status = "APPROVED", components = listOf(json)))
        assertEquals(listOf(json), org.templates.get("hi", "en").components)
        crm.close()
    }

    @Test
    fun whateverAHostsTransportThrowsBecomesAFailureAndNeverACrash() = runBlocking {
        assertEquals("p-1", sent { Outcome.Accepted(Accepted("p-1")) }.providerId)
        for (thrown in listOf(
            IOException("cut"), IllegalStateException(), NotImplementedError(), StackOverflowError(), OutOfMemoryError(),
            CancellationException("mine"), TertuliaError(ErrorCode.CREDENTIAL_MISSING, "half \uD83D"),
        )) {
            failsWith<UnavailableError>("send.unknown") { sent { throw thrown } }
        }
        failsWith<UnavailableError>("send.unknown") { sent { withTimeout(1) { awaitCancellation() } } }
        failsWith<UnavailableError>("send.unknown") { sent { Outcome.Unknown("\uD83D") } }
        failsWith<RefusedError>("send.refused") {
            sent { Outcome.Refused(SendFailure(FailureClass.RecipientInvalid, "7", "no such person")) }
        }
        Unit
    }

    @Test
    fun aTransportThatHangsIsCutOffAndTold(): Unit = runBlocking {
        val told = CompletableDeferred<Unit>()
        failsWith<UnavailableError>("send.unknown") {
            sent(timeout = Duration.ofMillis(50)) {
                try {
                    awaitCancellation()
                } finally {
                    told.complete(Unit)
                }
            }
        }
        told.await()
    }

    @Test
    fun aTransportMayCallTheLibrary() = runBlocking {
        val other = Crm.open()
        assertEquals("again", sent { other.ping().let { Outcome.Accepted(Accepted("again")) } }.providerId)
        other.close()
    }

    @Test
    fun aHostsErrorKeepsItsCodeAndAStrangersWordsAreToldOn() = runBlocking {
        val crm = Crm.open(
            transports = mapOf(
                "own" to object : Transport(Channel.WHATSAPP, Correlation.NONE) {
                    override suspend fun verify(query: String): String =
                        throw TertuliaError(ErrorCode.WEBHOOK_VERIFICATION_FAILED, "not our token")

                    override suspend fun parse(request: WebhookRequest): List<InboundEvent> = throw IOException("cut off")

                    override suspend fun send(sender: Sender, message: Outgoing): Outcome = error("never")
                },
            ),
        )
        val mine = failsWith<ForbiddenError>("webhook.verification_failed") {
            crm.receive("own", WebhookRequest("GET", "https://shop.example/own?x=1"))
        }
        assertEquals("not our token" to 403, mine.message to mine.httpStatus)
        val strange = failsWith<UnavailableError>("transport.failed") {
            crm.receive("own", WebhookRequest("POST", "https://shop.example/own"))
        }
        assertTrue(strange.message, strange.message.contains("cut off"))
        assertEquals("unavailable", strange.kind)
        failsWith<NotFoundError>("webhook.endpoint_unknown") { crm.receive("other", WebhookRequest("POST", "https://x")) }
        crm.close()
    }

    @Test
    fun aCallWhoseCoroutineIsCancelledStillFinishes() = runBlocking {
        val crm = Crm.open(createTempDirectory("tertulia-").resolve("crm.db"))
        val org = crm.shop()
        val dropped = launch(start = CoroutineStart.UNDISPATCHED) { org.person("+351912345678") }
        dropped.cancel()
        dropped.join()
        assertTrue(dropped.isCancelled)
        withTimeout(60_000) { while (org.contacts.findByPhone("+351912345678") == null) delay(10) }
        crm.close()
    }

    @Test
    fun anImportIsCancelledGoesOnAndTellsItsProgress() = runBlocking {
        val crm = Crm.open()
        val org = crm.shop()
        val rows = 5000
        val csv = FileSource.Bytes(
            (listOf("phone,name") + (0 until rows).map { "+35191${"%07d".format(it)},Person $it" }).joinToString("\n").toByteArray(),
        )
        val stopped = org.imports.run(csv, cancel = CancelToken().apply { cancel() })
        assertFalse(stopped.finished)
        val whole = org.imports.resume(stopped.import!!, csv)
        assertTrue(whole.finished)
        assertEquals(rows.toLong(), org.contacts.count(Filter.Everyone))
        val told = AtomicReference<ImportCounts>()
        assertEquals(org.imports.check(csv, progress = { told.set(it) }).counts, told.get())
        org.imports.check(csv, progress = { throw IOException("the host's own trouble") })
        crm.close()
    }

    @Test
    fun aListIsAllPagesOneAfterTheOtherAndFetchesOnlyWhatIsAskedFor() = runBlocking {
        val crm = Crm.open()
        val org = crm.shop()
        val ids = (0..6).map { org.person("+35191234567$it").id }.toSet()
        assertEquals(ids, org.contacts.list(Filter.Everyone, page = PageRequest(limit = 3)).toList().map { it.id }.toSet())
        assertEquals(4, org.contacts.list(Filter.Everyone, page = PageRequest(limit = 3)).take(4).toList().size)
        val first = org.contacts.listPage(Filter.Everyone, page = PageRequest(limit = 3))
        assertEquals(3, first.items.size)
        assertEquals(4, org.contacts.list(Filter.Everyone, page = PageRequest(cursor = first.next)).toList().size)
        crm.close()
    }

    @Test
    fun twoHandlesOnOneFileAreTwoProcessesToEachOther() = runBlocking {
        val file = createTempDirectory("tertulia-").resolve("crm.db")
        val (one, two) = Crm.open(file) to Crm.open(file)
        val id = one.createOrg(Settings(name = "Shared"))
        val made = (0..9).map { place ->
            async { (if (place % 2 == 0) one else two).org(id).person("+35191234567$place").id }
        }.awaitAll()
        assertEquals(10, made.toSet().size)
        assertEquals(10L, two.org(id).contacts.count(Filter.Everyone))
        one.close()
        two.close()
        failsWith<UnavailableError>("storage.closed") { one.ping() }
        Unit
    }

    @Test
    fun aClockThatFailsIsRefusedWhenItIsOpenedWith() = runBlocking {
        try {
            Crm.open(clock = { throw IOException("no time") })
            fail("it opened")
        } catch (error: TertuliaError) {
            assertTrue(error.message, error.message.contains("no time"))
        }
    }

    @Test
    fun keysStayOutOfTexts() {
        assertFalse(WhatsApp(appSecret = "hush", verifyToken = "hush").toString().contains("hush"))
        assertFalse(Sender("1", credential = "hush").toString().contains("hush"))
        assertFalse(StaticCredentials("key" to "hush").toString().contains("hush"))
    }

    @Test
    fun everyCodeHasItsClass() {
        val classes = ErrorCode.kinds.keys.associateWith { TertuliaError(it, "") }
        assertEquals(ErrorCode.kinds, classes.mapValues { it.value.kind })
        assertNotEquals(classes.getValue("input.invalid")::class, classes.getValue("consent.opted_out")::class)
    }
}
