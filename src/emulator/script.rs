//! What hyper's server rightly refuses to send: responses that break off, double, never end.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;

use crate::usb::Direction;

use super::function::Gadget;
use super::pipe::PrinterPipe;
use super::stream::Cutter;

/// One thing done on the IN endpoint.
pub(super) enum Step {
    /// Write bytes.
    Bytes(Bytes),
    /// Write bytes in pieces of this length, each its own transfer, so far apart.
    Pieces(Bytes, usize, Duration),
    /// Write this over and over.
    Forever(Bytes),
    /// End the transfer with a short or zero-length packet.
    End,
    /// A zero-length packet.
    Zero,
    /// Nothing more, until the host resets the interface.
    Hang,
    /// Nothing more, until the device is enumerated again.
    Wedge,
    /// Nothing more, until SOFT_RESET, or until the device is enumerated again.
    Deadlock,
    /// Wait until the host has read what was written.
    Taken,
    Stall(Direction),
    Unplug,
}

/// Plays it to its end.
pub(super) async fn play(steps: Vec<Step>, gadget: &Gadget, pipe: &PrinterPipe) {
    let mut cutter = Cutter::new(pipe.clone());
    for step in steps {
        match step {
            Step::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    cutter.room().await;
                    cutter.write(&bytes.split_to(bytes.len().min(64 * 1024)));
                }
            }
            Step::Pieces(mut bytes, length, apart) => {
                while !bytes.is_empty() {
                    cutter.room().await;
                    cutter.write(&bytes.split_to(bytes.len().min(length)));
                    cutter.flush(true);
                    if !apart.is_zero() {
                        sleep(apart).await;
                    }
                }
            }
            Step::Forever(bytes) => loop {
                cutter.room().await;
                cutter.write(&bytes);
                tokio::task::yield_now().await;
                if pipe.is_unplugged() {
                    return;
                }
            },
            Step::End => cutter.flush(true),
            Step::Zero => {
                cutter.flush(true);
                pipe.push(Bytes::new());
            }
            Step::Hang => pending().await,
            Step::Wedge => {
                gadget.wedged.store(true, std::sync::atomic::Ordering::Relaxed);
                pending().await
            }
            Step::Deadlock => {
                gadget.deadlocked.store(true, std::sync::atomic::Ordering::Relaxed);
                pending().await
            }
            Step::Taken => pipe.taken().await,
            Step::Stall(direction) => pipe.stall(direction),
            Step::Unplug => gadget.unplug(),
        }
    }
    cutter.flush(true);
}
