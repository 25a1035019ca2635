//! The README's table of printers, against what the agent says of the emulated printer that stands for each row. The
//! table is written by hand; what it says of capabilities and of the evidence for each may not differ from the code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;

use plugprint::emulator::{Model, Options};
use plugprint::printer::capability::{Capabilities, Capability, Evidence};

use crate::scene::Scene;

/// The heads of the columns that are compared, and what belongs into each, by the word that it has there.
const COLUMNS: [(&str, &[(Capability, &str)]); 4] = [
    (
        "reports",
        &[
            (Capability::ReportNetwork, "network"),
            (Capability::ReportWireless, "wireless"),
            (Capability::ReportStatus, "status"),
        ],
    ),
    (
        "Wi-Fi",
        &[
            (Capability::WifiStatus, "status"),
            (Capability::WifiScan, "scan"),
            (Capability::WifiJoin, "join"),
            (Capability::WifiPower, "radio"),
            (Capability::WifiReset, "reset"),
        ],
    ),
    (
        "WPS",
        &[
            (Capability::ReadPin, "PIN over USB"),
            (Capability::WritePin, "PIN given"),
            (Capability::PaperPin, "PIN on paper"),
            (Capability::PushButton, "button"),
        ],
    ),
    ("besides", &[(Capability::Identify, "shows itself"), (Capability::Print, "prints by IPP")]),
];

/// As a cell says it: by evidence, the best first.
fn cell(capabilities: &Capabilities, column: &[(Capability, &str)]) -> String {
    let parts: Vec<String> = [Evidence::Listed, Evidence::Confirmed, Evidence::Assumed]
        .into_iter()
        .filter_map(|evidence| {
            let of = |(capability, _): &&(Capability, &str)| capabilities.get(capability) == Some(&evidence);
            let words: Vec<&str> = column.iter().filter(of).map(|(_, word)| *word).collect();
            (!words.is_empty()).then(|| format!("{evidence}: {}", words.join(", ")))
        })
        .collect();
    if parts.is_empty() { "no".to_owned() } else { parts.join("; ") }
}

/// The rows of the table, by the model that stands for each: head of the column, and what is there.
fn table() -> BTreeMap<String, BTreeMap<String, String>> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let cells =
        |line: &str| -> Vec<String> { line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect() };
    let mut lines = readme.lines().skip_while(|line| !line.starts_with("| printers | emulated by |"));
    let heads = cells(lines.next().expect("the table of printers"));
    lines
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let row: BTreeMap<String, String> = heads.iter().cloned().zip(cells(line)).collect();
            assert_eq!(row.len(), heads.len(), "{line}");
            (row["emulated by"].trim_matches('`').to_owned(), row)
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_table_of_printers_says_what_the_agent_says() {
    let table = table();
    let mut wrong = Vec::new();
    for model in Model::ALL.iter().copied() {
        let scene = Scene::new();
        let (_printer, id) = scene.ready(model, Options::default()).await;
        let capabilities = scene.view().printers[&id].capabilities.clone();
        let row = table.get(model.name());
        for (head, column) in COLUMNS {
            let (is, says) = (cell(&capabilities, column), row.map(|row| row[head].clone()).unwrap_or_default());
            if is != says {
                wrong.push(format!("{}, {head}: the table says {says:?}; it is\n    {is}", model.name()));
            }
        }
        // Nothing of ours has ever met a real printer; whoever changes that changes this line.
        if let Some(row) = row {
            assert_eq!(row["tried on hardware by us"], "never", "{row:?}");
        }
    }
    assert!(wrong.is_empty(), "README.md:\n{}", wrong.join("\n"));
    let names: Vec<&str> = Model::ALL.iter().map(|model| model.name()).collect();
    assert!(table.keys().all(|stand_in| names.contains(&stand_in.as_str())), "{:?}", table.keys());
    // A capability that is in no column would be missing from the README.
    let all = COLUMNS.iter().flat_map(|(_, column)| column.iter().map(|(capability, _)| capability.name()));
    assert_eq!(all.count(), 14);
}
