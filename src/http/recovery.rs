//! The ladder: from an exchange that did not end cleanly back to a link that one may lend again.
//!
//! drain → clear halt → select the alternate setting again → claim again → SOFT_RESET → reset the port. The last two
//! concern the whole device: they are taken only while no exchange runs on another link, no other driver holds an
//! interface of it, and [`super::restraint`] permits it. Each step has a deadline, is logged, and is followed by the question whether the printer is at the
//! start of a message again: it may still owe an answer that the next caller would take for its own, or wait for
//! the rest of a request and swallow the next one as such.
//!
//! Several links may climb at once. What one of them does to the whole device makes the others begin with a new
//! claim: that is what the device's *generation* is for.

use std::fmt;
use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, info};

use super::error::Error;
use super::framing::{Complete, QUIET, contains_status};
use super::manner::Reset;
use super::restraint::Force;
use crate::usb::descriptor::{Channel, Function};
use crate::usb::link::{DrainError, Link, Sending};
use crate::usb::{self, Device};

/// How long a printer may go on sending before it counts as endless [C hp.md 1].
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// Silence after the first claim of a printer that just came. Nobody has asked it anything since the bus reset it, so
/// nothing can be under way: what its FIFO may have kept comes with the first transfer [I].
const QUIET_FRESH: Duration = Duration::from_millis(40);
/// How long the printer has for the answer to the question of [`answers`] [I].
const ASK_LIMIT: Duration = Duration::from_secs(3);
/// Silence after that answer: an answer that the printer owed from before may come in front of it.
const ASK_QUIET: Duration = Duration::from_secs(1);
/// A claim, with what the kernel does for it.
const CLAIM_LIMIT: Duration = Duration::from_secs(5);
/// Cancelling and clearing a halt.
const STEP_LIMIT: Duration = Duration::from_secs(3);
/// A port reset, with the enumeration that follows.
const RESET_LIMIT: Duration = Duration::from_secs(10);

/// The question: any answer will do, also a refusal, and nothing is done by it.
const QUESTION: &[u8] = b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A link with nothing left in it. Made only where that was shown: by a response read to its end, by the drain
/// after a claim, and by the ladder. The pool takes and lends nothing else.
pub(super) struct Drained(Box<Link>);

impl Drained {
    /// After an exchange.
    pub(super) fn after(link: Box<Link>, _: Complete) -> Self {
        Self(link)
    }

    pub(super) fn into_link(self) -> Box<Link> {
        self.0
    }
}

/// What a printer may still do with the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Debt {
    /// It may send some more bytes.
    Bytes,
    /// It may owe an answer, or the rest of one.
    Answer,
    /// It may wait for the rest of a request, and take whatever comes as such. `harmless` is how many bytes it
    /// may be sent without any danger that they complete the document.
    Request { harmless: u64 },
}

impl Debt {
    pub(super) fn request(missing: Option<u64>) -> Self {
        // In a chunked body our question is no chunk, so that it ends in a refusal.
        Self::Request { harmless: missing.map_or(u64::MAX, |missing| missing.saturating_sub(1)) }
    }
}

/// A step of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Drain,
    ClearHalt,
    Select,
    Claim,
    SoftReset,
    Reset,
}

impl Step {
    /// Concerns the other links too.
    fn wide(self) -> bool {
        matches!(self, Self::SoftReset | Self::Reset)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drain => "drain",
            Self::ClearHalt => "clear halt",
            Self::Select => "select the alternate setting",
            Self::Claim => "claim again",
            Self::SoftReset => "SOFT_RESET",
            Self::Reset => "reset the port",
        })
    }
}

/// Where a link comes from, and what the ladder may do there.
pub(super) trait Site: Sync {
    fn device(&self) -> &dyn Device;
    fn function(&self) -> Function;
    fn sending(&self) -> Sending;
    /// Counts what was done to the whole device: links of an earlier generation are dead.
    fn generation(&self) -> u64;
    /// Leave to do something with one link: while this is held nothing is done to the whole device.
    fn step(&self) -> impl Future<Output = impl Send> + Send;
    /// Leave to do something to the whole device; `None` while others need it as it is.
    fn alone(&self) -> impl Future<Output = Option<impl Send>> + Send;
    /// Whether it is not too early for that.
    fn may_reset(&self) -> bool;
    /// It begins to be done.
    fn note_reset(&self);
    /// Something is done to the whole device now: a new generation begins, and idle links are gone. `port`: the port
    /// is reset.
    fn begin_generation(&self, port: bool) -> u64;
    /// Whether the port was reset after this generation.
    fn port_was_reset(&self, since: u64) -> bool;
    /// The first step was not enough. Until this is dropped, others may know.
    fn trouble(&self) -> impl Send;
}

/// Claims the interface and empties it [C hp.md 1: bytes of before are in a real printer's FIFO].
///
/// # Errors
/// [`usb::Error::Busy`] where another program holds it, and whatever the cable says.
pub(super) async fn claim(device: &dyn Device, function: Function, sending: Sending) -> Result<Drained, Error> {
    let quiet = if device.just_came() { QUIET_FRESH } else { QUIET };
    drained(open(device, function, sending).await?, quiet).await.map_err(|(_, error)| error)
}

async fn open(device: &dyn Device, function: Function, sending: Sending) -> Result<Box<Link>, Error> {
    let pipe = within(CLAIM_LIMIT, device.claim(function)).await?;
    Ok(Box::new(Link::with_sending(pipe, sending)))
}

/// Waits for one thing of the cable, with a deadline.
async fn within<T>(limit: Duration, future: impl Future<Output = Result<T, usb::Error>>) -> Result<T, usb::Error> {
    timeout(limit, future).await.unwrap_or(Err(usb::Error::Timeout))
}

async fn drained(mut link: Box<Link>, quiet: Duration) -> Result<Drained, (Box<Link>, Error)> {
    match link.drain(quiet, DRAIN_LIMIT).await {
        Ok(0) => Ok(Drained(link)),
        Ok(discarded) => {
            debug!(discarded, "stale bytes drained");
            Ok(Drained(link))
        }
        Err(DrainError::Usb(error)) => Err((link, error.into())),
        Err(DrainError::Endless { .. }) => Err((link, Error::Endless { after: DRAIN_LIMIT })),
    }
}

/// Claims a link that was given up with a debt, and climbs the ladder from there. `generation` is the one that the
/// link belongs to then.
pub(super) async fn reclaim<S: Site>(site: &S, debt: &mut Debt, generation: &mut u64) -> Result<Drained, Error> {
    *generation = site.generation();
    climb(site, None, debt, generation, &[Step::Claim, Step::SoftReset, Step::Reset]).await
}

/// Climbs the ladder with a link on which nothing is pending any more, from the step that `force` says.
///
/// # Errors
/// What the last step ended with. The link is gone then: the interface is released.
pub(super) async fn recover<S: Site>(
    site: &S,
    link: Box<Link>,
    debt: &mut Debt,
    generation: &mut u64,
    force: Force,
) -> Result<Drained, Error> {
    let steps = [Step::Drain, Step::ClearHalt, Step::Select, Step::Claim, Step::SoftReset, Step::Reset];
    let steps = match force {
        Force::Gentle => &steps[..],
        Force::Soft => &steps[4..],
        Force::Hard => &steps[5..],
    };
    climb(site, Some(link), debt, generation, steps).await
}

async fn climb<S: Site>(
    site: &S,
    mut link: Option<Box<Link>>,
    debt: &mut Debt,
    generation: &mut u64,
    steps: &[Step],
) -> Result<Drained, Error> {
    let mut last = Error::NoAnswer { after: ASK_LIMIT };
    let mut trouble = None;
    // Of the steps for the whole device one is begun.
    let mut wide = false;
    for &step in steps {
        // A class request to an interface of another class would be anything.
        if step == Step::SoftReset && site.function().channel != Channel::IppUsb {
            continue;
        }
        loop {
            let begun = Instant::now();
            if step != Step::Drain {
                trouble.get_or_insert_with(|| site.trouble());
            }
            if step.wide() && !wide && !site.may_reset() {
                info!(%step, interface = site.function().interface, "recovery step not taken: not yet again");
                return Err(last);
            }
            let (now, outcome) = if step.wide() {
                let Some(_alone) = site.alone().await else {
                    info!(%step, interface = site.function().interface, "recovery step not taken: others use the device");
                    // The harder one is not for where the gentler one could not be tried.
                    return Err(Error::Occupied { after: Duration::ZERO });
                };
                let now = seen(site, step, generation, &mut link, debt);
                if now.wide() && !std::mem::replace(&mut wide, true) {
                    site.note_reset();
                }
                (now, rung(site, now, link.take(), debt, generation).await)
            } else {
                let _hold = site.step().await;
                let now = seen(site, step, generation, &mut link, debt);
                (now, rung(site, now, link.take(), debt, generation).await)
            };
            let ms = begun.elapsed().as_millis() as u64;
            match outcome {
                Ok(drained) => {
                    info!(step = %now, ms, interface = site.function().interface, "link recovered");
                    return Ok(drained);
                }
                Err((left, error)) => {
                    info!(step = %now, ms, interface = site.function().interface, %error, "recovery step was not enough");
                    // Neither an unplugged printer nor another program's claim is cured by more force.
                    if error.is_gone() || matches!(error, Error::Usb(usb::Error::Busy)) {
                        return Err(error);
                    }
                    last = error;
                    link = left;
                }
            }
            if now == step || !step.wide() {
                break;
            }
        }
    }
    Err(last)
}

/// Where somebody else has done something to the whole device, the link is dead, and a new claim comes first.
fn seen<S: Site>(site: &S, step: Step, generation: &mut u64, link: &mut Option<Box<Link>>, debt: &mut Debt) -> Step {
    let now = site.generation();
    if now == *generation {
        return step;
    }
    if site.port_was_reset(*generation) {
        *debt = Debt::Answer;
    }
    *generation = now;
    *link = None;
    Step::Claim
}

async fn rung<S: Site>(
    site: &S,
    step: Step,
    link: Option<Box<Link>>,
    debt: &mut Debt,
    generation: &mut u64,
) -> Result<Drained, (Option<Box<Link>>, Error)> {
    match take(site, step, link, debt, generation).await {
        Ok(open) => settle(open, debt).await,
        Err(error) => Err((None, error)),
    }
}

/// What the step does; gives a link to try.
async fn take<S: Site>(
    site: &S,
    step: Step,
    link: Option<Box<Link>>,
    debt: &mut Debt,
    generation: &mut u64,
) -> Result<Box<Link>, Error> {
    match (step, link) {
        (Step::Drain, Some(link)) => Ok(link),
        (Step::ClearHalt, Some(mut link)) => {
            within(STEP_LIMIT, link.clear_halt()).await?;
            Ok(link)
        }
        (Step::Select, Some(mut link)) => {
            within(STEP_LIMIT, link.select()).await?;
            Ok(link)
        }
        (Step::Drain | Step::ClearHalt | Step::Select | Step::Claim, link) => {
            drop(link);
            open(site.device(), site.function(), site.sending()).await
        }
        (Step::SoftReset, link) => {
            *generation = site.begin_generation(false);
            // Only who holds the interface may send it a class request.
            let mut link = match link {
                Some(link) => link,
                None => open(site.device(), site.function(), site.sending()).await?,
            };
            let _ = timeout(STEP_LIMIT, link.abort()).await;
            usb::soft_reset(site.device(), site.function().interface).await?;
            // The printer's endpoints have started over; so must the host's.
            within(STEP_LIMIT, link.clear_halt()).await?;
            Ok(link)
        }
        (Step::Reset, link) => {
            drop(link);
            *generation = site.begin_generation(true);
            within(RESET_LIMIT, site.device().reset()).await?;
            // Whatever it had of a request is gone with its endpoints' state.
            *debt = Debt::Answer;
            open(site.device(), site.function(), site.sending()).await
        }
    }
}

/// Empties the link and, where the printer may owe or await something, asks whether it is with us.
async fn settle(link: Box<Link>, debt: &mut Debt) -> Result<Drained, (Option<Box<Link>>, Error)> {
    let mut link = match drained(link, QUIET).await {
        Ok(drained) if *debt == Debt::Bytes => return Ok(drained),
        Ok(Drained(link)) => link,
        Err((link, error)) => return Err((Some(link), error)),
    };
    if let Debt::Request { harmless } = debt {
        match harmless.checked_sub(QUESTION.len() as u64) {
            Some(left) => *harmless = left,
            // The question itself might complete the document.
            None => return Err((Some(link), Error::Aborted("the printer may wait for the rest".into()))),
        }
    }
    match timeout(ASK_LIMIT, answers(&mut link)).await.unwrap_or(Err(Error::NoAnswer { after: ASK_LIMIT })) {
        Ok(()) => {}
        Err(error) => {
            let _ = timeout(STEP_LIMIT, link.abort()).await;
            return Err((Some(link), error));
        }
    }
    match link.drain(ASK_QUIET, DRAIN_LIMIT).await {
        Ok(_) => {
            *debt = Debt::Bytes;
            Ok(Drained(link))
        }
        Err(DrainError::Usb(error)) => Err((Some(link), error.into())),
        Err(DrainError::Endless { .. }) => Err((Some(link), Error::Endless { after: DRAIN_LIMIT })),
    }
}

/// Asks, and waits for a status line.
async fn answers(link: &mut Link) -> Result<(), Error> {
    let mut question = QUESTION;
    while !question.is_empty() {
        let sent = poll_fn(|cx| link.poll_write_bytes(cx, question)).await?;
        question = question.get(sent..).unwrap_or_default();
    }
    poll_fn(|cx| link.poll_flush_out(cx)).await?;
    let mut seen = Vec::new();
    loop {
        let chunk = poll_fn(|cx| link.poll_chunk(cx)).await?;
        seen.extend_from_slice(&chunk.bytes);
        if contains_status(&seen) {
            return Ok(());
        }
        let keep = seen.len().saturating_sub(16);
        seen.drain(..keep);
    }
}

/// What has to be done to a device before its first request. What does not work is not made up for: the ladder comes
/// when it is needed.
///
/// # Errors
/// [`usb::Error::Gone`].
pub(super) async fn reset_first<S: Site>(site: &S, how: Reset) -> Result<(), Error> {
    let done = match how {
        Reset::None => return Ok(()),
        Reset::Soft => match open(site.device(), site.function(), site.sending()).await {
            Ok(_claimed) => usb::soft_reset(site.device(), site.function().interface).await.map_err(Error::from),
            Err(error) => Err(error),
        },
        Reset::Hard => within(RESET_LIMIT, site.device().reset()).await.map_err(Error::from),
    };
    match done {
        Err(error) if error.is_gone() => Err(error),
        Err(error) => {
            info!(?how, %error, "the reset before the first request failed");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Throws away what came in before a request was sent: it can't be its answer.
pub(super) async fn discard_stale(link: &mut Link) -> Result<usize, Error> {
    let stale = poll_fn(|cx| {
        // A zero-length packet behind the last response is no sign of anything.
        for _ in 0..2 {
            match link.poll_chunk(cx) {
                Poll::Ready(Ok(chunk)) if chunk.bytes.is_empty() => {}
                Poll::Ready(Ok(chunk)) => return Poll::Ready(Ok(chunk.bytes.len())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => break,
            }
        }
        Poll::Ready(Ok(0))
    })
    .await?;
    if stale == 0 {
        return Ok(0);
    }
    match timeout_at(Instant::now() + DRAIN_LIMIT * 2, link.drain(QUIET, DRAIN_LIMIT)).await {
        Ok(Ok(more)) => Ok(stale + more),
        Ok(Err(DrainError::Usb(error))) => Err(error.into()),
        Ok(Err(DrainError::Endless { .. })) | Err(_) => Err(Error::Endless { after: DRAIN_LIMIT }),
    }
}
