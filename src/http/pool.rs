//! A printer's links, lent one exchange at a time.

mod loan;
mod ration;
mod site;

use std::any::Any;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ::http::{Request, Response};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, RwLock, RwLockReadGuard, Semaphore, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::{debug, warn};

use super::body::{RequestBody, ResponseBody};
use super::call::{Call, Deadlines, Reply};
use super::crowd::Crowd;
use super::error::Error;
use super::exchange::{self, HeadSender, Outcome, Outgoing};
use super::fetch;
use super::manner::{Manner, Reset};
use super::recovery::{self, Debt, Drained};
use super::restraint::{Force, Restraint};
use super::slots::{Choice, State};
use crate::usb;
use crate::usb::descriptor::Function;
use crate::usb::link::Sending;

use ration::{Turnstile, Withheld};
use site::At;

/// A claimed link that nobody used for so long is let go, so that other programs get the interface.
const IDLE: Duration = Duration::from_secs(2);
/// The most links of one printer in use at once: these devices take a couple of requests at a time [C hp.md 1], and
/// with three, one may print and one scan while a third one asks for the status.
const MOST_LINKS: usize = 3;
/// How long the release of interfaces that nobody uses may take, before the computer's sleep.
const RELEASE: Duration = Duration::from_millis(700);
/// After the grace of [`Pool::close`]: how long aborted ones may take to let go.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// Something that a caller keeps as long as his exchange has a link: an extension of the request. A link that the
/// printer keeps busy is in use also when who asked has left.
#[derive(Clone)]
pub struct Held(pub Arc<dyn Any + Send + Sync>);

/// A printer's links. Nothing is claimed before the first need, and what was claimed is let go 2 s after the
/// last exchange; then nothing of it runs. Cheap to clone; all clones are the same pool.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    device: Arc<dyn usb::Device>,
    manner: Manner,
    state: Mutex<State>,
    /// How many may be in use at once.
    links: usize,
    /// Whether it stands several at once.
    crowd: Mutex<Crowd>,
    withheld: Mutex<Withheld>,
    /// It was found out that it stands only one.
    learned: watch::Sender<bool>,
    /// What comes before the first request was done.
    prepared: OnceCell<()>,
    /// An exchange has gone well.
    answered: AtomicBool,
    /// One permit per link that may be in use; first come, first served.
    permits: Arc<Semaphore>,
    /// Held shared by each exchange, alone by whoever does something to the whole device.
    in_use: Arc<RwLock<()>>,
    /// Nothing begins while the computer sleeps: has `in_use` alone, or is the first in the queue for it.
    resting: Mutex<Option<AbortOnDropHandle<()>>>,
    /// The same for the steps of recovery that concern one link.
    steps: RwLock<()>,
    /// How far recovery may go.
    restraint: Restraint,
    /// How many links are in trouble that took more than a drain.
    troubles: watch::Sender<usize>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Pool {
    /// A pool of these functions of the device, best first. Claims nothing.
    #[must_use]
    pub fn new(device: Arc<dyn usb::Device>, functions: Vec<Function>) -> Self {
        Self::with_manner(device, functions, Manner::default())
    }

    /// Likewise, of a printer that has to be spoken to in a manner of its own.
    #[must_use]
    pub fn with_manner(device: Arc<dyn usb::Device>, functions: Vec<Function>, manner: Manner) -> Self {
        Self::restrained(device, functions, manner, Restraint::default())
    }

    /// Likewise, of one of which is remembered what recovery has done before.
    #[must_use]
    pub fn restrained(
        device: Arc<dyn usb::Device>,
        functions: Vec<Function>,
        manner: Manner,
        restraint: Restraint,
    ) -> Self {
        let state = State::new(functions);
        let most = manner.most_links.map_or(MOST_LINKS, |most| most.clamp(1, MOST_LINKS));
        let links = state.alike().clamp(1, most);
        Self(Arc::new(Inner {
            device,
            crowd: Mutex::new(Crowd::new(links == 1)),
            withheld: Mutex::default(),
            learned: watch::Sender::new(false),
            prepared: OnceCell::new(),
            answered: AtomicBool::new(false),
            manner,
            permits: Arc::new(Semaphore::new(links)),
            links,
            state: Mutex::new(state),
            in_use: Arc::default(),
            resting: Mutex::default(),
            steps: RwLock::new(()),
            restraint,
            troubles: watch::Sender::new(0),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// One exchange. Gives the head of the response as soon as it is there, then its body. The link returns by
    /// itself once the response is read to its end, also when the caller drops the body, or this future. A
    /// request body that is all there is sent to its end even then; a stream that fails is aborted, and never completed.
    ///
    /// The path goes out in origin form; `Host: localhost` is added where there is none (IPP over USB 1.0, 6.2).
    ///
    /// # Errors
    /// See [`Error`]; what goes wrong after the head comes out of the body.
    pub async fn exchange(
        &self,
        mut request: Request<RequestBody>,
        deadlines: Deadlines,
    ) -> Result<Response<ResponseBody>, Error> {
        let held = request.extensions_mut().remove::<Held>();
        let mut outgoing = Outgoing::new(request)?;
        outgoing.in_manner(&self.0.manner, !self.0.answered.load(Ordering::Relaxed));
        let give_up = Instant::now() + deadlines.link;
        let occupied = Error::Occupied { after: deadlines.link };
        let permit = match timeout_at(give_up, Arc::clone(&self.0.permits).acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(self.0.ended()),
            Err(_) => return Err(occupied),
        };
        let (sender, mut head) = oneshot::channel();
        let turn = Arc::new(Turn::default());
        let inner = Arc::clone(&self.0);
        // A task, so that no link is lost when the caller goes.
        self.0.tasks.spawn(inner.serve(permit, outgoing, deadlines, sender, Arc::clone(&turn), held));
        if let Ok(head) = timeout_at(give_up, &mut head).await {
            return head.unwrap_or_else(|_| Err(self.0.ended()));
        }
        if turn.give_up() {
            return Err(occupied);
        }
        head.await.unwrap_or_else(|_| Err(self.0.ended()))
    }

    /// One small document, whole and unpacked. A GET that is answered with 202 is repeated until it is answered
    /// otherwise; a repeatable call that is answered with 503 is sent again, ever less often; a GET
    /// whose response came to harm is sent once more.
    ///
    /// # Errors
    /// See [`Error`]. Any status other than 202 to a GET and 503 is a [`Reply`].
    pub async fn fetch(&self, call: Call) -> Result<Reply, Error> {
        fetch::fetch(self, call).await
    }

    /// Lets go for a while: running exchanges have `grace` to end, others wait, and the interfaces are released. An
    /// exchange that does not end goes on, and whatever becomes of it is its own matter; others wait all the same.
    pub async fn rest(&self, grace: Duration) {
        let in_use = Arc::clone(&self.0.in_use);
        let (tell, quiet) = oneshot::channel();
        let alone = tokio::spawn(async move {
            let _alone = in_use.write_owned().await;
            let _ = tell.send(());
            std::future::pending().await
        });
        self.0.resting().replace(AbortOnDropHandle::new(alone));
        let _ = timeout(grace, quiet).await;
        self.0.release_idle();
        // The kernel is told by a thread apart.
        let _ = timeout(RELEASE, self.0.device.released()).await;
    }

    /// Ends [`Pool::rest`].
    pub fn resume(&self) {
        self.0.resting().take();
    }

    /// Nothing works any more: it was closed, or the printer is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.state().ended().is_some()
    }

    /// Ends the pool: no new exchanges; running ones have `grace` to end by themselves, then they are aborted; the
    /// interfaces are released. The printer can be taken over by another program when this returns.
    pub async fn close(&self, grace: Duration) {
        self.0.end(Error::Closed);
        self.resume();
        self.0.tasks.close();
        if timeout(grace, self.0.tasks.wait()).await.is_err() {
            self.0.closing.cancel();
            if timeout(CLOSE_LIMIT, self.0.tasks.wait()).await.is_err() {
                warn!("an exchange did not let go of its link");
            }
        }
        self.0.closing.cancel();
        self.0.release_idle();
        // Pipes give their interfaces back by themselves, a little later.
        if timeout(CLOSE_LIMIT, self.0.device.released()).await.is_err() {
            warn!("the kernel has not taken every interface back yet");
        }
    }

    /// Ends the pool as soon as no exchange runs; those that come meanwhile wait. Whether it did: where one still runs
    /// after `limit`, the pool goes on as if nothing had been asked.
    pub async fn end_when_unused(&self, limit: Duration) -> bool {
        let Ok(alone) = timeout(limit, self.0.in_use.write()).await else { return false };
        self.0.end(Error::Closed);
        drop(alone);
        self.close(Duration::ZERO).await;
        true
    }

    /// Nothing is done to the whole device for so long, also if it answers nothing: no step of recovery that concerns
    /// all links.
    pub fn spare(&self, period: Duration) {
        self.0.restraint.spare(Instant::now() + period);
    }

    /// How many exchanges can run at once.
    #[must_use]
    pub fn links(&self) -> usize {
        if *self.0.learned.borrow() { 1 } else { self.0.links }
    }

    /// Becomes true when it was found out that the printer stands only one link in use at a time.
    #[must_use]
    pub fn learned(&self) -> watch::Receiver<bool> {
        self.0.learned.subscribe()
    }

    /// How many links are being brought back by more than a drain. Ends with the pool.
    #[must_use]
    pub fn troubles(&self) -> watch::Receiver<usize> {
        self.0.troubles.subscribe()
    }

    /// Ends when the pool does: it was closed, or the printer is gone. Gives why.
    pub async fn closed(&self) -> Error {
        self.0.closing.cancelled().await;
        self.0.ended()
    }
}

/// Who was first: the caller that gives up waiting, or the task that begins to send.
#[derive(Default)]
struct Turn(AtomicU8);

impl Turn {
    const STARTED: u8 = 1;
    const GIVEN_UP: u8 = 2;

    fn start(&self) -> bool {
        self.0.compare_exchange(0, Self::STARTED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn give_up(&self) -> bool {
        self.0.compare_exchange(0, Self::GIVEN_UP, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// A link for one exchange.
struct Leased<'a> {
    slot: usize,
    link: Drained,
    /// Nobody does anything to the whole device while this is held.
    in_use: RwLockReadGuard<'a, ()>,
    generation: u64,
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> Error {
        self.state().ended().unwrap_or(Error::Closed)
    }

    /// No exchange begins any more.
    fn end(&self, why: Error) {
        self.state().end(why);
        self.permits.close();
    }

    /// The cable is out: everybody is told at once.
    fn note_gone(&self, error: &Error) {
        if error.is_gone() {
            self.end(error.clone());
            self.closing.cancel();
        }
    }

    async fn serve(
        self: Arc<Self>,
        permit: OwnedSemaphorePermit,
        outgoing: Outgoing,
        mut deadlines: Deadlines,
        mut head: HeadSender,
        turn: Arc<Turn>,
        held: Option<Held>,
    ) {
        // Given back, or withheld, at the end of this whatever happens.
        let permit = Turnstile { inner: &self, permit: Some(permit) };
        let Leased { slot, link, in_use, mut generation } = match self.lease(&mut head).await {
            Ok(lease) => lease,
            Err(error) => {
                self.note_gone(&error);
                // Where the pool ended meanwhile, that is the better reason.
                let error = self.state().ended().unwrap_or(error);
                let _ = head.send(Err(error));
                return;
            }
        };
        if head.is_closed() || !turn.start() {
            self.give_back(slot, link, generation);
            return;
        }
        if !self.manner.request_delay.is_zero() {
            sleep(self.manner.request_delay).await;
        }
        if let Some(longer) = self.manner.init_timeout
            && !self.answered.load(Ordering::Relaxed)
        {
            deadlines.head = deadlines.head.max(longer);
        }
        let number = self.crowd().begin(&outgoing.what());
        let outcome = exchange::run(link, outgoing, deadlines, head, &self.closing).await;
        drop((in_use, held));
        let failures = self.judge(number, &outcome);
        match outcome {
            Outcome::Clean(link) => {
                self.state().was_deaf(slot, false);
                self.give_back(slot, link, generation);
            }
            Outcome::Dirty { link, mut debt, error } => {
                debug!(%error, ?debt, "the exchange did not end cleanly");
                let deaf = debt == Debt::Bytes && matches!(error, Error::NoAnswer { .. });
                let force = if failures > 0 { self.restraint.force(Instant::now()) } else { Force::Gentle };
                let again = self.state().was_deaf(slot, deaf) || failures > 1;
                if (again && deaf) || (force != Force::Gentle && debt == Debt::Bytes) {
                    // Once it may be busy; a drain does not show whether it hears at all.
                    debt = Debt::Answer;
                }
                self.note_gone(&error);
                if self.state().ended().is_some() {
                    drop(link);
                    self.state().let_go(slot);
                } else {
                    let Some(function) = self.state().function(slot) else { return };
                    let site = At { inner: &self, function };
                    let recovered = match link {
                        Some(link) => {
                            self.unless_closing(recovery::recover(&site, link, &mut debt, &mut generation, force)).await
                        }
                        None => self.unless_closing(recovery::reclaim(&site, &mut debt, &mut generation)).await,
                    };
                    match recovered {
                        Ok(link) => self.give_back(slot, link, generation),
                        Err(error) => self.quarantine(slot, debt, &error),
                    }
                }
            }
        }
        drop(permit);
    }

    fn resting(&self) -> MutexGuard<'_, Option<AbortOnDropHandle<()>>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sending(&self) -> Sending {
        let Manner { send_delay, send_delay_threshold, zlp_send, .. } = self.manner;
        Sending { delay: send_delay, threshold: send_delay_threshold, zero_packets: zlp_send }
    }

    /// What comes before the first request of all.
    async fn prepare(&self) -> Result<(), Error> {
        let prepare = async {
            let function = self.state().function(0);
            if let Some(function) = function
                && self.manner.init_reset != Reset::None
            {
                let site = At { inner: self, function };
                recovery::reset_first(&site, self.manner.init_reset).await?;
            }
            if !self.manner.init_delay.is_zero() {
                sleep(self.manner.init_delay).await;
            }
            Ok(())
        };
        self.prepared.get_or_try_init(|| prepare).await.copied()
    }

    /// A link that one may send on, with the assurance that nobody does anything to the whole device meanwhile.
    async fn lease(&self, head: &mut HeadSender) -> Result<Leased<'_>, Error> {
        let mut busy = Vec::new();
        let mut in_use = self.enter().await?;
        if !self.prepared.initialized() {
            self.unless_closing(self.prepare()).await?;
        }
        loop {
            let (choice, mut generation) = {
                let mut state = self.state();
                (state.choose(&busy, Instant::now)?, state.generation())
            };
            let (slot, link) = match choice {
                Choice::Idle(slot, link) => return Ok(Leased { slot, link, in_use, generation }),
                Choice::Claim(slot, function) => {
                    (slot, self.unless_closing(recovery::claim(&*self.device, function, self.sending())).await)
                }
                Choice::Reclaim(slot, function, mut debt) => {
                    drop(in_use);
                    let site = At { inner: self, function };
                    let link = self.unless_closing(recovery::reclaim(&site, &mut debt, &mut generation)).await;
                    in_use = self.enter().await?;
                    if link.is_ok() && self.state().generation() != generation {
                        // Somebody has done something to the whole device since.
                        drop(link);
                        self.state().let_go(slot);
                        continue;
                    }
                    match link {
                        Err(error) if error != Error::Usb(usb::Error::Busy) => {
                            self.quarantine(slot, debt, &error);
                            return Err(error);
                        }
                        link => (slot, link),
                    }
                }
                Choice::Wait(until) => {
                    drop(in_use);
                    tokio::select! {
                        () = sleep_until(until) => {}
                        () = head.closed() => return Err(Error::Closed),
                        () = self.closing.cancelled() => return Err(self.ended()),
                    }
                    in_use = self.enter().await?;
                    continue;
                }
            };
            match link {
                Ok(link) => {
                    self.state().recovered(slot);
                    return Ok(Leased { slot, link, in_use, generation });
                }
                Err(Error::Usb(usb::Error::Busy)) => {
                    self.state().let_go(slot);
                    busy.push(slot);
                }
                Err(error) if error.is_gone() || self.state().ended().is_some() => {
                    self.state().let_go(slot);
                    return Err(error);
                }
                Err(error) => {
                    debug!(%error, slot, "claimed, but not usable as it is");
                    self.state().suspect(slot, Instant::now());
                }
            }
        }
    }

    /// Waits until the device may be used as it is.
    async fn enter(&self) -> Result<RwLockReadGuard<'_, ()>, Error> {
        self.unless_closing(async { Ok(self.in_use.read().await) }).await
    }

    async fn unless_closing<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            outcome = future => outcome,
            () = self.closing.cancelled() => Err(self.ended()),
        }
    }

    fn give_back(self: &Arc<Self>, slot: usize, link: Drained, generation: u64) {
        let mut state = self.state();
        let surplus = state.give_back(slot, link, generation, Instant::now());
        let reap = surplus.is_none() && !std::mem::replace(&mut state.reaping, true);
        drop(state);
        // A release may take a while in the kernel: not under the lock.
        drop(surplus);
        if reap {
            tokio::spawn(reap_idle(Arc::downgrade(self)));
        }
    }

    fn quarantine(&self, slot: usize, debt: Debt, error: &Error) {
        self.note_gone(error);
        let until = self.state().quarantine(slot, debt, Instant::now());
        warn!(%error, pause_ms = until.as_millis() as u64, "a link could not be recovered and rests");
    }

    fn release_idle(&self) {
        let idle = self.state().take_idle(None);
        drop(idle);
    }
}

/// Lets go what nobody used for a while; ends when nothing is left to let go.
async fn reap_idle(pool: Weak<Inner>) {
    loop {
        let Some(inner) = pool.upgrade() else { return };
        let due = {
            let mut state = inner.state();
            let due = state.idle_since().map(|since| since + IDLE);
            if due.is_none() {
                state.reaping = false;
            }
            due
        };
        let Some(due) = due else { return };
        drop(inner);
        sleep_until(due).await;
        let Some(inner) = pool.upgrade() else { return };
        let idle = inner.state().take_idle(Instant::now().checked_sub(IDLE));
        if !idle.is_empty() {
            debug!(links = idle.len(), "idle links are let go");
        }
    }
}
