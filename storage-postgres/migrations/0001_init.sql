-- One table per kind of record: the key's columns, what is looked for or counted, the version, and the record itself as
-- JSON. Times are microseconds UTC. Texts are compared by their bytes; where one has a character that PostgreSQL keeps in
-- no text, it is written as two others.

CREATE TABLE orgs (
    org uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org)
);

CREATE TABLE routes (
    channel text COLLATE "C" NOT NULL,
    sender_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (channel, sender_id)
);

CREATE TABLE accounts (
    org uuid NOT NULL,
    account uuid NOT NULL,
    -- The first instant at which it may send; absent: not until resumed.
    sendable_from bigint,
    -- How many messages a second it sends; absent: there is no limit.
    per_second bigint,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, account)
);

CREATE TABLE contacts (
    org uuid NOT NULL,
    contact uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, contact)
) WITH (fillfactor = 80);

-- What filters ask of a contact, and what lists of contacts are sorted by: apart from the bodies, so that an audience of a
-- million is found in few pages. It holds no names but the one to sort by, and no row of it leaves the store without the
-- contact itself: it has no row-level security, under which PostgreSQL would not search an array by its index.
CREATE TABLE contact_facts (
    org uuid NOT NULL,
    contact uuid NOT NULL,
    status text COLLATE "C" NOT NULL,
    opted_in boolean NOT NULL,
    lead text COLLATE "C" NOT NULL,
    owner uuid,
    source text COLLATE "C",
    -- Where the conversation stands that goes on.
    conversation text COLLATE "C",
    created_at bigint NOT NULL,
    -- The least number: never. An absent value could not be walked past in an index.
    last_interaction bigint NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    tags text[] COLLATE "C" NOT NULL,
    -- Those that have a value: texts, numbers and flags as they are; of the rest, that they are set.
    attributes jsonb NOT NULL,
    -- The texts among them folded, where that is another one.
    folded jsonb NOT NULL,
    -- The texts that each contact may share with others that are the same person; of a deleted one, none.
    keys text[] COLLATE "C" NOT NULL,
    PRIMARY KEY (org, contact)
) WITH (fillfactor = 80);

CREATE INDEX contacts_by_name ON contact_facts (org, name_key, contact);
CREATE INDEX contacts_by_activity ON contact_facts (org, last_interaction, contact);
CREATE INDEX contacts_by_creation ON contact_facts (org, created_at, contact);
CREATE INDEX contacts_by_tag ON contact_facts USING gin (org, tags);

-- All that is found of a contact, folded. By itself, since it changes seldom, and its index is large.
CREATE TABLE contact_search (
    org uuid NOT NULL,
    contact uuid NOT NULL,
    search text COLLATE "C" NOT NULL,
    PRIMARY KEY (org, contact)
);

CREATE INDEX contacts_by_text ON contact_search USING gin (org, search gin_trgm_ops);

-- `contact_facts.keys`, one a row, in their order: kept by triggers.
CREATE TABLE contact_keys (
    org uuid NOT NULL,
    key text COLLATE "C" NOT NULL,
    contact uuid NOT NULL,
    PRIMARY KEY (org, key, contact)
);

CREATE FUNCTION keep_contact_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM contact_keys WHERE org = old.org AND contact = old.contact AND key = ANY (old.keys);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO contact_keys (org, key, contact) SELECT new.org, k, new.contact FROM unnest(new.keys) k;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER contacts_keyed AFTER INSERT ON contact_facts FOR EACH ROW
    WHEN (new.keys <> '{}') EXECUTE FUNCTION keep_contact_keys();
CREATE TRIGGER contacts_unkeyed AFTER DELETE ON contact_facts FOR EACH ROW
    WHEN (old.keys <> '{}') EXECUTE FUNCTION keep_contact_keys();
CREATE TRIGGER contacts_rekeyed AFTER UPDATE ON contact_facts FOR EACH ROW
    WHEN (old.keys IS DISTINCT FROM new.keys) EXECUTE FUNCTION keep_contact_keys();

CREATE TABLE identities (
    org uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    match_key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, kind, match_key)
);

CREATE TABLE external_refs (
    org uuid NOT NULL,
    system text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, system, id)
);

CREATE TABLE windows (
    org uuid NOT NULL,
    account uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    match_key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, account, kind, match_key)
) WITH (fillfactor = 80);

CREATE TABLE tags (
    org uuid NOT NULL,
    tag text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, tag)
);

CREATE TABLE rules (
    org uuid NOT NULL,
    rule uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, rule)
);

CREATE TABLE attributes (
    org uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, name)
);

CREATE TABLE members (
    org uuid NOT NULL,
    member uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, member)
);

CREATE TABLE templates (
    org uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, name, language)
);

CREATE TABLE conversations (
    org uuid NOT NULL,
    conversation uuid NOT NULL,
    contact uuid NOT NULL,
    last_activity bigint NOT NULL,
    status text COLLATE "C" NOT NULL,
    -- The id of zeroes if it is nobody's: an absent value could not be walked past in an index.
    assignee uuid NOT NULL,
    handler text COLLATE "C",
    -- When its turn wants attention.
    turn_due bigint,
    -- Their names, each between spaces.
    channels text COLLATE "C" NOT NULL,
    unread boolean NOT NULL,
    starred boolean NOT NULL,
    archived boolean NOT NULL,
    -- The folded names.
    labels text[] COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, conversation)
) WITH (fillfactor = 80);

-- One for each way that an inbox is narrowed most, in the order of its pages; behind the order what else is often asked,
-- so that a row is read only for a conversation that fits.
CREATE INDEX conversations_shown ON conversations (org, archived, last_activity, conversation) INCLUDE (unread, channels);
CREATE INDEX conversations_contact ON conversations (org, contact, last_activity, conversation);
CREATE INDEX conversations_status ON conversations (org, status, archived, last_activity, conversation);
CREATE INDEX conversations_assignee ON conversations (org, assignee, archived, last_activity, conversation)
    INCLUDE (status, unread);
CREATE INDEX conversations_unread ON conversations (org, archived, last_activity, conversation)
    INCLUDE (status, assignee)
    WHERE unread;
CREATE INDEX conversations_starred ON conversations (org, archived, last_activity, conversation) WHERE starred;
CREATE INDEX conversations_handler ON conversations (org, handler, archived, last_activity, conversation)
    WHERE handler IS NOT NULL;
-- What handlers are asked to answer.
CREATE INDEX conversations_turn ON conversations (handler, turn_due, conversation, org) WHERE turn_due IS NOT NULL;

-- The labels of each conversation, in the order of its pages: kept by triggers.
CREATE TABLE conversation_labels (
    org uuid NOT NULL,
    label text COLLATE "C" NOT NULL,
    archived boolean NOT NULL,
    last_activity bigint NOT NULL,
    conversation uuid NOT NULL,
    PRIMARY KEY (org, label, archived, last_activity, conversation)
);

CREATE FUNCTION keep_conversation_labels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM conversation_labels
        WHERE org = old.org AND label = ANY (old.labels) AND archived = old.archived
            AND last_activity = old.last_activity AND conversation = old.conversation;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO conversation_labels (org, label, archived, last_activity, conversation)
        SELECT new.org, l, new.archived, new.last_activity, new.conversation FROM unnest(new.labels) l;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER conversations_labelled AFTER INSERT ON conversations FOR EACH ROW
    WHEN (new.labels <> '{}') EXECUTE FUNCTION keep_conversation_labels();
CREATE TRIGGER conversations_unlabelled AFTER DELETE ON conversations FOR EACH ROW
    WHEN (old.labels <> '{}') EXECUTE FUNCTION keep_conversation_labels();
CREATE TRIGGER conversations_relabelled AFTER UPDATE ON conversations FOR EACH ROW
    WHEN ((old.labels, old.archived, old.last_activity) IS DISTINCT FROM (new.labels, new.archived, new.last_activity)
        AND (old.labels <> '{}' OR new.labels <> '{}'))
    EXECUTE FUNCTION keep_conversation_labels();

CREATE TABLE labels (
    org uuid NOT NULL,
    label text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, label)
);

CREATE TABLE messages (
    org uuid NOT NULL,
    message uuid NOT NULL,
    conversation uuid NOT NULL,
    at bigint NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, message)
);

CREATE INDEX messages_thread ON messages (org, conversation, at, message);

CREATE TABLE message_refs (
    org uuid NOT NULL,
    account uuid NOT NULL,
    token text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, account, token)
);

CREATE TABLE parked (
    org uuid NOT NULL,
    account uuid NOT NULL,
    provider_id text COLLATE "C" NOT NULL,
    since bigint NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, account, provider_id)
);

CREATE INDEX parked_since ON parked (since);

CREATE TABLE broadcasts (
    org uuid NOT NULL,
    broadcast uuid NOT NULL,
    running boolean NOT NULL,
    due bigint,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, broadcast)
);

CREATE INDEX broadcasts_running ON broadcasts (org, broadcast) WHERE running;
CREATE INDEX broadcasts_due ON broadcasts (org, broadcast, due) WHERE due IS NOT NULL;

CREATE TABLE target_lists (
    org uuid NOT NULL,
    broadcast uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, broadcast)
);

CREATE TABLE sequences (
    org uuid NOT NULL,
    sequence uuid NOT NULL,
    active boolean NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, sequence)
);

CREATE INDEX sequences_active ON sequences (org, sequence) WHERE active;

CREATE TABLE sequence_versions (
    org uuid NOT NULL,
    sequence uuid NOT NULL,
    -- Which edition; `version` is that of the record, as everywhere.
    edition bigint NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, sequence, edition)
);

CREATE TABLE enrollments (
    org uuid NOT NULL,
    enrollment uuid NOT NULL,
    sequence uuid NOT NULL,
    contact uuid NOT NULL,
    state text COLLATE "C" NOT NULL,
    -- Where they stand, of those under way.
    step text COLLATE "C",
    -- Why, of those who left.
    reason text COLLATE "C",
    -- When it next wants attention without anybody asking.
    due bigint,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, enrollment)
) WITH (fillfactor = 80);

-- Lists: a body is read only for an enrollment that fits.
CREATE INDEX enrollments_of_sequence ON enrollments (org, sequence, enrollment) INCLUDE (state, step, reason);
CREATE INDEX enrollments_contact ON enrollments (org, contact, enrollment);
CREATE INDEX enrollments_due ON enrollments (org, sequence, due, enrollment) WHERE due IS NOT NULL;

-- The enrollments of each sequence, counted by where they stand, as `tallies` counts the ledger's rows.
CREATE TABLE standings (
    org uuid NOT NULL,
    sequence uuid NOT NULL,
    state text COLLATE "C" NOT NULL,
    step text COLLATE "C",
    reason text COLLATE "C",
    enrollments bigint NOT NULL
);

CREATE INDEX standings_of_sequence ON standings (org, sequence);

CREATE FUNCTION count_enrollments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO standings
        SELECT org, sequence, state, step, reason, count(*) FROM news GROUP BY 1, 2, 3, 4, 5;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO standings
        SELECT org, sequence, state, step, reason, -count(*) FROM olds GROUP BY 1, 2, 3, 4, 5;
    ELSE
        INSERT INTO standings
        SELECT org, sequence, state, step, reason, sum(n) FROM (
            SELECT org, sequence, state, step, reason, 1 AS n FROM news
            UNION ALL
            SELECT org, sequence, state, step, reason, -1 FROM olds
        ) changed GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER enrollments_counted AFTER INSERT ON enrollments
    REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION count_enrollments();
CREATE TRIGGER enrollments_uncounted AFTER DELETE ON enrollments
    REFERENCING OLD TABLE AS olds FOR EACH STATEMENT EXECUTE FUNCTION count_enrollments();
CREATE TRIGGER enrollments_recounted AFTER UPDATE ON enrollments
    REFERENCING OLD TABLE AS olds NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION count_enrollments();

CREATE TABLE dispatches (
    org uuid NOT NULL,
    dispatch uuid NOT NULL,
    -- The broadcast or sequence; the id of zeroes if it belongs to none: an absent value could not be walked past in an index.
    campaign uuid NOT NULL,
    -- The step, of a sequence's rows; absent from all others.
    step text COLLATE "C",
    contact uuid NOT NULL,
    account uuid NOT NULL,
    match_key text COLLATE "C",
    state text COLLATE "C" NOT NULL,
    -- Why it was skipped, or what it failed with.
    reason text COLLATE "C",
    accepted boolean NOT NULL,
    replied boolean NOT NULL,
    opted_out_after boolean NOT NULL,
    -- When it next wants attention without anybody asking.
    due bigint,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, dispatch)
) WITH (
    fillfactor = 80,
    -- Whoever takes rows passes those that were taken before, until they are cleared away; a fifth of the table, as elsewhere,
    -- would be too many.
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);

-- Of broadcasts: a sequence has a row for each step that somebody comes to.
CREATE UNIQUE INDEX dispatches_once_a_contact ON dispatches (org, campaign, contact)
    WHERE campaign <> '00000000-0000-0000-0000-000000000000' AND step IS NULL;
CREATE UNIQUE INDEX dispatches_once_an_address ON dispatches (org, campaign, account, match_key)
    WHERE campaign <> '00000000-0000-0000-0000-000000000000' AND step IS NULL;
CREATE INDEX dispatches_of_broadcast ON dispatches (org, campaign, dispatch) INCLUDE (state)
    WHERE campaign <> '00000000-0000-0000-0000-000000000000' AND step IS NULL;
-- What workers take: one lane for each sender and broadcast or sequence. Only open rows are in it, so it stays small.
CREATE INDEX dispatches_lanes ON dispatches (org, account, campaign, due, dispatch)
    WHERE state IN ('pending', 'leased');
CREATE INDEX dispatches_open ON dispatches (org, contact, dispatch) WHERE state IN ('pending', 'leased');
CREATE INDEX dispatches_due ON dispatches (state, due) WHERE state IN ('sending', 'unknown');

-- The rows of each broadcast and sequence, counted by what their statistics tell apart: what each statement changed, kept
-- by triggers, so that a count never reads the rows and nobody waits for a counter. Readers add up, and now and then put
-- the sum in the place of its parts.
CREATE TABLE tallies (
    org uuid NOT NULL,
    campaign uuid NOT NULL,
    step text COLLATE "C",
    state text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    accepted boolean NOT NULL,
    replied boolean NOT NULL,
    opted_out_after boolean NOT NULL,
    dispatches bigint NOT NULL
);

CREATE INDEX tallies_of_campaign ON tallies (org, campaign);

CREATE FUNCTION count_dispatches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tallies
        SELECT org, campaign, step, state, reason, accepted, replied, opted_out_after, count(*) FROM news
        WHERE campaign <> '00000000-0000-0000-0000-000000000000' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO tallies
        SELECT org, campaign, step, state, reason, accepted, replied, opted_out_after, -count(*) FROM olds
        WHERE campaign <> '00000000-0000-0000-0000-000000000000' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    ELSE
        INSERT INTO tallies
        SELECT org, campaign, step, state, reason, accepted, replied, opted_out_after, sum(n) FROM (
            SELECT org, campaign, step, state, reason, accepted, replied, opted_out_after, 1 AS n FROM news
            UNION ALL
            SELECT org, campaign, step, state, reason, accepted, replied, opted_out_after, -1 FROM olds
        ) changed
        WHERE campaign <> '00000000-0000-0000-0000-000000000000' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(n) <> 0;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER dispatches_counted AFTER INSERT ON dispatches
    REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION count_dispatches();
CREATE TRIGGER dispatches_uncounted AFTER DELETE ON dispatches
    REFERENCING OLD TABLE AS olds FOR EACH STATEMENT EXECUTE FUNCTION count_dispatches();
CREATE TRIGGER dispatches_recounted AFTER UPDATE ON dispatches
    REFERENCING OLD TABLE AS olds NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION count_dispatches();

CREATE TABLE slots (
    org uuid NOT NULL,
    contact uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, contact)
) WITH (fillfactor = 80);

CREATE TABLE imports (
    org uuid NOT NULL,
    import uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, import)
);

CREATE TABLE notes (
    org uuid NOT NULL,
    note uuid NOT NULL,
    version bigint NOT NULL,
    contact uuid NOT NULL,
    at bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, note)
);

CREATE INDEX notes_contact ON notes (org, contact, at, note);

CREATE TABLE media_files (
    org uuid NOT NULL,
    message uuid NOT NULL,
    version bigint NOT NULL,
    contact uuid NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, message)
);

CREATE INDEX media_files_contact ON media_files (org, contact, message);

CREATE TABLE touches (
    org uuid NOT NULL,
    message uuid NOT NULL,
    version bigint NOT NULL,
    at bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, message)
);

CREATE INDEX touches_at ON touches (org, at, message);

CREATE TABLE surveys (
    org uuid NOT NULL,
    survey uuid NOT NULL,
    version bigint NOT NULL,
    asked_at bigint,
    body text NOT NULL,
    PRIMARY KEY (org, survey)
);

CREATE INDEX surveys_asked_at ON surveys (org, asked_at, survey);

CREATE TABLE quick_replies (
    org uuid NOT NULL,
    reply uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, reply)
);

CREATE TABLE quick_reply_names (
    org uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, name)
);

CREATE TABLE merged (
    org uuid NOT NULL,
    contact uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, contact)
);

CREATE TABLE suppressions (
    org uuid NOT NULL,
    hash text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, hash)
);

CREATE TABLE segments (
    org uuid NOT NULL,
    segment uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, segment)
);

CREATE TABLE segment_names (
    org uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, name)
);

-- The audit, sealed; `first` and `through` are the positions of a seal's first and last entry.
CREATE TABLE seals (
    org uuid NOT NULL,
    number bigint NOT NULL,
    first bigint NOT NULL,
    through bigint NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, number)
);

CREATE TABLE erasures (
    org uuid NOT NULL,
    contact uuid NOT NULL,
    open boolean NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, contact)
);

CREATE INDEX erasures_open ON erasures (org, contact) WHERE open;

CREATE TABLE quarantined (
    id uuid NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE journal (
    org uuid NOT NULL,
    position bigint NOT NULL,
    at bigint NOT NULL,
    contact uuid,
    kind text COLLATE "C" NOT NULL,
    -- Who did it, as the body has it.
    actor text COLLATE "C" NOT NULL,
    timeline boolean NOT NULL,
    audit boolean NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org, position)
);

CREATE INDEX journal_timeline ON journal (org, contact, at, position) WHERE timeline;
CREATE INDEX journal_chronicle ON journal (org, at, position) WHERE timeline;
CREATE INDEX journal_audit ON journal (org, position) WHERE audit;

-- The last position given out in each organisation: positions grow even where the entries before are gone. Its row is
-- also the organisation's lock: whoever commits holds it from the first statement to the last, so that commits of an
-- organisation follow one another, in this process and in all others, and its journal is in their order.
CREATE TABLE journal_ends (
    org uuid NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (org)
) WITH (fillfactor = 20);

-- The second wall between organisations: whatever a statement asks for, it sees and writes the rows of the one that the
-- transaction was opened for (or all, which workers and the host may ask for). It binds the tables' owner, too.
CREATE FUNCTION wall() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(nullif(current_setting('tertulia.org', true), ''), 'all')::uuid
$$;
CREATE FUNCTION no_wall() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('tertulia.org', true) = 'all', false)
$$;

DO $$
DECLARE
    walled text;
BEGIN
    FOR walled IN
        SELECT c.relname FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org'
        WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND c.relkind = 'r'
            AND c.relname NOT IN ('contact_facts', 'contact_search', 'contact_keys')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', walled);
        EXECUTE format(
            'CREATE POLICY wall ON %I USING (org = (SELECT wall()) OR (SELECT no_wall()))', walled
        );
    END LOOP;
END
$$;
