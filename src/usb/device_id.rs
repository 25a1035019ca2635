//! The IEEE 1284 device id. Pure.
