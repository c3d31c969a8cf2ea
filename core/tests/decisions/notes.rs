//! What the team writes down about contacts.

use tertulia_core::contact::RecordStatus;
use tertulia_core::decide::{notes, team};
use tertulia_core::error::Code;
use tertulia_core::ids::{ContactId, NoteId};
use tertulia_core::journal::{Actor, EntryKind, What};
use tertulia_core::note::{NOTE_MAX_CHARS, Note};
use tertulia_core::roles::Role;
use uuid::Uuid;

use crate::harness::*;

const NOBODY: ContactId = ContactId(Uuid::from_u128(404));

fn add(world: &mut World, contact: ContactId, text: &str) -> Result<Note, Code> {
    world
        .decide(|set, ctx| notes::add(set, ctx, contact, text))
        .map_err(|error| error.code())
}

fn edit(world: &mut World, id: NoteId, text: &str) -> Result<Note, Code> {
    world
        .decide(|set, ctx| notes::edit(set, ctx, id, text))
        .map_err(|error| error.code())
}

fn remove(world: &mut World, id: NoteId) -> Result<(), Code> {
    world
        .decide(|set, ctx| notes::remove(set, ctx, id))
        .map_err(|error| error.code())
}

#[test]
fn a_note_has_its_author_and_time_and_its_text_is_in_no_journal() {
    let mut world = World::new();
    let id = world.contact("+919876543210");
    let priya = world
        .decide(|set, ctx| team::add(set, ctx, "Priya", Role::Agent))
        .unwrap()
        .id;
    world.actor = Actor::Agent(priya);
    world.now = at(60);
    let note = add(&mut world, id, "  Likes green tea.\n").unwrap();
    assert_eq!((note.contact, &note.author), (id, &Actor::Agent(priya)));
    assert_eq!(
        (note.text.as_str(), note.at, note.edited_at),
        ("Likes green tea.", at(60), None)
    );
    world.now = at(120);
    let journal = world.journal.len();
    assert_eq!(edit(&mut world, note.id, "Likes green tea. ").unwrap(), note);
    assert_eq!(world.journal.len(), journal, "it says the same");
    let edited = edit(&mut world, note.id, "Likes black tea.").unwrap();
    assert_eq!((edited.at, edited.edited_at), (at(60), Some(at(120))));
    assert_eq!(world.all::<Note>(), [edited]);
    remove(&mut world, note.id).unwrap();
    assert!(world.all::<Note>().is_empty());
    let told: Vec<String> = world
        .journal
        .iter()
        .filter_map(|entry| match &entry.what {
            What::NoteChanged { note: about, change } => {
                assert_eq!((*about, entry.contact), (note.id, Some(id)));
                Some(change.clone())
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, ["added", "edited", "removed"]);
    assert!(!format!("{:?}", world.journal).contains("tea"));
    assert!(EntryKind::NoteChanged.on_timeline() && EntryKind::NoteChanged.in_audit());
}

#[test]
fn a_note_is_changed_by_its_author_and_by_the_host() {
    let mut world = World::new();
    let id = world.contact("+919876543210");
    let [priya, otto] = ["Priya", "Otto"].map(|name| {
        Actor::Agent(
            world
                .decide(|set, ctx| team::add(set, ctx, name, Role::Agent))
                .unwrap()
                .id,
        )
    });
    let host = world.actor.clone();
    world.actor = priya.clone();
    let note = add(&mut world, id, "Calls on Mondays.").unwrap();
    world.actor = otto;
    assert_eq!(
        edit(&mut world, note.id, "Never calls."),
        Err(Code::NoteNotAuthor)
    );
    assert_eq!(remove(&mut world, note.id), Err(Code::NoteNotAuthor));
    world.actor = host;
    edit(&mut world, note.id, "Calls on Tuesdays.").unwrap();
    let hosts = add(&mut world, id, "Paid.").unwrap();
    world.actor = priya;
    assert_eq!(edit(&mut world, hosts.id, "Not paid."), Err(Code::NoteNotAuthor));
    remove(&mut world, note.id).unwrap();
    assert_eq!(world.all::<Note>(), [hosts]);
}

#[test]
fn an_admin_changes_the_notes_of_others() {
    for role in [Role::Admin, Role::Owner] {
        let mut world = World::new();
        let id = world.contact("+919876543210");
        let note = add(&mut world, id, "Paid.").unwrap();
        let member = world
            .decide(|set, ctx| team::add(set, ctx, "Iris", role))
            .unwrap();
        world.actor = Actor::Agent(member.id);
        let edited = edit(&mut world, note.id, "Not paid.").unwrap();
        assert_eq!(
            (&edited.author, edited.text.as_str()),
            (&note.author, "Not paid.")
        );
        remove(&mut world, note.id).unwrap();
    }
}

#[test]
fn a_note_that_says_nothing_or_too_much_or_is_about_nobody_is_refused() {
    let mut world = World::new();
    let id = world.contact("+919876543210");
    assert_eq!(add(&mut world, id, " \n"), Err(Code::NoteInvalid));
    assert_eq!(
        add(&mut world, id, &"é".repeat(NOTE_MAX_CHARS + 1)),
        Err(Code::NoteInvalid)
    );
    let longest = add(&mut world, id, &"é".repeat(NOTE_MAX_CHARS)).unwrap();
    assert_eq!(edit(&mut world, longest.id, ""), Err(Code::NoteInvalid));
    assert_eq!(add(&mut world, NOBODY, "Who?"), Err(Code::ContactNotFound));
    let gone = NoteId(Uuid::from_u128(404));
    assert_eq!(edit(&mut world, gone, "x"), Err(Code::NoteNotFound));
    assert_eq!(remove(&mut world, gone), Err(Code::NoteNotFound));
    let mut contact = world.see(id);
    contact.status = RecordStatus::Deleted;
    world.store(contact);
    assert_eq!(add(&mut world, id, "x"), Err(Code::ContactNotFound));
}
