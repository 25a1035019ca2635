//! What a request means and what is answered, all but the document's way (RFC 8011, 4; PWG 5100.11; PWG 5100.13).

use super::attributes::{self, CREATION, View, keywords, one};
use super::jobs::{JobState, Outcome, Refusal};
use super::message::{Attribute, Group, JOB, Malformed, Message, OPERATION, PRINTER, UNSUPPORTED, Value};
use super::spool::Paperwork;
use super::wifi;

macro_rules! operations {
    ($($variant:ident = $id:literal,)+) => {
        /// operation-id (RFC 8011, 5.4.15; PWG 5100.11, 10.3; PWG 5100.13, 10.2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Operation { $($variant = $id,)+ }

        impl Operation {
            /// Everything that this printer does, in the order it says so.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            pub fn id(self) -> u16 {
                self as u16
            }
        }
    };
}

operations! {
    PrintJob = 0x0002,
    ValidateJob = 0x0004,
    CreateJob = 0x0005,
    SendDocument = 0x0006,
    CancelJob = 0x0008,
    GetJobAttributes = 0x0009,
    GetJobs = 0x000a,
    GetPrinterAttributes = 0x000b,
    SetPrinterAttributes = 0x0013,
    CancelMyJobs = 0x0039,
    CloseJob = 0x003b,
    IdentifyPrinter = 0x003c,
}

impl Operation {
    /// Fax takes no Print-Job (PWG 5100.15, 4.1), and nothing is set up through it.
    pub fn offered(self, fax: bool) -> bool {
        !(fax && matches!(self, Self::PrintJob | Self::SetPrinterAttributes))
    }
}

/// status-code (RFC 8011, 13.1).
pub(super) mod status {
    pub const OK: u16 = 0x0000;
    pub const IGNORED_OR_SUBSTITUTED: u16 = 0x0001;
    pub const BAD_REQUEST: u16 = 0x0400;
    pub const FORBIDDEN: u16 = 0x0401;
    pub const NOT_AUTHORIZED: u16 = 0x0403;
    pub const NOT_POSSIBLE: u16 = 0x0404;
    pub const NOT_FOUND: u16 = 0x0406;
    pub const FORMAT_NOT_SUPPORTED: u16 = 0x040a;
    pub const ATTRIBUTES_OR_VALUES: u16 = 0x040b;
    pub const CHARSET_NOT_SUPPORTED: u16 = 0x040d;
    pub const CONFLICTING: u16 = 0x040e;
    pub const COMPRESSION_NOT_SUPPORTED: u16 = 0x040f;
    pub const FORMAT_ERROR: u16 = 0x0411;
    /// client-error-attributes-not-settable (RFC 3380, 7.1).
    pub const NOT_SETTABLE: u16 = 0x0413;
    pub const OPERATION_NOT_SUPPORTED: u16 = 0x0501;
    pub const VERSION_NOT_SUPPORTED: u16 = 0x0503;
    pub const BUSY: u16 = 0x0507;
    pub const JOB_CANCELED: u16 = 0x0508;
    pub const MULTIPLE_DOCUMENTS: u16 = 0x0509;
}

/// An answer that is not good, with the attributes that were not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct No {
    pub status: u16,
    pub unsupported: Vec<Attribute>,
}

impl From<u16> for No {
    fn from(status: u16) -> Self {
        Self { status, unsupported: Vec::new() }
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::from(match refusal {
            Refusal::NotFound => status::NOT_FOUND,
            Refusal::NotPossible => status::NOT_POSSIBLE,
            Refusal::SecondDocument => status::MULTIPLE_DOCUMENTS,
            Refusal::Canceled => status::JOB_CANCELED,
            Refusal::NotYours => status::FORBIDDEN,
            Refusal::Busy => status::BUSY,
        })
    }
}

/// How a request goes on after its attributes.
#[derive(Debug)]
pub(super) enum Course {
    /// The answer.
    Answer(Vec<u8>),
    /// A document follows, for this job.
    Document(Box<Pending>),
}

/// What waits for a document.
#[derive(Debug)]
pub(super) struct Pending {
    pub paperwork: Paperwork,
    request: Message,
    /// What was not taken of the job's attributes.
    unsupported: Vec<Attribute>,
}

/// An answer to a request of which only the first eight octets can be read.
pub(super) fn bare(start: ((u8, u8), u16, i32), status: u16) -> Vec<u8> {
    let (version, _, request_id) = start;
    answer(&Message { version, code: 0, request_id, groups: Vec::new() }, status, Vec::new())
}

/// The answer with its operation attributes (RFC 8011, 4.1.4), in the request's version where that is known.
fn answer(request: &Message, code: u16, groups: Vec<Group>) -> Vec<u8> {
    let version = match request.version {
        version @ (1, 0 | 1) | version @ (2, 0) => version,
        (1, _) => (1, 1),
        _ => (2, 0),
    };
    let mut operation = vec![
        one("attributes-charset", Value::Charset("utf-8".to_owned())),
        one("attributes-natural-language", Value::Language("en".to_owned())),
    ];
    if code >= 0x0100 {
        operation.push(one("status-message", Value::Text(format!("refused with 0x{code:04x}"))));
    }
    let mut all = vec![Group { tag: OPERATION, attributes: operation }];
    all.extend(groups.into_iter().filter(|group| !group.attributes.is_empty() || group.tag != UNSUPPORTED));
    Message { version, code, request_id: request.request_id, groups: all }.write()
}

fn refusal(request: &Message, no: No) -> Vec<u8> {
    let groups = vec![Group { tag: UNSUPPORTED, attributes: no.unsupported }];
    answer(request, no.status, groups)
}

/// What is done with a request whose attributes have come. `data` says whether anything follows them.
pub(super) fn begin(view: View<'_>, head: &[u8], data: bool) -> Result<Course, Malformed> {
    let start = Message::start(head).ok_or(Malformed("it breaks off"))?;
    // RFC 8011, 4.1.8: the version is looked at before anything else.
    if !matches!(start.0.0, 1 | 2) {
        return Ok(Course::Answer(bare(start, status::VERSION_NOT_SUPPORTED)));
    }
    let Ok(request) = Message::read(head) else {
        return Ok(Course::Answer(bare(start, status::BAD_REQUEST)));
    };
    Ok(match dispatch(view, &request, data) {
        Ok(Step::Groups(code, groups)) => Course::Answer(answer(&request, code, groups)),
        Ok(Step::Document(paperwork, unsupported)) => {
            Course::Document(Box::new(Pending { paperwork: *paperwork, request, unsupported }))
        }
        Err(no) => Course::Answer(refusal(&request, no)),
    })
}

enum Step {
    Groups(u16, Vec<Group>),
    Document(Box<Paperwork>, Vec<Attribute>),
}

fn dispatch(view: View<'_>, request: &Message, data: bool) -> Result<Step, No> {
    let operation = operation_attributes(request)?;
    let known = Operation::ALL.iter().find(|known| known.id() == request.code && known.offered(view.fax));
    let known = known.ok_or(status::OPERATION_NOT_SUPPORTED)?;
    // RFC 8011, 4.1.5: every operation here has printer-uri, or for a job job-uri.
    let target = operation.text("printer-uri").or_else(|| operation.text("job-uri")).ok_or(status::BAD_REQUEST)?;
    let path = path_of(target).ok_or(status::BAD_REQUEST)?;
    if !(path == view.path() || path == "/" || path == "/ipp" || path.starts_with(&format!("{}/", view.path()))) {
        return Err(status::NOT_FOUND.into());
    }
    let user = operation.text("requesting-user-name").unwrap_or("anonymous").to_owned();
    match known {
        Operation::GetPrinterAttributes => {
            let wanted = operation.get("requested-attributes");
            format(view, operation)?;
            let attributes = attributes::requested(wanted, attributes::all(view));
            Ok(Step::Groups(status::OK, vec![Group { tag: PRINTER, attributes }]))
        }
        Operation::ValidateJob => {
            let (code, _, unsupported) = wishes(view, request, operation)?;
            Ok(Step::Groups(code, vec![Group { tag: UNSUPPORTED, attributes: unsupported }]))
        }
        Operation::PrintJob => {
            let (_, wishes, unsupported) = wishes(view, request, operation)?;
            if !data {
                return Err(status::BAD_REQUEST.into());
            }
            let id = create(view, operation, &user, wishes)?;
            let mut queue = view.printer.services().jobs();
            queue.receive(id, &user, blocked(view))?;
            drop(queue);
            Ok(Step::Document(Box::new(paperwork(view, operation, id, &user)), unsupported))
        }
        Operation::CreateJob => {
            let (code, wishes, unsupported) = wishes(view, request, operation)?;
            let id = create(view, operation, &user, wishes)?;
            let job = submitted(view, id).ok_or(status::NOT_FOUND)?;
            Ok(Step::Groups(code, vec![Group { tag: UNSUPPORTED, attributes: unsupported }, job]))
        }
        Operation::SendDocument => send_document(view, operation, &user, data),
        Operation::CancelJob => {
            view.printer.services().jobs().cancel(job_id(operation)?, &user, blocked(view))?;
            Ok(Step::Groups(status::OK, Vec::new()))
        }
        Operation::CloseJob => {
            view.printer.services().jobs().close(job_id(operation)?, &user, blocked(view))?;
            Ok(Step::Groups(status::OK, Vec::new()))
        }
        Operation::CancelMyJobs => cancel_my_jobs(view, operation, &user),
        Operation::GetJobAttributes => {
            let wanted = operation.get("requested-attributes");
            let attributes = job_attributes(view, job_id(operation)?).ok_or(status::NOT_FOUND)?;
            let attributes = requested_of_job(wanted, "all", attributes);
            Ok(Step::Groups(status::OK, vec![Group { tag: JOB, attributes }]))
        }
        Operation::GetJobs => get_jobs(view, operation, &user),
        Operation::SetPrinterAttributes => {
            wifi::set(view, request)?;
            Ok(Step::Groups(status::OK, Vec::new()))
        }
        Operation::IdentifyPrinter => {
            // PWG 5100.13, 4.1: an action that it has not is an error; without any it does its default.
            let known = view.printer.facts().identify;
            let asked = operation.get("identify-actions").map_or(&[][..], |actions| &actions.values);
            if !asked.iter().all(|action| action.text().is_some_and(|action| known.contains(&action))) {
                return Err(status::ATTRIBUTES_OR_VALUES.into());
            }
            let asked = asked.iter().filter_map(Value::text);
            let done: Vec<&str> =
                if asked.clone().next().is_none() { known.iter().copied().take(1).collect() } else { asked.collect() };
            view.printer.log(format!("IDENTIFY {}", done.join(" ")));
            Ok(Step::Groups(status::OK, Vec::new()))
        }
    }
}

/// RFC 8011, 4.1.1 and 4.1.4: the request id is not 0, charset and language come first, in this order.
fn operation_attributes(request: &Message) -> Result<&Group, No> {
    let operation = request.groups.first().filter(|group| group.tag == OPERATION).ok_or(status::BAD_REQUEST)?;
    let first =
        |at: usize| operation.attributes.get(at).map(|attribute| (attribute.name.as_str(), &attribute.values[..]));
    let (
        Some(("attributes-charset", [Value::Charset(charset)])),
        Some(("attributes-natural-language", [Value::Language(_)])),
    ) = (first(0), first(1))
    else {
        return Err(status::BAD_REQUEST.into());
    };
    if request.request_id <= 0 || request.groups.iter().skip(1).any(|group| group.tag == OPERATION) {
        return Err(status::BAD_REQUEST.into());
    }
    if !["utf-8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known)) {
        return Err(status::CHARSET_NOT_SUPPORTED.into());
    }
    Ok(operation)
}

/// The path of an ipp, ipps, http or https URI.
fn path_of(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    matches!(scheme, "ipp" | "ipps" | "http" | "https")
        .then(|| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"))
}

fn job_id(operation: &Group) -> Result<i32, No> {
    if let Some(Value::Integer(id)) = operation.get("job-id").and_then(|attribute| attribute.values.first()) {
        return Ok(*id);
    }
    let uri = operation.text("job-uri").ok_or(status::BAD_REQUEST)?;
    uri.rsplit_once('/').and_then(|(_, id)| id.parse().ok()).ok_or_else(|| status::NOT_FOUND.into())
}

fn blocked(view: View<'_>) -> bool {
    view.printer.blocked().is_some()
}

/// document-format and compression (RFC 8011, 4.2.1.1).
fn format(view: View<'_>, operation: &Group) -> Result<(), No> {
    let unsupported =
        |name: &str, status| No { status, unsupported: operation.get(name).cloned().into_iter().collect() };
    if let Some(format) = operation.get("document-format") {
        let text = format.values.first().and_then(Value::text).unwrap_or_default();
        if !view.print.formats.iter().any(|known| known.eq_ignore_ascii_case(text)) {
            return Err(unsupported("document-format", status::FORMAT_NOT_SUPPORTED));
        }
    }
    match operation.text("compression") {
        None | Some("none" | "gzip" | "deflate") => Ok(()),
        Some(_) => Err(unsupported("compression", status::COMPRESSION_NOT_SUPPORTED)),
    }
}

/// The job's attributes against what the printer supports (RFC 8011, 4.1.7). What it can't do is left out, or
/// with ipp-attribute-fidelity refuses the job. Gives the status, what is taken, and what is not.
fn wishes(view: View<'_>, request: &Message, operation: &Group) -> Result<(u16, Vec<Attribute>, Vec<Attribute>), No> {
    format(view, operation)?;
    let own = attributes::all(view);
    let given: Vec<Attribute> =
        request.groups.iter().filter(|group| group.tag == JOB).flat_map(|group| group.attributes.clone()).collect();
    let (mut taken, mut unsupported) = (Vec::new(), Vec::new());
    for attribute in given {
        if !CREATION.contains(&attribute.name.as_str()) {
            unsupported.push(one(&attribute.name, Value::UNSUPPORTED));
        } else if attribute.values.iter().all(|value| supports(&own, &attribute.name, value)) {
            taken.push(attribute);
        } else {
            unsupported.push(attribute);
        }
    }
    let fidelity = operation.get("ipp-attribute-fidelity").is_some_and(|given| given.values == [Value::Boolean(true)]);
    match unsupported.is_empty() {
        true => Ok((status::OK, taken, unsupported)),
        false if fidelity => Err(No { status: status::ATTRIBUTES_OR_VALUES, unsupported }),
        false => Ok((status::IGNORED_OR_SUBSTITUTED, taken, unsupported)),
    }
}

/// Whether a value is among, or within, what x-supported says.
fn supports(own: &[Attribute], name: &str, value: &Value) -> bool {
    let supported = format!("{name}-supported");
    let Some(supported) = own.iter().find(|attribute| attribute.name == supported) else { return false };
    supported.values.iter().any(|known| match (known, value) {
        (Value::Range(low, high), Value::Integer(value)) => (low..=high).contains(&value),
        (Value::Boolean(known), Value::Range(low, high)) => *known && *low >= 1 && low <= high,
        // What a collection holds is not looked into; its name is known.
        (_, Value::Collection(_)) => true,
        (Value::Keyword(known), Value::Keyword(value) | Value::Name(value)) => known == value,
        (known, value) => known == value,
    }) || (name == "media" && custom_media(value))
}

/// `custom_NAME_WxHUNIT` (PWG 5101.1, 5.3): the sizes between custom_min and custom_max are not checked.
fn custom_media(value: &Value) -> bool {
    value.text().is_some_and(|text| text.starts_with("custom_") && (text.ends_with("mm") || text.ends_with("in")))
}

fn create(view: View<'_>, operation: &Group, user: &str, wishes: Vec<Attribute>) -> Result<i32, No> {
    let name = operation.text("job-name").or_else(|| operation.text("document-name")).unwrap_or("untitled").to_owned();
    let mut queue = view.printer.services().jobs();
    Ok(queue.create(view.fax, user.to_owned(), name, wishes, blocked(view))?)
}

fn paperwork(view: View<'_>, operation: &Group, id: i32, user: &str) -> Paperwork {
    let owned = |name: &str, other: &str| operation.text(name).unwrap_or(other).to_owned();
    let mut queue = view.printer.services().jobs();
    let job = queue.get(id, blocked(view));
    Paperwork {
        id,
        fax: view.fax,
        user: user.to_owned(),
        name: job.map_or_else(String::new, |job| job.name.clone()),
        format: owned("document-format", "application/octet-stream"),
        compression: owned("compression", "none"),
        attributes: job.map_or_else(Vec::new, |job| job.attributes.clone()),
    }
}

/// RFC 8011, 4.3.1. One document a job: a second one gets server-error-multiple-document-jobs-not-supported.
fn send_document(view: View<'_>, operation: &Group, user: &str, data: bool) -> Result<Step, No> {
    let id = job_id(operation)?;
    let last = match operation.get("last-document").map(|last| &last.values[..]) {
        Some([Value::Boolean(last)]) => *last,
        _ => return Err(status::BAD_REQUEST.into()),
    };
    format(view, operation)?;
    if !data {
        if !last {
            return Err(status::BAD_REQUEST.into());
        }
        view.printer.services().jobs().close(id, user, blocked(view))?;
        let job = submitted(view, id).ok_or(status::NOT_FOUND)?;
        return Ok(Step::Groups(status::OK, vec![job]));
    }
    view.printer.services().jobs().receive(id, user, blocked(view))?;
    Ok(Step::Document(Box::new(paperwork(view, operation, id, user)), Vec::new()))
}

/// PWG 5100.11, 4.3: those of the named jobs that are the user's, or all of the user's.
fn cancel_my_jobs(view: View<'_>, operation: &Group, user: &str) -> Result<Step, No> {
    let mut queue = view.printer.services().jobs();
    let mine = queue.cancelable(user, blocked(view));
    let named = operation.get("job-ids").map(|ids| ids.values.clone());
    let chosen: Vec<i32> = match &named {
        None => mine,
        Some(ids) if ids.iter().all(|id| matches!(id, Value::Integer(id) if mine.contains(id))) => {
            mine.into_iter().filter(|id| ids.contains(&Value::Integer(*id))).collect()
        }
        Some(ids) => {
            let foreign: Vec<Value> =
                ids.iter().filter(|id| !matches!(id, Value::Integer(id) if mine.contains(id))).cloned().collect();
            return Err(No { status: status::NOT_POSSIBLE, unsupported: vec![Attribute::new("job-ids", foreign)] });
        }
    };
    for id in chosen {
        queue.cancel(id, user, blocked(view))?;
    }
    Ok(Step::Groups(status::OK, Vec::new()))
}

/// RFC 8011, 4.2.6: not-completed where nothing is said, with `job-id` and `job-uri` only.
fn get_jobs(view: View<'_>, operation: &Group, user: &str) -> Result<Step, No> {
    let which = operation.text("which-jobs").unwrap_or("not-completed");
    if !matches!(which, "completed" | "not-completed" | "all") {
        let unsupported = vec![keywords("which-jobs", &[which])];
        return Err(No { status: status::ATTRIBUTES_OR_VALUES, unsupported });
    }
    let my_jobs = operation.get("my-jobs").is_some_and(|mine| mine.values == [Value::Boolean(true)]);
    let limit = match operation.get("limit").and_then(|limit| limit.values.first()) {
        Some(Value::Integer(limit)) => {
            usize::try_from(*limit).ok().filter(|limit| *limit > 0).ok_or(status::BAD_REQUEST)?
        }
        _ => usize::MAX,
    };
    let wanted = operation.get("requested-attributes");
    let (uri, blocked) = (view.uri(), blocked(view));
    let mut queue = view.printer.services().jobs();
    let up_time = queue.up_time();
    let jobs = queue.all(blocked).iter().filter(|job| job.fax == view.fax && (!my_jobs || job.user == user));
    let jobs = jobs.filter(|job| match which {
        "completed" => job.state(blocked).is_over(),
        "not-completed" => !job.state(blocked).is_over(),
        _ => true,
    });
    let group = |job: &super::jobs::Job| Group {
        tag: JOB,
        attributes: requested_of_job(wanted, "", job.attributes(&uri, up_time, blocked)),
    };
    // Completed jobs come newest first.
    let groups: Vec<Group> = if which == "not-completed" {
        jobs.take(limit).map(group).collect()
    } else {
        let mut jobs: Vec<_> = jobs.collect();
        jobs.reverse();
        jobs.into_iter().take(limit).map(group).collect()
    };
    Ok(Step::Groups(status::OK, groups))
}

/// `requested-attributes` of jobs; where it is missing `default` holds, and nothing is `job-id` and `job-uri`.
fn requested_of_job(wanted: Option<&Attribute>, default: &str, attributes: Vec<Attribute>) -> Vec<Attribute> {
    let names: Vec<&str> =
        wanted.map_or_else(|| vec![default], |wanted| wanted.values.iter().filter_map(Value::text).collect());
    let asked = |attribute: &Attribute| {
        let template = CREATION.contains(&attribute.name.as_str()) && attribute.name != "job-name";
        names.iter().any(|name| match *name {
            "" => matches!(attribute.name.as_str(), "job-id" | "job-uri"),
            "all" => true,
            "job-template" => template,
            "job-description" => !template,
            _ => *name == attribute.name,
        })
    };
    attributes.into_iter().filter(asked).collect()
}

fn job_attributes(view: View<'_>, id: i32) -> Option<Vec<Attribute>> {
    let (uri, blocked) = (view.uri(), blocked(view));
    let mut queue = view.printer.services().jobs();
    let up_time = queue.up_time();
    let job = queue.get(id, blocked).filter(|job| job.fax == view.fax)?;
    Some(job.attributes(&uri, up_time, blocked))
}

/// What Print-Job, Create-Job and Send-Document say of the job (RFC 8011, 4.2.1.2).
fn submitted(view: View<'_>, id: i32) -> Option<Group> {
    const SAID: [&str; 5] = ["job-id", "job-uri", "job-state", "job-state-reasons", "job-state-message"];
    let mut attributes = job_attributes(view, id)?;
    attributes.retain(|attribute| SAID.contains(&attribute.name.as_str()));
    Some(Group { tag: JOB, attributes })
}

impl Pending {
    /// The answer once the document has ended; with `None` while it is still on its way.
    pub fn answer(self, view: View<'_>, ended: Option<(JobState, Outcome)>) -> Vec<u8> {
        let code = match &ended {
            None | Some((JobState::Completed, _)) if self.unsupported.is_empty() => status::OK,
            None | Some((JobState::Completed, _)) => status::IGNORED_OR_SUBSTITUTED,
            Some((JobState::Canceled, _)) => status::JOB_CANCELED,
            Some(_) => status::FORMAT_ERROR,
        };
        let mut groups = vec![Group { tag: UNSUPPORTED, attributes: self.unsupported }];
        groups.extend(submitted(view, self.paperwork.id));
        answer(&self.request, code, groups)
    }
}
