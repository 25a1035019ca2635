//! Whether a printer can be trusted with several requests at once. Pure: it is told when exchanges begin and how
//! they end.
//!
//! Some printers hang when two interfaces are in use together (ipp-usb's issues 26, 72 and 97). The evidence for that
//! is an exchange that fails in company, and the same request that goes well alone afterwards:
//!
//! ```text
//!  together ──one fails in company──▶ alone, for a trial ──the same goes well──▶ together again, one piece of evidence
//!                                       │     └─────────────────────────────────▶ alone for good, at the second piece
//!                                       └──it fails alone too, or is not asked again──▶ together, nothing proved
//! ```

use std::collections::BTreeMap;

/// Pieces of evidence that prove it.
const PROOF: u32 = 2;
/// Exchanges that go well in company and refute what evidence there is, and exchanges that a trial takes at most.
const ENOUGH: u32 = 20;
/// Requests that are under suspicion at once.
const SUSPECTS: usize = 4;

/// How an exchange ended, for this question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// With a whole response.
    Well,
    /// The printer had the whole request and did not answer it, or broke off.
    Failed,
    /// In a way that says nothing about the printer.
    Neither,
}

/// How many exchanges may run from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As before.
    AsBefore,
    /// One at a time, to see whether that helps.
    Alone,
    /// As many as there are links.
    Together,
    /// One at a time: it was proved.
    Learned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Together,
    /// A trial, with how many other exchanges have gone well in it.
    Trial(u32),
    Learned,
}

struct Running {
    what: String,
    /// Another one ran at the same time, for a while at least.
    company: bool,
}

pub(super) struct Crowd {
    phase: Phase,
    running: BTreeMap<u64, Running>,
    begun: u64,
    suspects: Vec<String>,
    evidence: u32,
    /// Went well in company since the last evidence.
    together: u32,
}

impl Crowd {
    /// `learned`: there are no two links to be used, or it is known already.
    pub(super) fn new(learned: bool) -> Self {
        Self {
            phase: if learned { Phase::Learned } else { Phase::Together },
            running: BTreeMap::new(),
            begun: 0,
            suspects: Vec::new(),
            evidence: 0,
            together: 0,
        }
    }

    /// An exchange begins. Gives its number.
    pub(super) fn begin(&mut self, what: &str) -> u64 {
        self.begun += 1;
        for other in self.running.values_mut() {
            other.company = true;
        }
        let company = !self.running.is_empty();
        self.running.insert(self.begun, Running { what: what.to_owned(), company });
        self.begun
    }

    /// It ends.
    pub(super) fn end(&mut self, number: u64, fate: Fate) -> Verdict {
        let Some(Running { what, company }) = self.running.remove(&number) else { return Verdict::AsBefore };
        match (self.phase, fate, company) {
            (Phase::Learned, ..) | (_, Fate::Neither, _) => Verdict::AsBefore,
            (_, Fate::Failed, true) => {
                if self.suspects.len() < SUSPECTS && !self.suspects.contains(&what) {
                    self.suspects.push(what);
                }
                self.phase = Phase::Trial(0);
                Verdict::Alone
            }
            (phase, Fate::Failed, false) => {
                // It fails without company: that is no question of links.
                self.suspects.clear();
                self.evidence = 0;
                self.together_again(phase)
            }
            (_, Fate::Well, true) => {
                self.together += 1;
                if self.together >= ENOUGH {
                    self.evidence = 0;
                }
                Verdict::AsBefore
            }
            (Phase::Together, Fate::Well, false) => Verdict::AsBefore,
            (phase @ Phase::Trial(others), Fate::Well, false) => {
                if self.suspects.contains(&what) {
                    self.suspects.clear();
                    self.together = 0;
                    self.evidence += 1;
                    if self.evidence >= PROOF {
                        self.phase = Phase::Learned;
                        return Verdict::Learned;
                    }
                    return self.together_again(phase);
                }
                if others + 1 >= ENOUGH {
                    self.suspects.clear();
                    return self.together_again(phase);
                }
                self.phase = Phase::Trial(others + 1);
                Verdict::AsBefore
            }
        }
    }

    fn together_again(&mut self, phase: Phase) -> Verdict {
        self.phase = Phase::Together;
        if phase == Phase::Together { Verdict::AsBefore } else { Verdict::Together }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both at once; the second one fails.
    fn clash(crowd: &mut Crowd) -> Verdict {
        let first = crowd.begin("POST /ipp/print");
        let second = crowd.begin("GET /eSCL/ScannerStatus");
        assert_eq!(crowd.end(first, Fate::Well), Verdict::AsBefore);
        crowd.end(second, Fate::Failed)
    }

    fn alone(crowd: &mut Crowd, what: &str, fate: Fate) -> Verdict {
        let number = crowd.begin(what);
        crowd.end(number, fate)
    }

    #[test]
    fn twice_failed_in_company_and_well_alone_is_proof() {
        let mut crowd = Crowd::new(false);
        assert_eq!(clash(&mut crowd), Verdict::Alone);
        assert_eq!(alone(&mut crowd, "GET /", Fate::Well), Verdict::AsBefore);
        assert_eq!(alone(&mut crowd, "GET /eSCL/ScannerStatus", Fate::Well), Verdict::Together);
        assert_eq!(clash(&mut crowd), Verdict::Alone);
        assert_eq!(alone(&mut crowd, "GET /eSCL/ScannerStatus", Fate::Well), Verdict::Learned);
        assert_eq!(clash(&mut crowd), Verdict::AsBefore);
    }

    #[test]
    fn what_fails_alone_too_proves_nothing() {
        let mut crowd = Crowd::new(false);
        for _ in 0..3 {
            assert_eq!(clash(&mut crowd), Verdict::Alone);
            assert_eq!(alone(&mut crowd, "GET /eSCL/ScannerStatus", Fate::Failed), Verdict::Together);
            assert_eq!(alone(&mut crowd, "GET /eSCL/ScannerStatus", Fate::Well), Verdict::AsBefore);
        }
    }

    #[test]
    fn a_printer_that_serves_many_at_once_between_two_failures_is_acquitted() {
        let mut crowd = Crowd::new(false);
        for _ in 0..3 {
            assert_eq!(clash(&mut crowd), Verdict::Alone);
            assert_eq!(alone(&mut crowd, "GET /eSCL/ScannerStatus", Fate::Well), Verdict::Together);
            for _ in 0..ENOUGH {
                let first = crowd.begin("GET /1");
                let second = crowd.begin("GET /2");
                assert_eq!(crowd.end(first, Fate::Well), Verdict::AsBefore);
                assert_eq!(crowd.end(second, Fate::Well), Verdict::AsBefore);
            }
        }
    }

    #[test]
    fn a_request_that_does_not_come_again_ends_the_trial() {
        let mut crowd = Crowd::new(false);
        assert_eq!(clash(&mut crowd), Verdict::Alone);
        let verdicts: Vec<_> = (0..ENOUGH).map(|_| alone(&mut crowd, "GET /", Fate::Well)).collect();
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Together).count(), 1);
        assert_eq!(verdicts.last(), Some(&Verdict::Together));
    }

    #[test]
    fn what_the_client_did_is_no_evidence() {
        let mut crowd = Crowd::new(false);
        let (first, second) = (crowd.begin("POST /ipp/print"), crowd.begin("GET /"));
        assert_eq!(crowd.end(first, Fate::Neither), Verdict::AsBefore);
        assert_eq!(crowd.end(second, Fate::Well), Verdict::AsBefore);
    }
}
