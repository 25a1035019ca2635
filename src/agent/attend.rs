//! One task for each device, as long as it is plugged in: opens it, recognises it, asks it what it can do, and
//! asks again after a failure. It never holds up anything but itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::agent::custody::Stance;
use crate::agent::event::{DeviceNews, Event, Trouble, Visit};
use crate::agent::memory::Memory;
use crate::agent::registry::Aside;
use crate::agent::view::{State, Transport};
use crate::agent::{ErrorKind, Failure, fault, ipp_usb};
use crate::blame::Party;
use crate::hp::ledm;
use crate::http;
use crate::printer::probe::{self, Recognised};
use crate::printer::quirks::Book;
use crate::usb::{self, Arrival, Bus};

/// A printer is busy for several seconds after power-on or replug (seen on a DeskJet 3750 [C]).
const FIRST_BACK_OFF: Duration = Duration::from_secs(2);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);
/// Failures in a row that may mean that it is only starting.
const PATIENCE: u32 = 5;
/// Attempts to open a device or to read its descriptors.
const LOOKS: u32 = 5;
/// How long an exchange that is under way may take to end by itself when its printer is let go.
const GRACE: Duration = Duration::from_millis(500);
/// How long a printer's links may take to drain when they are given back.
const LET_GO: Duration = Duration::from_millis(1500);

/// How long exchanges that are under way may take to end when somebody else wants the printer. The one who asks
/// waits meanwhile, and a D-Bus call waits 25 s at most.
const LET_GO_PATIENCE: Duration = Duration::from_secs(10);

const DEAF: &str = "The printer has interfaces for IPP over USB, and answers every request on them with 404. It is left to its legacy driver until it is plugged in again. If its newer firmware can do it: install that, then plug it in again.";

/// What an attending task is given.
pub(super) struct Attendance {
    pub(super) visit: Visit,
    pub(super) arrival: Arrival,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) news: mpsc::UnboundedSender<Event>,
    /// Unplugged, or the agent stops.
    pub(super) gone: CancellationToken,
    /// What is known of single models.
    pub(super) quirks: Book,
    /// What was found out about single printers.
    pub(super) memory: Memory,
    /// Somebody wants it asked again.
    pub(super) again: Arc<Notify>,
    /// Whether it is ours to drive.
    pub(super) stance: watch::Receiver<Stance>,
    /// Whether ipp-usb runs.
    pub(super) ipp_usb: watch::Receiver<Option<bool>>,
    /// Whether ipp-usb would drive it, too. Known with what the device is.
    pub(super) rivalry: bool,
}

/// Why a printer is not driven any more.
enum Left {
    /// The registry wishes it. Nothing is claimed any more.
    LetGo,
    /// Its links are dead as if it had been unplugged.
    Lost,
    /// ipp-usb has started. Nothing is claimed any more.
    IppUsb,
    /// It answers everything with 404.
    Deaf,
}

/// How long the news may take that a printer whose links are dead was unplugged. Without it the device is still
/// there, and was reset by somebody else: the kernel then takes our interfaces from us, and the handle with them.
const LOST: Duration = Duration::from_secs(1);

/// Ends when the device is gone, or turns out to be no printer.
pub(super) async fn attend(mut attendance: Attendance) {
    let gone = attendance.gone.clone();
    let Some((recognised, device)) = gone.run_until_cancelled(look(&attendance)).await.flatten() else { return };
    let mut device = Some(device);
    attendance.rivalry = ipp_usb::drives(Path::new("/"), &recognised, attendance.arrival.address);
    attendance.tell(DeviceNews::Recognised(Box::new(recognised.clone())));
    if recognised.mute.is_some() {
        // Nothing to ask it. The device is closed, so that usb_modeswitch or the kernel can have it.
        return;
    }
    loop {
        let Some(device) = gone.run_until_cancelled(attendance.turn(&mut device)).await else { return };
        let manner = attendance.memory.manner(&attendance.arrival, &recognised);
        let restraint = attendance.memory.restraint(&attendance.arrival.topology, &recognised.id);
        let pool = http::Pool::restrained(device, recognised.functions.clone(), manner, restraint);
        attendance.tell(DeviceNews::Driving(pool.clone()));
        let (visit, news) = (attendance.visit, attendance.news.clone());
        let driven = async {
            tokio::select! {
                left = drive(&mut attendance, &pool, &recognised) => left,
                left = follow(visit, &news, &pool) => left,
            }
        };
        match gone.run_until_cancelled(driven).await {
            Some(Left::LetGo) => attendance.tell(DeviceNews::LetGo),
            Some(Left::Lost) => {
                drop(pool);
                if gone.run_until_cancelled(tokio::time::sleep(LOST)).await.is_none() {
                    return;
                }
                tracing::info!(address = %attendance.arrival.address, "the device is still there, and is opened again");
            }
            Some(Left::IppUsb) => {}
            Some(Left::Deaf) => {
                pool.close(GRACE).await;
                drop(pool);
                gone.run_until_cancelled(attendance.deaf()).await;
                return;
            }
            None => {
                if timeout(LET_GO, pool.close(GRACE)).await.is_err() {
                    tracing::warn!(address = %attendance.arrival.address, "the printer did not let go in time");
                }
                return;
            }
        }
    }
}

impl Attendance {
    fn tell(&self, news: DeviceNews) {
        // The registry listens as long as the agent runs; after that nobody needs to know.
        let _ = self.news.send(Event::Device(self.visit, news));
    }

    /// Waits until it is ours to drive. It is closed meanwhile.
    async fn turn(&mut self, device: &mut Option<Arc<dyn usb::Device>>) -> Arc<dyn usb::Device> {
        self.until(|stance| stance != Stance::Undecided).await;
        if *self.stance.borrow() != Stance::Drive {
            *device = None;
        }
        let mut back_off = BackOff::default();
        let mut may_be_coming = self.rivalry;
        loop {
            self.until(|stance| stance == Stance::Drive).await;
            if self.rivalry && self.ipp_usb_runs().await {
                *device = None;
                self.tell(DeviceNews::Aside(Box::new(ipp_usb::aside())));
                let mut ipp_usb = self.ipp_usb.clone();
                let goes = async {
                    // Where nobody watches any more the agent is ending.
                    if ipp_usb.wait_for(|runs| *runs == Some(false)).await.is_err() {
                        std::future::pending().await
                    }
                };
                tokio::select! {
                    () = goes => {}
                    _ = self.stance.changed() => {}
                }
                continue;
            }
            if std::mem::take(&mut may_be_coming) && ipp_usb::is_coming(Path::new("/"), self.arrival.address) {
                tracing::debug!(address = %self.arrival.address, "ipp-usb is about to start");
                let _ = timeout(ipp_usb::START, self.ipp_usb.wait_for(|runs| *runs == Some(true))).await;
                continue;
            }
            if let Some(device) = device.take() {
                return device;
            }
            match self.bus.open(self.arrival.address).await {
                Ok(device) => return device,
                Err(error) => {
                    self.tell(DeviceNews::Trouble(Trouble { failure: fault::of_usb(&error), lasting: true }));
                    let _ = timeout(back_off.next(), self.again.notified()).await;
                }
            }
        }
    }

    /// Whether ipp-usb runs, as soon as that is known.
    async fn ipp_usb_runs(&mut self) -> bool {
        self.ipp_usb.wait_for(Option::is_some).await.is_ok_and(|runs| *runs == Some(true))
    }

    /// Leaves it to its legacy driver until it is plugged in again, and says so whenever nothing else is to be said.
    async fn deaf(&mut self) {
        loop {
            self.until(|stance| stance == Stance::Drive).await;
            let failure = Failure::new(ErrorKind::NotSupported, Party::Printer, DEAF);
            let aside = Aside { state: State::Failed, transport: Transport::Usb, failure };
            self.tell(DeviceNews::Aside(Box::new(aside)));
            self.until(|stance| stance != Stance::Drive).await;
        }
    }

    async fn until(&mut self, it_is: impl Fn(Stance) -> bool) {
        if self.stance.wait_for(|stance| it_is(*stance)).await.is_err() {
            // The registry is gone, and with it whoever could want something.
            std::future::pending().await
        }
    }
}

/// Drives a printer until it is to be let go.
async fn drive(attendance: &mut Attendance, pool: &http::Pool, recognised: &Recognised) -> Left {
    let mut stance = attendance.stance.clone();
    let mut ipp_usb = attendance.ipp_usb.clone();
    let rivalry = attendance.rivalry;
    let rival = async {
        if !rivalry || ipp_usb.wait_for(|runs| *runs == Some(true)).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(rival);
    let asking = ask(attendance, pool, recognised);
    tokio::pin!(asking);
    let lost = async {
        if !pool.closed().await.is_gone() {
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(lost);
    loop {
        let let_go = async {
            // What was seen here once is not seen again: only a new wish is a reason for a new attempt.
            while *stance.borrow_and_update() != Stance::LetGo {
                if stance.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            pool.end_when_unused(LET_GO_PATIENCE).await
        };
        let ended = tokio::select! {
            ended = let_go => ended,
            () = &mut lost => return Left::Lost,
            () = &mut asking => return Left::Deaf,
            () = &mut rival => {
                // It resets the printer every two seconds until it has it: there is no time to wait for others.
                pool.close(GRACE).await;
                return Left::IppUsb;
            }
        };
        if ended {
            return Left::LetGo;
        }
        attendance.tell(DeviceNews::StillInUse);
        tokio::select! {
            _ = stance.changed() => {}
            () = &mut lost => return Left::Lost,
            () = &mut asking => return Left::Deaf,
            () = &mut rival => {
                pool.close(GRACE).await;
                return Left::IppUsb;
            }
        }
    }
}

/// Finds out what the device is. `None`: no printer.
async fn look(attendance: &Attendance) -> Option<(Recognised, Arc<dyn usb::Device>)> {
    let mut back_off = BackOff::default();
    loop {
        match recognise(attendance).await {
            Ok(None) => {
                attendance.tell(DeviceNews::NotAPrinter);
                return None;
            }
            Ok(Some(found)) => return Some(found),
            Err(usb::Error::Gone) => return None,
            Err(error) => {
                let address = attendance.arrival.address;
                // Before it could be opened nobody knows whether it is a printer: nothing to show to users.
                if matches!(error, usb::Error::AccessDenied) || back_off.failures() + 1 >= LOOKS {
                    tracing::warn!(%address, %error, "a USB device can't be looked at; it is ignored until replugged");
                    attendance.tell(DeviceNews::NotAPrinter);
                    return None;
                }
                tracing::debug!(%address, %error, "a USB device can't be looked at yet");
                tokio::time::sleep(back_off.next()).await;
            }
        }
    }
}

async fn recognise(attendance: &Attendance) -> Result<Option<(Recognised, Arc<dyn usb::Device>)>, usb::Error> {
    let device = attendance.bus.open(attendance.arrival.address).await?;
    let may_reset = || attendance.memory.may_reset(&attendance.arrival);
    let recognised = probe::recognise(device.as_ref(), &attendance.arrival, &attendance.quirks, may_reset).await?;
    let Some(mut recognised) = recognised else { return Ok(None) };
    attendance.memory.recall(&recognised.id, &mut recognised.quirks);
    Ok(Some((recognised, device)))
}

/// Asks the printer what it can do, at first and whenever it is wanted; after a failure, until it answers.
/// No timer runs once it has answered. Ends where it answers everything with 404.
async fn ask(attendance: &Attendance, pool: &http::Pool, recognised: &Recognised) {
    loop {
        let mut back_off = BackOff::default();
        loop {
            attendance.tell(DeviceNews::Asking);
            // Boxed, so that a printer that has answered does not go on to hold the room for all its questions.
            match Box::pin(probe::inquire(recognised, pool)).await {
                Ok(None) => return,
                Ok(Some(facts)) => {
                    attendance.tell(DeviceNews::Probed(Arc::new(facts)));
                    break;
                }
                // It is being let go: that is told by the one who does it.
                Err(ledm::Error::Http(http::Error::Closed)) => std::future::pending().await,
                Err(error) => {
                    let failure = fault::of_hp(&error);
                    let lasting = !fault::may_be_starting(&failure) || back_off.failures() + 1 >= PATIENCE;
                    if lasting && let Some(facts) = Box::pin(probe::by_ipp(recognised, pool, &failure.message)).await {
                        attendance.tell(DeviceNews::Probed(Arc::new(facts)));
                        break;
                    }
                    let wait = back_off.next();
                    attendance.tell(DeviceNews::Trouble(Trouble { failure, lasting }));
                    let _ = timeout(wait, attendance.again.notified()).await;
                }
            }
        }
        attendance.again.notified().await;
    }
}

/// Tells what the links go through.
async fn follow(visit: Visit, news: &mpsc::UnboundedSender<Event>, pool: &http::Pool) -> Left {
    let tell = |told| {
        let _ = news.send(Event::Device(visit, told));
    };
    let (mut troubles, mut learned) = (pool.troubles(), pool.learned());
    loop {
        tokio::select! {
            changed = troubles.changed() => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
                let recovering = *troubles.borrow_and_update() > 0;
                tell(DeviceNews::Recovering(recovering));
            }
            Ok(()) = learned.changed() => tell(DeviceNews::OneLink),
        }
    }
}

/// 2, 4, 8, 16, 32, 60, 60 … seconds.
#[derive(Default)]
struct BackOff(u32);

impl BackOff {
    fn failures(&self) -> u32 {
        self.0
    }

    fn next(&mut self) -> Duration {
        let wait = FIRST_BACK_OFF.saturating_mul(2_u32.saturating_pow(self.0)).min(LONGEST_BACK_OFF);
        self.0 = self.0.saturating_add(1);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_longer_each_time_up_to_a_minute() {
        let mut back_off = BackOff::default();
        let waits: Vec<u64> = (0..8).map(|_| back_off.next().as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
    }
}
