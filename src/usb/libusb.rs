//! The only file that names rusb.
