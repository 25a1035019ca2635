//! How long things may take, and why so long.

use std::time::Duration;

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A printer that left USB may come back so long; a DeskJet 3750 does when its radio comes on \[C\].
pub const AWAY: Duration = seconds(60);
/// Between two looks.
pub(super) const POLL: Duration = seconds(3);
/// The longest that a small question to the printer takes.
pub(super) const LOOK: Duration = seconds(30);
/// The radio is told, and comes.
pub(super) const POWER: Duration = seconds(60);
/// A scan answers 202 for up to ten times 3 s \[C: HPLIP\].
pub(super) const SCAN: Duration = seconds(90);
/// A profile is taken.
pub(super) const WRITE: Duration = seconds(60);
/// "Up to two minutes", says HPLIP of joining \[C\].
pub(super) const VERIFY: Duration = seconds(120);
/// Between two questions why it is not there, at least. HPLIP asks it again and again as well while it waits \[C\].
pub(super) const WHY: Duration = seconds(5);
/// The longest that the answer to it takes: the next look is of more worth.
pub(super) const WHY_PATIENCE: Duration = seconds(10);
/// A wrong passphrase that was said so long, without a word between, is one: a wpa_supplicant whose handshake failed by
/// chance tries again after 10 s, and gets in then \[C: hostap 2.10, wpas_auth_failed()\].
pub(super) const STANDS: Duration = seconds(30);
/// The same of a printer that does not say why it can't join: there the second chance counts too, 20 s after the first.
pub(super) const STANDS_UNSAID: Duration = seconds(45);
/// And so often, at least.
pub(super) const TIMES: u32 = 4;
/// A last look after time is up: what happened in the last moment counts.
pub(super) const LAST_LOOK: Duration = seconds(15);
/// Associated when time is up: the address may still come.
pub(super) const ADDRESS: Duration = seconds(60);
/// Reading or writing a PIN.
pub(super) const PIN: Duration = seconds(60);
/// A page: whoever has to fetch paper first can.
pub(super) const PRINT: Duration = seconds(600);
/// A person looks up a password.
pub(super) const ASK: Duration = seconds(300);
/// A button that is lit can be pressed for 30 s \[C: HPLIP\]; some printers answer only then \[I\].
pub(super) const PRESS: Duration = seconds(75);
/// A person reads a page, or goes to the printer or to the router.
pub(super) const ERRAND: Duration = seconds(600);
/// The walk time of Wi-Fi Simple Configuration 2.0: so long two buttons have, and so long a PIN is good whose
/// lifetime is not told.
pub const WALK: Duration = seconds(120);
/// A registrar holds a PIN no longer (hostap's external registrar has the same).
pub(super) const HOLD: Duration = seconds(300);
/// A PIN is told to others for the walk time only, so it is given again before that; 110 s at the latest.
pub(super) const AGAIN: Duration = seconds(100);
/// Reading the PIN may have begun the session \[I\]; where it did not, a person has to.
pub(super) const PATIENCE: Duration = seconds(10);
/// A person may mistype so often.
pub(super) const TRIES: u32 = 3;
/// The longest that one way takes, with all its questions.
pub const ONE_WAY: Duration = seconds(40 * 60);
