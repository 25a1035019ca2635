//! A link: one claimed interface as a byte stream in both directions.
