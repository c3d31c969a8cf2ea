use chrono::{DateTime, TimeDelta, Utc};

use super::{Window, WindowState};
use crate::channel::Channel;
use crate::identity::{Address, AddressKind};
use crate::ids::{AccountId, OrgId};
use crate::message::ContentKind;

const SOON: TimeDelta = TimeDelta::hours(2);

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(9)
}

/// What is known of an address that wrote so long ago, and is free for so long.
fn window(age: Option<TimeDelta>, free_for: Option<TimeDelta>) -> Window {
    let (org, account) = (OrgId(uuid::Uuid::nil()), AccountId(uuid::Uuid::nil()));
    Window {
        last_inbound: age.map(|age| now() - age),
        free_entry_until: free_for.map(|left| now() + left),
        ..Window::new(org, account, Address::new(AddressKind::Phone, "15551234567"))
    }
}

fn state(channel: Channel, age: TimeDelta) -> WindowState {
    WindowState::at(channel, &[window(Some(age), None)], SOON, now())
}

const NEVER: WindowState = WindowState::Closed {
    since: None,
    free_entry_until: None,
};

#[test]
fn a_window_is_open_for_less_than_24_hours_and_at_exactly_24_closed() {
    let second = TimeDelta::seconds(1);
    let day = TimeDelta::hours(24);
    for channel in [Channel::WhatsApp, Channel::Instagram, Channel::Messenger] {
        let last = state(channel, day - second);
        assert!(
            matches!(
                last,
                WindowState::Open {
                    seconds_left: 1,
                    closing_soon: true,
                    ..
                }
            ),
            "{last:?}"
        );
        let closed = state(channel, day);
        assert_eq!(
            closed,
            WindowState::Closed {
                since: Some(now()),
                free_entry_until: None,
            }
        );
        assert!(matches!(
            state(channel, day + second),
            WindowState::Closed { since: Some(_), .. }
        ));
        assert_eq!(WindowState::at(channel, [], SOON, now()), NEVER);
        assert_eq!(
            WindowState::at(channel, &[window(None, None)], SOON, now()),
            NEVER
        );
    }
}

#[test]
fn a_window_is_closing_soon_from_the_threshold_on() {
    let closing = |left: TimeDelta| match state(Channel::WhatsApp, TimeDelta::hours(24) - left) {
        WindowState::Open { closing_soon, .. } => closing_soon,
        other => panic!("{other:?}"),
    };
    assert!(!closing(SOON + TimeDelta::seconds(1)));
    assert!(closing(SOON));
    assert!(closing(TimeDelta::seconds(1)));
}

#[test]
fn a_free_entry_point_is_shown_until_it_ends_and_opens_nothing() {
    let hours = TimeDelta::hours;
    let second = TimeDelta::seconds(1);
    let shown = |windows: &[Window]| match WindowState::at(Channel::WhatsApp, windows, SOON, now()) {
        WindowState::Open { free_entry_until, .. } => (true, free_entry_until),
        WindowState::Closed { free_entry_until, .. } => (false, free_entry_until),
        WindowState::None => panic!("WhatsApp has a window"),
    };
    let window = |age, free| window(Some(age), Some(free));
    assert_eq!(
        shown(&[window(hours(1), hours(71))]),
        (true, Some(now() + hours(71)))
    );
    assert_eq!(
        shown(&[window(hours(24), hours(48))]),
        (false, Some(now() + hours(48)))
    );
    assert_eq!(shown(&[window(hours(71), second)]), (false, Some(now() + second)));
    assert_eq!(shown(&[window(hours(72), TimeDelta::zero())]), (false, None));
    // Of several addresses of one person the latest times count, each for itself.
    let both = [window(hours(1), hours(2)), window(hours(30), hours(42))];
    assert_eq!(shown(&both), (true, Some(now() + hours(42))));
}

#[test]
fn a_window_stored_before_there_were_prices_reads_back() {
    let window = window(Some(TimeDelta::hours(1)), None);
    let stored = serde_json::to_value(&window).unwrap();
    assert!(stored.get("free_entry_until").is_none());
    assert_eq!(stored["last_inbound"], "1970-01-09T23:00:00Z");
    assert_eq!(serde_json::from_value::<Window>(stored).unwrap(), window);
}

#[test]
fn sms_and_e_mail_have_no_window() {
    for channel in [Channel::Sms, Channel::Email] {
        assert_eq!(state(channel, TimeDelta::days(400)), WindowState::None);
        assert_eq!(WindowState::at(channel, [], SOON, now()), WindowState::None);
    }
}

#[test]
fn only_templates_may_be_sent_outside_the_window() {
    let free = [
        ContentKind::Text,
        ContentKind::Image,
        ContentKind::Video,
        ContentKind::Document,
        ContentKind::Audio,
        ContentKind::Sticker,
        ContentKind::Location,
        ContentKind::Contacts,
        ContentKind::Interactive,
        ContentKind::Reaction,
    ];
    let (open, closed) = (state(Channel::WhatsApp, TimeDelta::zero()), NEVER);
    for kind in free {
        assert!(open.permits(kind) && WindowState::None.permits(kind), "{kind:?}");
        assert!(!closed.permits(kind), "{kind:?}");
    }
    for state in [open, closed, WindowState::None] {
        assert!(state.permits(ContentKind::Template));
    }
}
