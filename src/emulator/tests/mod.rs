//! The printer, asked by raw bytes over the memory bus: nothing of the agent's side is used.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cdm;
mod faults;
mod lab_radio;
mod pages;
mod pml;
mod radio;
mod resources;
mod services;
mod wire;

use std::future::poll_fn;
use std::sync::Arc;

use crate::usb::descriptor::{Channel, Endpoint, Function};
use crate::usb::{self, Bus as _, Device, Direction, Error, Pipe};

use super::*;

/// Interface `number` with this alternate setting, as the models have them.
pub(super) fn function(number: u8, alternate: u8) -> Function {
    let endpoint = |address| Endpoint { address, max_packet: 512 };
    Function {
        configuration: 1,
        interface: number,
        alternate,
        channel: Channel::IppUsb,
        bulk_in: endpoint(0x81 + number),
        bulk_out: endpoint(1 + number),
    }
}

pub(super) struct Lab {
    pub printer: Printer,
    pub bus: Bus,
    pub address: usb::Address,
    pub device: Arc<dyn Device>,
    /// Where the pages go, until the test ends.
    _folder: tempfile::TempDir,
}

/// A printer on a memory bus, opened.
pub(super) async fn lab(model: Model, change: impl FnOnce(&mut Options)) -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options { pages: folder.path().to_owned(), ..Options::default() };
    change(&mut options);
    let printer = Printer::new(model, options);
    let bus = Bus::new();
    let address = bus.plug(&printer);
    let device = bus.open(address).await.unwrap();
    Lab { printer, bus, address, device, _folder: folder }
}

impl Lab {
    /// The interface that speaks HTTP in this model.
    pub async fn link(&self) -> Link {
        let function = match self.printer.model() {
            Model::Legacy => function(0, 0),
            Model::LaserJet | Model::Patched => function(1, 0),
            _ => function(0, 1),
        };
        Link(self.device.claim(function).await.unwrap())
    }
}

/// A claimed interface, one transfer at a time.
pub(super) struct Link(pub Box<dyn Pipe>);

impl Link {
    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.submit(Direction::Out, bytes.to_vec()).unwrap();
        let done = poll_fn(|cx| self.0.poll_complete(Direction::Out, cx)).await;
        assert_eq!((done.actual, done.status), (bytes.len(), Ok(())));
    }

    /// One IN transfer.
    pub async fn receive(&mut self, length: usize) -> Result<Vec<u8>, Error> {
        self.0.submit(Direction::In, vec![0; length]).map_err(|(_, error)| error)?;
        let mut done = poll_fn(|cx| self.0.poll_complete(Direction::In, cx)).await;
        done.status?;
        done.buffer.truncate(done.actual);
        Ok(done.buffer)
    }

    /// Transfers until one is not full: one write of the device.
    pub async fn response(&mut self) -> String {
        let mut all = Vec::new();
        loop {
            let part = self.receive(4096).await.unwrap();
            all.extend_from_slice(&part);
            if part.len() < 4096 {
                return String::from_utf8(all).unwrap();
            }
        }
    }

    pub async fn get(&mut self, path: &str) -> String {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await;
        self.response().await
    }

    pub async fn post(&mut self, path: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n");
        self.send(format!("{head}{body}").as_bytes()).await;
        self.response().await
    }
}

/// What nginx on an inkjet wants to see before it takes a POST.
pub(super) const XHR: &str = "Content-Type: text/xml; charset=utf-8\r\nX-Requested-With: XMLHttpRequest\r\nOrigin: http://localhost\r\nReferer: http://localhost/\r\n";

/// Root A, with a prefix of its own.
pub(super) fn root_a(job_type: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><x:InternalPrintDyn xmlns:x=\"http://www.hp.com/schemas/imaging/con/ledm/internalprintdyn/2008/03/21\"><x:JobType>{job_type}</x:JobType></x:InternalPrintDyn>"
    )
}

/// Root B, as HPLIP sends it.
pub(super) fn root_b(job_type: &str) -> String {
    format!(
        "<ipcap:InternalPrintCap xmlns:ipcap=\"http://www.hp.com/schemas/imaging/con/ledm/internalprintcap/2008/03/21\" xmlns:ipdyn=\"http://www.hp.com/schemas/imaging/con/ledm/internalprintdyn/2008/03/21\"><ipdyn:JobType>{job_type}</ipdyn:JobType></ipcap:InternalPrintCap>"
    )
}

pub(super) fn status_line(response: &str) -> &str {
    response.lines().next().unwrap_or_default()
}
