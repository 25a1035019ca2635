//! The one document that the printer reads. Strict: namespaces, elements, nothing beside them.

use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// ns of root A's elements, and of `JobType` in both \[C, Smart Tank 750\].
pub(super) const IPDYN: &str = "http://www.hp.com/schemas/imaging/con/ledm/internalprintdyn/2008/03/21";
/// ns of root B \[C, HPLIP\].
pub(super) const IPCAP: &str = "http://www.hp.com/schemas/imaging/con/ledm/internalprintcap/2008/03/21";

/// Which root a request had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    A,
    B,
}

/// The root and the job type of an internal print request; `None` for anything else.
pub(super) fn internal_print(document: &[u8]) -> Option<(Root, String)> {
    let text = std::str::from_utf8(document).ok()?;
    let mut reader = NsReader::from_str(text);
    let mut path: Vec<(String, String)> = Vec::new();
    let mut root = None;
    let mut job_type: Option<String> = None;
    loop {
        let (namespace, event) = reader.read_resolved_event().ok()?;
        match event {
            Event::Start(element) | Event::Empty(element) if path.len() >= 2 => {
                let _ = element;
                return None;
            }
            Event::Start(element) => {
                let ResolveResult::Bound(namespace) = namespace else { return None };
                let name = (namespace.as_ref().to_owned(), element.local_name().as_ref().to_owned());
                match (path.len(), name.0.as_str(), name.1.as_str()) {
                    (0, IPDYN, "InternalPrintDyn") if root.is_none() => root = Some(Root::A),
                    (0, IPCAP, "InternalPrintCap") if root.is_none() => root = Some(Root::B),
                    (1, IPDYN, "JobType") if job_type.is_none() => job_type = Some(String::new()),
                    _ => return None,
                }
                path.push(name);
            }
            Event::End(_) => {
                path.pop()?;
            }
            Event::Text(text) => match (path.len(), job_type.as_mut()) {
                (2, Some(job_type)) => job_type.push_str(&text.xml10_content()),
                _ if text.trim_ascii().is_empty() => {}
                _ => return None,
            },
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof => break,
            _ => return None,
        }
    }
    let job_type = job_type?.trim().to_owned();
    let known = !job_type.is_empty() && job_type.len() <= 64 && job_type.bytes().all(|b| b.is_ascii_alphanumeric());
    if known && path.is_empty() { Some((root?, job_type)) } else { None }
}
