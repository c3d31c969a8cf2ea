package org.tertulia

import java.io.IOException
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.io.path.createTempDirectory
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.single
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

private const val ROWS = 5000L

private val CSV = FileSource.Bytes(
    (listOf("phone,name") + (0 until ROWS).map { "+35191${"%07d".format(it)},Person $it" }).joinToString("\n").toByteArray(),
)

class CallTest {
    @Test
    fun aCallWhoseCoroutineIsCancelledStillFinishes() = runBlocking {
        val (began, go) = CompletableDeferred<Unit>() to CompletableDeferred<Unit>()
        val waiting = Sending {
            began.complete(Unit)
            go.await()
            accepted
        }
        val crm = Crm.open(transports = mapOf("own" to waiting), credentials = StaticCredentials("key" to "secret"))
        val org = crm.shop()
        val dropped = launch { org.say("Olá") }
        began.await()
        dropped.cancelAndJoin()
        assertTrue(dropped.isCancelled)
        go.complete(Unit)
        suspend fun statuses() = org.inbox.messages(org.inbox.conversations().single().id).toList().map { it.status }
        withTimeout(60_000) { while (statuses() != listOf(DeliveryStatus.ACCEPTED)) delay(1) }
        crm.close()
    }

    @Test
    fun callsThatAreGivenUpAtOnceAreMadeNevertheless() = inShop { _, org ->
        coroutineScope {
            repeat(20) { place ->
                launch(start = CoroutineStart.UNDISPATCHED) { org.person("+1202555%04d".format(100 + place)) }.cancel()
            }
        }
        withTimeout(60_000) { while (org.contacts.count(Filter.Everyone) < 20) delay(1) }
    }

    @Test
    fun aWorkerWorksUntilTheCrmIsClosedWhichMayBeDoneTwice() = runBlocking {
        val crm = Crm.open()
        val worker = launch { crm.work() }
        crm.ping()
        crm.close()
        worker.join()
        assertFalse(worker.isCancelled)
        crm.close()
        failsWith<UnavailableError>("storage.closed") { crm.ping() }
        failsWith<UnavailableError>("storage.closed") { crm.orgs() }
        Unit
    }

    @Test
    fun aCancelledImportKeepsWhatIsDoneAndIsGoneOnWith() = inShop { _, org ->
        val stopped = org.imports.run(CSV, cancel = CancelToken().apply { cancel() })
        assertFalse(stopped.finished)
        assertTrue(org.contacts.count(Filter.Everyone) < ROWS)
        val whole = org.imports.resume(stopped.import!!, CSV)
        assertTrue(whole.finished)
        assertEquals(ROWS, org.contacts.count(Filter.Everyone))
    }

    @Test
    fun anImportIsCancelledWhileItRuns() = inShop { _, org ->
        val cancel = CancelToken()
        val report = org.imports.run(CSV, progress = { cancel.cancel() }, cancel = cancel)
        assertTrue(report.counts.created > 0)
        assertFalse("it took all ${report.counts.created}", report.finished)
    }

    @Test
    fun progressIsToldInOrderAndToTheEnd() = inShop { _, org ->
        val told = ConcurrentLinkedQueue<ImportCounts>()
        val report = org.imports.run(CSV, progress = { told += it })
        assertTrue(report.finished)
        val created = told.map { it.created }
        assertEquals(created.sorted(), created)
        assertTrue("$created", created.size > 1)
        assertEquals(report.counts, told.last())
    }

    @Test
    fun eachMethodTellsItsOwnProgress() = inShop { _, org ->
        val ids = (0..2).map { org.person("+35191234567$it").id }
        val told = ConcurrentLinkedQueue<BulkReport>()
        val report = org.contacts.bulk(Selection.Ids(ids), BulkAction.Tag(listOf("vip")), progress = { told += it })
        assertEquals(3L, report.changed)
        assertEquals(report, told.last())
    }

    @Test
    fun progressThatThrowsEndsNothing() = inShop { _, org ->
        assertTrue(org.imports.check(CSV, progress = { throw IOException("the host's own trouble") }).finished)
    }

    @Test
    fun aListIsAllPagesOneAfterTheOtherAndFetchesOnlyWhatIsAskedFor() = inShop { _, org ->
        val ids = (0..6).map { org.person("+35191234567$it").id }
        suspend fun listed(page: PageRequest, order: ContactOrder? = null) =
            org.contacts.list(Filter.Everyone, order, page).toList().map { it.id }
        assertEquals(ids.toSet(), listed(PageRequest(limit = 3)).toSet())
        assertEquals(7, listed(PageRequest(limit = 3)).size)
        assertEquals(listed(PageRequest()).reversed(), listed(PageRequest(limit = 2, backwards = true)))
        val first = org.contacts.listPage(Filter.Everyone, page = PageRequest(limit = 3))
        assertEquals(3, first.items.size)
        assertEquals(4, listed(PageRequest(cursor = first.next)).size)

        var pages = 0
        val taken = pages(PageRequest(limit = 3)) { page -> org.contacts.listPage(Filter.Everyone, page = page).also { pages++ } }
        assertEquals(4, taken.take(4).toList().size)
        assertEquals(2, pages)
        assertEquals(7, taken.toList().size)
        assertEquals("a flow is collected from the start each time", 2 + 3, pages)
    }

    @Test
    fun manyCoroutinesCallAtOnce() = inShop { _, org ->
        val made = withContext(Dispatchers.Default) {
            (0 until 100).map { async { org.person("+1202555%04d".format(100 + it)).id } }.awaitAll()
        }
        assertEquals(100, made.toSet().size)
        assertEquals(100L, org.contacts.count(Filter.Everyone))
    }

    @Test
    fun oneFileOpenedTwiceIsOneCrm() = runBlocking {
        val file = createTempDirectory("tertulia-").resolve("crm.db")
        val (one, two) = Crm.open(file) to Crm.open(file)
        val id = one.createOrg(Settings(name = "Shared"))
        val made = (0..9).map { place ->
            async { (if (place % 2 == 0) one else two).org(id).person("+35191234567$place").id }
        }.awaitAll()
        assertEquals(10, made.toSet().size)
        one.close()
        assertEquals(10L, two.org(id).contacts.count(Filter.Everyone))
        two.close()
        val again = Crm.open(file)
        assertEquals(10L, again.org(id).contacts.count(Filter.Everyone))
        again.close()
    }
}
