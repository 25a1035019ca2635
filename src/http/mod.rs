//! HTTP/1.1 over links: exchanges, and the pool of a printer's links.
