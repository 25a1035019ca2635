//! One task that gives a registrar its orders, in order, and tells what it says.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::agent::Clock;
use crate::setup::flow::{News, Order, Ticket};
use crate::wps::registrar::event::Event;
use crate::wps::registrar::{Error, Registrar, Started};

/// News that wait for the flow, which takes them at once.
const NEWS: usize = 16;
/// The longest that a registrar may take for one order; they have shorter deadlines of their own.
const ORDER: Duration = Duration::from_secs(15);

/// The end that gives orders.
pub(super) struct Desk {
    orders: mpsc::UnboundedSender<(Ticket, Order)>,
    news: mpsc::Receiver<(Ticket, News)>,
    /// Ends with the desk.
    tasks: JoinSet<()>,
}

/// The next news; none where there is no desk.
pub(super) async fn next(desk: &mut Option<Desk>) -> Option<(Ticket, News)> {
    desk.as_mut()?.news.recv().await
}

impl Desk {
    /// Begins to work with this registrar.
    pub(super) fn open(registrar: Arc<dyn Registrar>, clock: &Arc<dyn Clock>) -> Self {
        let (orders, taken) = mpsc::unbounded_channel();
        let (tell, news) = mpsc::channel(NEWS);
        let mut tasks = JoinSet::new();
        tasks.spawn(Clerk { registrar, clock: Arc::clone(clock), tell, at_work: None }.work(taken));
        Self { orders, news, tasks }
    }

    pub(super) fn tell(&self, ticket: Ticket, order: Order) {
        let _ = self.orders.send((ticket, order));
    }

    /// Waits, for so long, until what was ordered is done: above all that nobody is let in any more.
    pub(super) async fn close(self) {
        let Self { orders, news, mut tasks } = self;
        drop((orders, news));
        if timeout(ORDER, tasks.join_next()).await.is_err() {
            tracing::warn!("the registrar did not hear in time that the set-up is over");
        }
    }
}

/// Who works there.
struct Clerk {
    registrar: Arc<dyn Registrar>,
    clock: Arc<dyn Clock>,
    tell: mpsc::Sender<(Ticket, News)>,
    /// What it says of the present order. Once that was canceled, nobody listens: a registrar reports our own cancel
    /// as a failure.
    at_work: Option<(Ticket, mpsc::Receiver<Event>)>,
}

impl Clerk {
    async fn work(mut self, mut orders: mpsc::UnboundedReceiver<(Ticket, Order)>) {
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some((ticket, order)) => self.carry_out(ticket, order).await,
                    None => return,
                },
                Some((ticket, event)) = said(&mut self.at_work) => {
                    if let Some(news) = news(&event) {
                        let _ = self.tell.send((ticket, news)).await;
                    }
                }
            }
        }
    }

    async fn carry_out(&mut self, ticket: Ticket, order: Order) {
        let done = match &order {
            Order::Cancel => {
                self.at_work = None;
                if let Err(error) = within(self.registrar.cancel()).await {
                    tracing::warn!(%error, "the registrar could not be told that the set-up is over");
                }
                return;
            }
            Order::Enrol(pin, until) => {
                match self.listen(ticket).await {
                    // No document proves which address the printer's radio uses, so nobody is named.
                    Ok(()) => within(self.registrar.start_pin(pin, self.left(*until), None)).await,
                    Err(error) => Err(error),
                }
            }
            Order::Again(pin, until) => within(self.registrar.start_pin(pin, self.left(*until), None)).await,
            Order::PushButton(_) => match self.listen(ticket).await {
                Ok(()) => within(self.registrar.start_button()).await,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = done {
            tracing::info!(%error, "the registrar did not do it");
            let news = if matches!(error, Error::Overlap) { News::Overlap } else { News::Unreachable };
            let _ = self.tell.send((ticket, news)).await;
        }
    }

    /// From now on what it says belongs to this order.
    async fn listen(&mut self, ticket: Ticket) -> Result<(), Error> {
        self.at_work = None;
        let events = match timeout(ORDER, self.registrar.events()).await {
            Ok(events) => events?,
            Err(_) => return Err(Error::NoAnswer { after: ORDER }),
        };
        self.at_work = Some((ticket, events));
        Ok(())
    }

    fn left(&self, until: Duration) -> Duration {
        until.saturating_sub(Duration::from_micros(self.clock.now().0))
    }
}

trait Done {}
impl Done for () {}
impl Done for Started {}

async fn within<T: Done>(order: impl Future<Output = Result<T, Error>>) -> Result<(), Error> {
    match timeout(ORDER, order).await {
        Ok(done) => done.map(drop),
        Err(_) => Err(Error::NoAnswer { after: ORDER }),
    }
}

async fn said(at_work: &mut Option<(Ticket, mpsc::Receiver<Event>)>) -> Option<(Ticket, Event)> {
    let (ticket, events) = at_work.as_mut()?;
    let ticket = *ticket;
    let event = events.recv().await;
    if event.is_none() {
        // It reports nothing (any more).
        *at_work = None;
    }
    Some((ticket, event?))
}

/// What an event means to the flow. What happens in runs that succeed too means nothing.
fn news(event: &Event) -> Option<News> {
    match event {
        // Any telephone may ask for a button; only a printer that wants a PIN is taken for ours.
        Event::EnrolleeSeen { device_type: Some(kind), password_id: 0, .. } if kind.is_printer() => Some(News::Seen),
        Event::RegSuccess { .. } | Event::Success => Some(News::Succeeded),
        Event::Fail(failure) => Some(News::Failed {
            message: Some(failure.message),
            config_error: Some(failure.config_error.number()),
        }),
        Event::Timeout => Some(News::TimedOut),
        Event::Overlap => Some(News::Overlap),
        Event::Terminating | Event::Gone(_) => Some(News::Unreachable),
        Event::EnrolleeSeen { .. }
        | Event::PinNeeded { .. }
        | Event::PbcActive
        | Event::PbcDisable
        | Event::PinActive
        // Somebody else's: ours is not listened to. The PIN is given again all the same.
        | Event::Cancel
        | Event::M2d { .. }
        // Against registrars from outside; it admits nevertheless.
        | Event::SetupLocked
        | Event::SetupUnlocked
        | Event::StationJoined(_)
        | Event::StationLeft(_)
        | Event::EapFailure
        | Event::Unknown { .. }
        | Event::Missed(_) => None,
    }
}
