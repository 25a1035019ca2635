//! One task for each device, as long as it is plugged in: opens it, recognises it, asks it what it can do, and
//! asks again after a failure. It never holds up anything but itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::agent::event::{DeviceNews, Event, Trouble, Visit};
use crate::agent::fault;
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
    /// Somebody wants it asked again.
    pub(super) again: Arc<Notify>,
}

/// Ends when the device is gone, or turns out to be no printer.
pub(super) async fn attend(attendance: Attendance) {
    let gone = attendance.gone.clone();
    let Some(recognised) = gone.run_until_cancelled(look(&attendance)).await.flatten() else { return };
    let Some(pool) = recognised else {
        // Nothing to ask it. The device is closed, so that usb_modeswitch or the kernel can have it.
        return;
    };
    gone.run_until_cancelled(ask(&attendance, &pool.0, &pool.1)).await;
    if timeout(LET_GO, pool.0.close(GRACE)).await.is_err() {
        tracing::warn!(address = %attendance.arrival.address, "the printer did not let go in time");
    }
}

impl Attendance {
    fn tell(&self, news: DeviceNews) {
        // The registry listens as long as the agent runs; after that nobody needs to know.
        let _ = self.news.send(Event::Device(self.visit, news));
    }
}

/// Finds out what the device is. `None`: no printer; `Some(None)`: one that has no HTTP as it is.
async fn look(attendance: &Attendance) -> Option<Option<(http::Pool, Recognised)>> {
    let mut back_off = BackOff::default();
    loop {
        match recognise(attendance).await {
            Ok(None) => {
                attendance.tell(DeviceNews::NotAPrinter);
                return None;
            }
            Ok(Some((recognised, device))) => {
                let pool = recognised.mute.is_none().then(|| {
                    let manner = recognised.quirks.manner.clone();
                    http::Pool::with_manner(device, recognised.functions.clone(), manner)
                });
                attendance.tell(DeviceNews::Recognised(Box::new(recognised.clone()), pool.clone()));
                return Some(pool.map(|pool| (pool, recognised)));
            }
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
    let Some(mut recognised) = probe::recognise(device.as_ref(), &attendance.arrival).await? else { return Ok(None) };
    let Arrival { vendor_id, product_id, .. } = attendance.arrival;
    recognised.quirks = attendance.quirks.of(vendor_id, product_id, Some(&recognised.model));
    Ok(Some((recognised, device)))
}

/// Asks the printer what it can do, at first and whenever it is wanted; after a failure, until it answers.
/// No timer runs once it has answered.
async fn ask(attendance: &Attendance, pool: &http::Pool, recognised: &Recognised) {
    loop {
        let mut back_off = BackOff::default();
        loop {
            attendance.tell(DeviceNews::Asking);
            match probe::inquire(recognised, pool).await {
                Ok(facts) => {
                    attendance.tell(DeviceNews::Probed(Arc::new(facts)));
                    break;
                }
                Err(error) => {
                    let failure = fault::of_ledm(&error);
                    let lasting = !fault::may_be_starting(&failure) || back_off.failures() + 1 >= PATIENCE;
                    let wait = back_off.next();
                    attendance.tell(DeviceNews::Trouble(Trouble { failure, lasting }));
                    let _ = timeout(wait, attendance.again.notified()).await;
                }
            }
        }
        attendance.again.notified().await;
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
