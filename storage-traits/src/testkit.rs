//! The suite that every store passes, those of other authors included.
//!
//! A store's `tests/conformance.rs` names how a new, empty store is opened; each case becomes a `#[tokio::test]`:
//!
//! ```ignore
//! struct Fresh;
//!
//! #[async_trait]
//! impl StoreFactory for Fresh {
//!     async fn open(&self) -> Arc<dyn Storage> {
//!         Arc::new(MyStore::open_somewhere_new().await.unwrap())
//!     }
//! }
//!
//! tertulia_storage_traits::conformance!(Fresh);
//! ```
//!
//! Under another runtime, run [`CASES`] or [`run`]. A store that is not the model itself also runs [`random_ops`] over a
//! few seeds, next to `tertulia-storage-memory`. Cases say by panic what a store does wrong.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a case reports by panic, as tests do"
)]

pub mod audiences;
pub mod claims;
pub mod commits;
pub mod copies;
pub mod filters;
pub mod generate;
pub mod inbox;
pub mod journal;
pub mod ledger;
pub mod orgs;
pub mod pages;
pub mod races;
mod random;
pub mod records;
pub mod sequences;
pub mod shared;
mod support;

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

use crate::Storage;

pub use random::random_ops;

/// How the suite gets its stores.
#[async_trait]
pub trait StoreFactory: Send + Sync {
    /// A new, empty store. The factory lives as long as the case that asked.
    async fn open(&self) -> Arc<dyn Storage>;
}

/// One case: panics if the store fails it.
pub type Case = for<'a> fn(&'a dyn StoreFactory) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The list of all cases, handed to another macro after the tokens given.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($callback:path, $($given:tt)*) => {
        $callback! {
            ($($given)*)
            records::every_kind_comes_back_as_it_was_given,
            records::load_keeps_the_order_of_the_keys,
            records::load_is_of_one_instant,
            records::versions_grow_by_one,
            records::a_removed_record_is_gone,
            records::prune_forgets_what_waited_too_long,
            records::a_closed_store_refuses_everything,
            commits::an_empty_change_set_does_nothing,
            commits::inserting_twice_conflicts,
            commits::stale_versions_conflict,
            commits::expectations_must_hold,
            commits::a_commit_is_whole_or_nothing,
            commits::writes_see_those_before_them,
            commits::a_large_change_set_is_one_commit,
            commits::conversations_of_a_contact_are_removed_with_their_messages,
            pages::records_of_each_kind,
            pages::contacts_by_each_order,
            pages::messages_by_time,
            pages::conversations_by_last_activity,
            pages::notes_of_a_contact,
            pages::media_files_of_contacts,
            pages::touches_of_a_period,
            pages::surveys_of_a_period,
            pages::dispatches_by_state,
            pages::dispatches_by_bucket,
            pages::open_dispatches_of_a_contact,
            pages::recipients_of_some_contacts,
            pages::seals_of_some_positions,
            pages::due_rows_of_all_organisations,
            pages::running_broadcasts_of_all_organisations,
            pages::due_broadcasts_of_all_organisations,
            pages::open_erasures_of_all_organisations,
            pages::due_turns_of_all_organisations,
            sequences::editions_by_number,
            sequences::enrollments_by_standing,
            sequences::enrollments_of_some_contacts,
            sequences::due_enrollments_of_a_sequence,
            sequences::due_sequences_of_all_organisations,
            sequences::standings_are_a_count_by_hand,
            sequences::a_contact_may_be_enrolled_again,
            pages::pages_hold_still_while_others_write,
            pages::a_cursor_is_good_for_its_own_query,
            filters::random_filters_find_what_core_finds,
            filters::filters_follow_changes_of_a_contact,
            filters::filters_may_be_wide_and_deep,
            filters::tags_are_counted_by_contact,
            inbox::random_filters_find_the_conversations_that_core_finds,
            inbox::filters_follow_changes_of_a_conversation,
            inbox::messages_of_a_conversation_are_removed,
            shared::what_contacts_share_is_found_page_by_page,
            shared::what_contacts_share_follows_their_changes,
            shared::pages_of_what_is_shared_hold_still_while_others_write,
            shared::a_cursor_of_what_is_shared_is_good_for_its_own_request,
            journal::the_feed_is_in_the_order_of_commits,
            journal::the_feed_can_be_resumed_anywhere,
            journal::audit_and_timeline_show_their_kinds,
            journal::timelines_are_sorted_by_time,
            journal::kinds_narrow_every_view,
            journal::filters_narrow_every_view,
            journal::a_journal_cursor_is_good_for_its_own_view,
            journal::a_redacted_entry_keeps_its_place,
            records::scrubbing_leaves_what_is_there,
            ledger::a_broadcast_has_one_row_for_a_contact,
            ledger::a_broadcast_has_one_row_for_an_address,
            ledger::rows_without_broadcast_or_address_never_meet,
            ledger::rows_of_a_sequence_never_meet,
            ledger::the_tally_is_a_count_by_hand,
            ledger::the_tally_of_a_sequence_tells_its_steps_apart,
            claims::the_longest_due_come_first,
            claims::organisations_and_their_lanes_take_turns,
            claims::a_claim_leases_durably,
            claims::a_lease_is_free_again_at_its_end,
            claims::only_senders_that_may_send,
            claims::only_running_broadcasts,
            claims::only_active_sequences,
            claims::only_rows_that_wait,
            claims::a_sender_gives_no_more_than_it_may,
            audiences::an_audience_is_enlisted_as_core_says,
            audiences::those_who_are_named_are_enlisted_once_each,
            audiences::an_audience_is_enlisted_whole_or_not_at_all,
            copies::a_copy_answers_as_the_original,
            copies::a_portion_may_be_written_twice,
            copies::a_portion_is_written_whole_or_not_at_all,
            copies::what_is_there_gives_way_to_what_is_copied,
            copies::the_journal_goes_on_behind_what_was_copied,
            copies::an_organisation_that_is_there_is_left_alone,
            races::one_of_many_updates_wins,
            races::one_of_many_inserts_wins,
            races::one_of_many_rows_for_a_contact_wins,
            races::no_row_is_claimed_twice,
            races::journal_positions_are_never_shared,
            orgs::organisations_never_meet,
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    (($factory:expr) $($module:ident :: $case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::testkit::$module::$case(&$factory).await;
            }
        )*
    };
}

/// Makes every case of the suite a `#[tokio::test]` (the crate has to have `tokio` with `macros` and `rt`) on stores of
/// this [`StoreFactory`](crate::testkit::StoreFactory), an expression that each test evaluates anew.
#[macro_export]
macro_rules! conformance {
    ($factory:expr) => {
        $crate::conformance_cases!($crate::conformance_tests, $factory);
    };
}

macro_rules! table {
    (() $($module:ident :: $case:ident,)*) => {
        /// All cases by name.
        pub const CASES: &[(&str, Case)] = &[$((
            concat!(stringify!($module), "::", stringify!($case)),
            |factory| Box::pin($module::$case(factory)),
        ),)*];
    };
}

conformance_cases!(table,);

/// Runs all cases, one after another.
pub async fn run(factory: &dyn StoreFactory) {
    for (_, case) in CASES {
        case(factory).await;
    }
}
