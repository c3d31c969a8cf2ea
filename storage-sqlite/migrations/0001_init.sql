-- One table per kind of record: the key's columns, what is looked for or counted, the version, and the record itself as
-- JSON. Ids are 16-byte blobs, times microseconds UTC. Tables whose rows are short are kept in the order of their key;
-- those whose bodies are long have rowids, so that a change of an index does not move the body.

CREATE TABLE orgs (
    org BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org)
) STRICT;

CREATE TABLE routes (
    channel TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (channel, sender_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    org BLOB NOT NULL,
    account BLOB NOT NULL,
    -- The first instant at which it may send; absent: not until resumed.
    sendable_from INTEGER,
    -- How many messages a second it sends; absent: there is no limit.
    per_second INTEGER,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, account)
) STRICT;

CREATE TABLE contacts (
    -- What `contact_search` names its rows by: unlike a row's own number, it never changes.
    row INTEGER PRIMARY KEY,
    org BLOB NOT NULL,
    contact BLOB NOT NULL,
    status TEXT NOT NULL,
    opted_in INTEGER NOT NULL,
    lead TEXT NOT NULL,
    owner BLOB,
    source TEXT,
    -- Where the conversation stands that goes on.
    conversation TEXT,
    created_at INTEGER NOT NULL,
    -- The least integer: never. An absent value could not be walked past in an index.
    last_interaction INTEGER NOT NULL,
    -- What lists by name are sorted by.
    name_key TEXT NOT NULL,
    -- All that is found of it.
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (org, contact)
) STRICT;

-- What filters ask most, in the order of pages: a body is read only for a contact that fits.
CREATE INDEX contacts_facts ON contacts (org, contact, status, opted_in);
CREATE INDEX contacts_by_name ON contacts (org, name_key, contact);
CREATE INDEX contacts_by_activity ON contacts (org, last_interaction, contact);
CREATE INDEX contacts_by_creation ON contacts (org, created_at, contact);

-- Where any three characters in a row stand in `contacts.search`, which is folded already. What is taken out of it is
-- overwritten, as everywhere in the file. No triggers keep it: FTS5 would write out what it has gathered at the savepoint
-- that a statement with triggers takes, for each contact anew.
CREATE VIRTUAL TABLE contact_search USING fts5 (
    search,
    content = 'contacts',
    content_rowid = 'row',
    columnsize = 0,
    tokenize = 'trigram case_sensitive 1'
);
INSERT INTO contact_search (contact_search, rank) VALUES ('secure-delete', 1);

-- The tags of each contact; `live`: the contact is not deleted.
CREATE TABLE contact_tags (
    org BLOB NOT NULL,
    tag TEXT NOT NULL,
    contact BLOB NOT NULL,
    live INTEGER NOT NULL,
    PRIMARY KEY (org, tag, contact)
) STRICT, WITHOUT ROWID;

-- The attributes of each contact that have a value, by its type; one that is none of these is set and no more.
CREATE TABLE contact_attributes (
    org BLOB NOT NULL,
    name TEXT NOT NULL,
    contact BLOB NOT NULL,
    text TEXT,
    -- The text folded, where that is another one.
    folded TEXT,
    number REAL,
    flag INTEGER,
    PRIMARY KEY (org, name, contact)
) STRICT, WITHOUT ROWID;

-- The texts that each contact may share with others that are the same person; of a deleted one, none.
CREATE TABLE contact_keys (
    org BLOB NOT NULL,
    key TEXT NOT NULL,
    contact BLOB NOT NULL,
    PRIMARY KEY (org, key, contact)
) STRICT, WITHOUT ROWID;

CREATE TABLE identities (
    org BLOB NOT NULL,
    kind TEXT NOT NULL,
    match_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, kind, match_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE external_refs (
    org BLOB NOT NULL,
    system TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, system, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE windows (
    org BLOB NOT NULL,
    account BLOB NOT NULL,
    kind TEXT NOT NULL,
    match_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, account, kind, match_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    org BLOB NOT NULL,
    tag TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE rules (
    org BLOB NOT NULL,
    rule BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, rule)
) STRICT;

CREATE TABLE attributes (
    org BLOB NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    org BLOB NOT NULL,
    member BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE templates (
    org BLOB NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, name, language)
) STRICT;

CREATE TABLE conversations (
    org BLOB NOT NULL,
    conversation BLOB NOT NULL,
    contact BLOB NOT NULL,
    last_activity INTEGER NOT NULL,
    status TEXT NOT NULL,
    -- x'' if it is nobody's: an absent value could not be walked past in an index.
    assignee BLOB NOT NULL,
    handler TEXT,
    -- When its turn wants attention.
    turn_due INTEGER,
    -- Their names, each between spaces.
    channels TEXT NOT NULL,
    unread INTEGER NOT NULL,
    starred INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    -- The folded names, as a list in JSON.
    labels TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, conversation)
) STRICT;

-- One for each way that an inbox is narrowed most, in the order of its pages; behind the order what else is often asked,
-- so that a row is read only for a conversation that fits.
CREATE INDEX conversations_shown ON conversations (org, archived, last_activity, conversation, unread, channels);
CREATE INDEX conversations_contact ON conversations (org, contact, last_activity, conversation);
CREATE INDEX conversations_status ON conversations (org, status, archived, last_activity, conversation);
CREATE INDEX conversations_assignee ON conversations (org, assignee, archived, last_activity, conversation, status, unread);
CREATE INDEX conversations_unread ON conversations (org, archived, last_activity, conversation, status, assignee)
    WHERE unread = 1;
CREATE INDEX conversations_starred ON conversations (org, archived, last_activity, conversation) WHERE starred = 1;
CREATE INDEX conversations_handler ON conversations (org, handler, archived, last_activity, conversation)
    WHERE handler IS NOT NULL;
-- What handlers are asked to answer.
CREATE INDEX conversations_turn ON conversations (handler, turn_due, conversation, org) WHERE turn_due IS NOT NULL;

-- The labels of each conversation, in the order of its pages: kept by triggers.
CREATE TABLE conversation_labels (
    org BLOB NOT NULL,
    label TEXT NOT NULL,
    archived INTEGER NOT NULL,
    last_activity INTEGER NOT NULL,
    conversation BLOB NOT NULL,
    PRIMARY KEY (org, label, archived, last_activity, conversation)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER conversations_labelled AFTER INSERT ON conversations WHEN new.labels <> '[]' BEGIN
    INSERT INTO conversation_labels
    SELECT new.org, l.value, new.archived, new.last_activity, new.conversation FROM json_each(new.labels) l;
END;

CREATE TRIGGER conversations_unlabelled AFTER DELETE ON conversations WHEN old.labels <> '[]' BEGIN
    DELETE FROM conversation_labels
    WHERE org = old.org AND label IN (SELECT l.value FROM json_each(old.labels) l)
        AND archived = old.archived AND last_activity = old.last_activity AND conversation = old.conversation;
END;

CREATE TRIGGER conversations_relabelled AFTER UPDATE ON conversations
WHEN (old.labels, old.archived, old.last_activity) IS NOT (new.labels, new.archived, new.last_activity)
    AND (old.labels <> '[]' OR new.labels <> '[]')
BEGIN
    DELETE FROM conversation_labels
    WHERE org = old.org AND label IN (SELECT l.value FROM json_each(old.labels) l)
        AND archived = old.archived AND last_activity = old.last_activity AND conversation = old.conversation;
    INSERT INTO conversation_labels
    SELECT new.org, l.value, new.archived, new.last_activity, new.conversation FROM json_each(new.labels) l;
END;

CREATE TABLE labels (
    org BLOB NOT NULL,
    label TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
    org BLOB NOT NULL,
    message BLOB NOT NULL,
    conversation BLOB NOT NULL,
    at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, message)
) STRICT;

CREATE INDEX messages_thread ON messages (org, conversation, at, message);

CREATE TABLE message_refs (
    org BLOB NOT NULL,
    account BLOB NOT NULL,
    token TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, account, token)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (
    org BLOB NOT NULL,
    account BLOB NOT NULL,
    provider_id TEXT NOT NULL,
    since INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, account, provider_id)
) STRICT;

CREATE INDEX parked_since ON parked (since);

CREATE TABLE broadcasts (
    org BLOB NOT NULL,
    broadcast BLOB NOT NULL,
    running INTEGER NOT NULL,
    due INTEGER,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, broadcast)
) STRICT;

CREATE INDEX broadcasts_running ON broadcasts (org, broadcast) WHERE running = 1;
CREATE INDEX broadcasts_due ON broadcasts (org, broadcast, due) WHERE due IS NOT NULL;

CREATE TABLE target_lists (
    org BLOB NOT NULL,
    broadcast BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, broadcast)
) STRICT;

CREATE TABLE sequences (
    org BLOB NOT NULL,
    sequence BLOB NOT NULL,
    active INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, sequence)
) STRICT;

CREATE INDEX sequences_active ON sequences (org, sequence) WHERE active = 1;

CREATE TABLE sequence_versions (
    org BLOB NOT NULL,
    sequence BLOB NOT NULL,
    -- Which edition; `version` is that of the record, as everywhere.
    edition INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, sequence, edition)
) STRICT;

CREATE TABLE enrollments (
    org BLOB NOT NULL,
    enrollment BLOB NOT NULL,
    sequence BLOB NOT NULL,
    contact BLOB NOT NULL,
    state TEXT NOT NULL,
    -- Where they stand, of those under way.
    step TEXT,
    -- Why, of those who left.
    reason TEXT,
    -- When it next wants attention without anybody asking.
    due INTEGER,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, enrollment)
) STRICT;

-- Lists: a body is read only for an enrollment that fits.
CREATE INDEX enrollments_of_sequence ON enrollments (org, sequence, enrollment, state, step, reason);
CREATE INDEX enrollments_contact ON enrollments (org, contact, enrollment);
CREATE INDEX enrollments_due ON enrollments (org, sequence, due, enrollment) WHERE due IS NOT NULL;

-- The enrollments of each sequence, counted by where they stand, as `tallies` counts the ledger's rows.
CREATE TABLE standings (
    org BLOB NOT NULL,
    sequence BLOB NOT NULL,
    state TEXT NOT NULL,
    step ANY NOT NULL,
    reason ANY NOT NULL,
    enrollments INTEGER NOT NULL,
    PRIMARY KEY (org, sequence, state, step, reason)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER enrollments_counted AFTER INSERT ON enrollments BEGIN
    INSERT INTO standings VALUES (
        new.org, new.sequence, new.state, coalesce(new.step, 0), coalesce(new.reason, 0), 1
    ) ON CONFLICT DO UPDATE SET enrollments = enrollments + 1;
END;

CREATE TRIGGER enrollments_uncounted AFTER DELETE ON enrollments BEGIN
    UPDATE standings SET enrollments = enrollments - 1
    WHERE org = old.org AND sequence = old.sequence AND state = old.state
        AND step = coalesce(old.step, 0) AND reason = coalesce(old.reason, 0);
END;

CREATE TRIGGER enrollments_recounted AFTER UPDATE ON enrollments
WHEN (old.sequence, old.state, old.step, old.reason) IS NOT (new.sequence, new.state, new.step, new.reason)
BEGIN
    UPDATE standings SET enrollments = enrollments - 1
    WHERE org = old.org AND sequence = old.sequence AND state = old.state
        AND step = coalesce(old.step, 0) AND reason = coalesce(old.reason, 0);
    INSERT INTO standings VALUES (
        new.org, new.sequence, new.state, coalesce(new.step, 0), coalesce(new.reason, 0), 1
    ) ON CONFLICT DO UPDATE SET enrollments = enrollments + 1;
END;

CREATE TABLE dispatches (
    org BLOB NOT NULL,
    dispatch BLOB NOT NULL,
    -- The broadcast or sequence; x'' if it belongs to none: an absent value could not be walked past in an index.
    campaign BLOB NOT NULL,
    -- The step, of a sequence's rows; absent from all others.
    step TEXT,
    contact BLOB NOT NULL,
    account BLOB NOT NULL,
    match_key TEXT,
    state TEXT NOT NULL,
    -- Why it was skipped, or what it failed with.
    reason TEXT,
    accepted INTEGER NOT NULL,
    replied INTEGER NOT NULL,
    opted_out_after INTEGER NOT NULL,
    -- When it next wants attention without anybody asking.
    due INTEGER,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, dispatch)
) STRICT;

-- Of broadcasts: a sequence has a row for each step that somebody comes to.
CREATE UNIQUE INDEX dispatches_once_a_contact ON dispatches (org, campaign, contact)
    WHERE campaign <> x'' AND step IS NULL;
CREATE UNIQUE INDEX dispatches_once_an_address ON dispatches (org, campaign, account, match_key)
    WHERE campaign <> x'' AND step IS NULL;
CREATE INDEX dispatches_of_broadcast ON dispatches (org, campaign, dispatch, state)
    WHERE campaign <> x'' AND step IS NULL;
-- What workers take: one lane for each sender and broadcast or sequence. Only open rows are in it, so it stays small.
CREATE INDEX dispatches_lanes ON dispatches (org, account, campaign, due, dispatch)
    WHERE state IN ('pending', 'leased');
CREATE INDEX dispatches_open ON dispatches (org, contact, dispatch) WHERE state IN ('pending', 'leased');
CREATE INDEX dispatches_due ON dispatches (state, due) WHERE state IN ('sending', 'unknown');

-- The rows of each broadcast and sequence, counted by what their statistics tell apart: kept by triggers, so that a count
-- never reads the rows. A step or reason that is absent is 0, which no text equals.
CREATE TABLE tallies (
    org BLOB NOT NULL,
    campaign BLOB NOT NULL,
    step ANY NOT NULL,
    state TEXT NOT NULL,
    reason ANY NOT NULL,
    accepted INTEGER NOT NULL,
    replied INTEGER NOT NULL,
    opted_out_after INTEGER NOT NULL,
    dispatches INTEGER NOT NULL,
    PRIMARY KEY (org, campaign, step, state, reason, accepted, replied, opted_out_after)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER dispatches_counted AFTER INSERT ON dispatches WHEN new.campaign <> x'' BEGIN
    INSERT INTO tallies VALUES (
        new.org, new.campaign, coalesce(new.step, 0), new.state, coalesce(new.reason, 0),
        new.accepted, new.replied, new.opted_out_after, 1
    ) ON CONFLICT DO UPDATE SET dispatches = dispatches + 1;
END;

CREATE TRIGGER dispatches_uncounted AFTER DELETE ON dispatches WHEN old.campaign <> x'' BEGIN
    UPDATE tallies SET dispatches = dispatches - 1
    WHERE org = old.org AND campaign = old.campaign AND step = coalesce(old.step, 0)
        AND state = old.state AND reason = coalesce(old.reason, 0)
        AND accepted = old.accepted AND replied = old.replied AND opted_out_after = old.opted_out_after;
END;

CREATE TRIGGER dispatches_recounted AFTER UPDATE ON dispatches
WHEN (old.campaign, old.step, old.state, old.reason, old.accepted, old.replied, old.opted_out_after)
    IS NOT (new.campaign, new.step, new.state, new.reason, new.accepted, new.replied, new.opted_out_after)
BEGIN
    UPDATE tallies SET dispatches = dispatches - 1
    WHERE org = old.org AND campaign = old.campaign AND step = coalesce(old.step, 0)
        AND state = old.state AND reason = coalesce(old.reason, 0)
        AND accepted = old.accepted AND replied = old.replied AND opted_out_after = old.opted_out_after;
    INSERT INTO tallies SELECT
        new.org, new.campaign, coalesce(new.step, 0), new.state, coalesce(new.reason, 0),
        new.accepted, new.replied, new.opted_out_after, 1
    WHERE new.campaign <> x''
    ON CONFLICT DO UPDATE SET dispatches = dispatches + 1;
END;

CREATE TABLE slots (
    org BLOB NOT NULL,
    contact BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, contact)
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (
    org BLOB NOT NULL,
    import BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, import)
) STRICT;

CREATE TABLE notes (
    org BLOB NOT NULL,
    note BLOB NOT NULL,
    version INTEGER NOT NULL,
    contact BLOB NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, note)
) STRICT;

CREATE INDEX notes_contact ON notes (org, contact, at, note);

CREATE TABLE media_files (
    org BLOB NOT NULL,
    message BLOB NOT NULL,
    version INTEGER NOT NULL,
    contact BLOB NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, message)
) STRICT;

CREATE INDEX media_files_contact ON media_files (org, contact, message);

CREATE TABLE touches (
    org BLOB NOT NULL,
    message BLOB NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, message)
) STRICT;

CREATE INDEX touches_at ON touches (org, at, message);

CREATE TABLE surveys (
    org BLOB NOT NULL,
    survey BLOB NOT NULL,
    version INTEGER NOT NULL,
    asked_at INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (org, survey)
) STRICT;

CREATE INDEX surveys_asked_at ON surveys (org, asked_at, survey);

CREATE TABLE quick_replies (
    org BLOB NOT NULL,
    reply BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, reply)
) STRICT;

CREATE TABLE quick_reply_names (
    org BLOB NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE merged (
    org BLOB NOT NULL,
    contact BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, contact)
) STRICT;
CREATE TABLE suppressions (
    org BLOB NOT NULL,
    hash TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE segments (
    org BLOB NOT NULL,
    segment BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, segment)
) STRICT;

CREATE TABLE segment_names (
    org BLOB NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, name)
) STRICT, WITHOUT ROWID;

-- The audit, sealed; `first` and `through` are the positions of a seal's first and last entry.
CREATE TABLE seals (
    org BLOB NOT NULL,
    number INTEGER NOT NULL,
    first INTEGER NOT NULL,
    through INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, number)
) STRICT;

CREATE TABLE erasures (
    org BLOB NOT NULL,
    contact BLOB NOT NULL,
    open INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, contact)
) STRICT;

CREATE INDEX erasures_open ON erasures (org, contact) WHERE open = 1;

CREATE TABLE quarantined (
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE TABLE journal (
    org BLOB NOT NULL,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    contact BLOB,
    kind TEXT NOT NULL,
    timeline INTEGER NOT NULL,
    audit INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX journal_timeline ON journal (org, contact, at, position) WHERE timeline = 1;
CREATE INDEX journal_chronicle ON journal (org, at, position) WHERE timeline = 1;
CREATE INDEX journal_audit ON journal (org, position) WHERE audit = 1;

-- The last position given out in each organisation: positions grow even where the entries before are gone.
CREATE TABLE journal_ends (
    org BLOB NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (org)
) STRICT, WITHOUT ROWID;
