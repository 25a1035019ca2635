//! Serves a printer to stock `usbip attach` over TCP.
