//! The same in PML, which can do one thing, and tells nothing.

use super::Error;
use crate::hp::pml::{self, Page};
use crate::http;

pub(super) async fn print(pool: &http::Pool, page: &Page) -> Result<(), Error> {
    Ok(pml::print(pool, page).await?)
}
