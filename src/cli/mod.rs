//! A D-Bus client: the command line.
