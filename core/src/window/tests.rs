use chrono::{DateTime, TimeDelta, Utc};

use super::WindowState;
use crate::channel::Channel;
use crate::message::ContentKind;

const SOON: TimeDelta = TimeDelta::hours(2);

fn state(channel: Channel, age: TimeDelta) -> WindowState {
    let now: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::days(9);
    WindowState::at(channel, Some(now - age), SOON, now)
}

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
                since: Some(DateTime::UNIX_EPOCH + TimeDelta::days(9))
            }
        );
        assert!(matches!(
            state(channel, day + second),
            WindowState::Closed { since: Some(_) }
        ));
        let never = WindowState::at(channel, None, SOON, DateTime::UNIX_EPOCH);
        assert_eq!(never, WindowState::Closed { since: None });
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
fn sms_and_e_mail_have_no_window() {
    for channel in [Channel::Sms, Channel::Email] {
        assert_eq!(state(channel, TimeDelta::days(400)), WindowState::None);
        assert_eq!(
            WindowState::at(channel, None, SOON, DateTime::UNIX_EPOCH),
            WindowState::None
        );
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
    let (open, closed) = (
        state(Channel::WhatsApp, TimeDelta::zero()),
        WindowState::Closed { since: None },
    );
    for kind in free {
        assert!(open.permits(kind) && WindowState::None.permits(kind), "{kind:?}");
        assert!(!closed.permits(kind), "{kind:?}");
    }
    for state in [open, closed, WindowState::None] {
        assert!(state.permits(ContentKind::Template));
    }
}
