//! What a host holds: opened once, called by name.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use tertulia::core::ids::{AgentId, OrgId};
use tertulia::testing::{ManualClock, Platform, PlatformConfig};
use tertulia::{Code, Crm, Error, Org};

use crate::areas;
use crate::failure::Failure;
use crate::handlers::Turns;
use crate::host::HostObject;
use crate::method::{Area, Call};
use crate::of_process::OfProcess;
use crate::options::{CrmOptions, ManualClockOptions, PlatformOptions, manual_clock};
use crate::runtime::spawn;
use crate::watch::Watch;
use crate::wire::decode;

/// What a handle is a handle on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A CRM.
    Crm,
    /// A stand-in for a platform, for tests.
    Platform,
    /// A clock that stands still until it is set, for tests.
    Clock,
}

impl Kind {
    /// Reads `crm`, `platform` or `clock`. Fails with `input.invalid`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "crm" => Ok(Self::Crm),
            "platform" => Ok(Self::Platform),
            "clock" => Ok(Self::Clock),
            other => Err(Error::new(Code::InputInvalid, format!("{other:?} is nothing to open")).into()),
        }
    }
}

/// What a host holds. Clones are the same thing.
#[derive(Debug, Clone)]
pub struct Handle(Held);

#[derive(Debug, Clone)]
enum Held {
    Crm(OfProcess<Crm>, Arc<Turns>),
    Platform(OfProcess<Arc<Platform>>),
    Clock(ManualClock),
}

/// Opens a handle with options as JSON. What the options refer to by number is in `hosts` and `handles`.
pub fn open(
    kind: Kind,
    options: String,
    hosts: Vec<Arc<dyn HostObject>>,
    handles: Vec<Handle>,
) -> impl Future<Output = Result<Handle, Failure>> + Send + 'static {
    let opening = spawn(async move {
        match kind {
            Kind::Crm => {
                let options: CrmOptions = decode("open", &options)?;
                let turns = Arc::new(Turns::default());
                let crm = options.open(&hosts, &handles, &turns).await?;
                Ok(Handle(Held::Crm(OfProcess::new(crm), turns)))
            }
            Kind::Platform => {
                let options: PlatformOptions = decode("platform", &options)?;
                let mut config = PlatformConfig {
                    windows: options.windows,
                    ..PlatformConfig::default()
                };
                if let Some(place) = options.clock {
                    config.clock = Arc::new(manual_clock(&handles, place)?);
                }
                let platform = Platform::start_with(config)
                    .await
                    .map_err(|error| areas::testing::io(&error))?;
                Ok(Handle(Held::Platform(OfProcess::new(Arc::new(platform)))))
            }
            Kind::Clock => {
                let options: ManualClockOptions = decode("clock", &options)?;
                Ok(Handle(Held::Clock(ManualClock::new(options.now))))
            }
        }
    });
    async move { opening.await.map_err(Failure::from) }
}

/// On whose behalf a call is made.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The organisation, for a method of one.
    pub org: Option<String>,
    /// The member of the team who asks, or what a handler acts as in its turn; absent: the host.
    pub agent: Option<String>,
}

impl Handle {
    /// Calls a method, as in `contacts.create`, with its arguments by name, a JSON object; the answer is JSON.
    ///
    /// The call starts at once and runs to its end, whether or not the future is awaited.
    pub fn call(
        &self,
        method: &str,
        scope: Scope,
        args: String,
        watch: Watch,
        other: Option<Handle>,
    ) -> impl Future<Output = Result<String, Failure>> + Send + use<> {
        let started = self.start(method, scope, args, watch, other).map(spawn);
        async move { started?.await.map_err(Failure::from) }
    }

    /// The CRM that it is a handle on, if it is.
    pub(crate) fn crm(&self) -> Option<&Crm> {
        match &self.0 {
            Held::Crm(crm, _) => crm.get("CRM").ok(),
            _ => None,
        }
    }

    /// The clock that it is a handle on, if it is.
    pub(crate) fn clock(&self) -> Option<&ManualClock> {
        match &self.0 {
            Held::Clock(clock) => Some(clock),
            _ => None,
        }
    }

    fn start(
        &self,
        method: &str,
        scope: Scope,
        args: String,
        watch: Watch,
        other: Option<Handle>,
    ) -> Result<BoxFuture<'static, Result<String, Error>>, Error> {
        match &self.0 {
            Held::Crm(crm, turns) => {
                let crm = crm.get("CRM")?;
                let Some(org) = scope.org else {
                    return run(crm_areas(), method, crm.clone(), args, watch, other);
                };
                let mut org: Org = crm.org(org.parse::<OrgId>()?);
                if let Some(agent) = scope.agent {
                    let agent = agent.parse::<AgentId>()?;
                    let acting = turns.acting(org.id(), agent)?;
                    org = acting.unwrap_or_else(|| org.acting_as(agent));
                }
                run(org_areas(), method, org, args, watch, other)
            }
            Held::Platform(platform) => {
                let platform = Arc::clone(platform.get("platform")?);
                run(platform_areas(), method, platform, args, watch, other)
            }
            Held::Clock(clock) => run(clock_areas(), method, clock.clone(), args, watch, other),
        }
    }
}

fn run<T>(
    areas: &'static [Area<T>],
    method: &str,
    target: T,
    args: String,
    watch: Watch,
    other: Option<Handle>,
) -> Result<BoxFuture<'static, Result<String, Error>>, Error> {
    let (area, name) = method.split_once('.').unwrap_or(("", method));
    let found = areas
        .iter()
        .find(|listed| listed.name == area)
        .and_then(|area| area.methods.iter().find(|listed| listed.name == name));
    let Some(found) = found else {
        return Err(Error::new(
            Code::InputInvalid,
            format!("there is no method {method:?} here"),
        ));
    };
    Ok((found.run)(Call {
        target,
        args,
        watch,
        other,
    }))
}

/// The methods of a CRM.
pub(crate) fn crm_areas() -> &'static [Area<Crm>] {
    static AREAS: OnceLock<Vec<Area<Crm>>> = OnceLock::new();
    AREAS.get_or_init(|| vec![areas::crm::crm()])
}

/// The methods of an organisation.
pub(crate) fn org_areas() -> &'static [Area<Org>] {
    static AREAS: OnceLock<Vec<Area<Org>>> = OnceLock::new();
    AREAS.get_or_init(areas::of_org)
}

/// The methods of a stand-in platform.
pub(crate) fn platform_areas() -> &'static [Area<Arc<Platform>>] {
    static AREAS: OnceLock<Vec<Area<Arc<Platform>>>> = OnceLock::new();
    AREAS.get_or_init(|| vec![areas::testing::platform()])
}

/// The methods of a manual clock.
pub(crate) fn clock_areas() -> &'static [Area<ManualClock>] {
    static AREAS: OnceLock<Vec<Area<ManualClock>>> = OnceLock::new();
    AREAS.get_or_init(|| vec![areas::testing::clock()])
}
