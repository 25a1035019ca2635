//! `plugprint emulate --count`: many printers of one model in this kernel. An order begins with whom it is for.

use std::ops::RangeInclusive;

use serde_json::json;

use crate::emulator::{Fault, Model, Options, Order, Printer, vhci};

use super::args::Emulate;
use super::emulate::orders;
use super::exit::Error;
use super::job::Interrupts;
use super::output::{Output, plain};

/// One of many.
struct One {
    printer: Printer,
    plugged: Option<vhci::Plugged>,
}

impl One {
    fn plug(&mut self) -> Result<(), Error> {
        self.plugged = None;
        let plugged = vhci::plug(&self.printer).map_err(|error| {
            Error::of_job("Failed", &format!("A printer can't be plugged into this kernel: {error}."))
        })?;
        self.plugged = Some(plugged);
        Ok(())
    }

    fn unplug(&mut self) {
        self.plugged = None;
        self.printer.unplug();
    }
}

/// Runs them until `quit` or Ctrl-C. They lie there unplugged at first; their serial numbers end in their number,
/// from 1 on. Orders are `WHO fault NAME`, `WHO unplug`, `WHO replug`, with `all`, a number or `FIRST-LAST` as WHO.
///
/// # Errors
/// [`Error::File`] and the like where the kernel says no.
pub(super) async fn run(
    args: &Emulate,
    model: Model,
    fault: Option<Fault>,
    count: usize,
    output: Output,
) -> Result<(), Error> {
    let serial = args.serial.as_deref().unwrap_or(model.serial());
    let mut crowd: Vec<One> = (1..=count)
        .map(|number| {
            let serial = Some(format!("{serial}-{number:03}"));
            let options = Options { pages: args.pages.clone(), fault, serial, ..Options::default() };
            One { printer: Printer::new(model, options), plugged: None }
        })
        .collect();
    let say = |text: String| {
        if output.is_json() { output.json(&json!({ "event": "done", "order": text })) } else { output.line(text) }
    };
    let mut interrupts = Interrupts::new()?;
    let mut orders = orders();
    say(format!("{count} printers"))?;
    loop {
        tokio::select! {
            Some(line) = orders.recv() => {
                let line = line.trim();
                if line == "quit" {
                    return Ok(());
                }
                let result = obey(&mut crowd, line);
                say(match result {
                    Ok(()) => format!("done: {}", plain(line)),
                    Err(why) => format!("error: {}", plain(&why)),
                })?;
            }
            () = interrupts.next() => return Ok(()),
        }
    }
}

fn obey(crowd: &mut [One], line: &str) -> Result<(), String> {
    let (who, order) = line.split_once(' ').ok_or("an order begins with whom it is for")?;
    let who = whom(who, crowd.len()).ok_or_else(|| format!("nobody here is {who}"))?;
    let order = Order::parse(order).map_err(|error| error.to_string())?;
    for one in crowd.get_mut(who).unwrap_or_default() {
        match &order {
            Some(Order::Fault(fault)) => one.printer.set_fault(*fault),
            Some(Order::Unplug) => one.unplug(),
            Some(Order::Replug) => one.plug().map_err(|error| error.to_string())?,
            _ => return Err("many printers know fault, unplug and replug".into()),
        }
    }
    Ok(())
}

/// Indices of `all`, `N` or `N-M`, which count from 1.
fn whom(text: &str, count: usize) -> Option<RangeInclusive<usize>> {
    let (first, last) = match text.split_once('-') {
        _ if text == "all" => (1, count),
        Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
        None => (text.parse().ok()?, text.parse().ok()?),
    };
    (1 <= first && first <= last && last <= count).then(|| first - 1..=last - 1)
}

#[cfg(test)]
mod tests {
    use super::whom;

    #[test]
    fn whom_an_order_is_for() {
        assert_eq!(whom("all", 64), Some(0..=63));
        assert_eq!(whom("1", 64), Some(0..=0));
        assert_eq!(whom("3-64", 64), Some(2..=63));
        for nobody in ["0", "65", "4-3", "", "1-", "every"] {
            assert_eq!(whom(nobody, 64), None, "{nobody}");
        }
    }
}
