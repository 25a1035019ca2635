//! The IEEE 1284 device id. Pure.
//!
//! Pairs `KEY:value;` in ASCII; the keys have a short and a long form (IEEE 1284-2000, 7.6).
//!
//! ```
//! let id = plugprint::usb::device_id::parse(b"MFG:HP;MDL:DeskJet 3700 series;CMD:PCL3GUI,PJL;SN:CN0000000A;");
//! assert_eq!(id.manufacturer.as_deref(), Some("HP"));
//! assert_eq!(id.commands, ["PCL3GUI", "PJL"]);
//! ```

/// More than any GET_DEVICE_ID answer that a host asks for (1,023 bytes) has.
const MAX_ID: usize = 4096;
/// Pairs, and command sets, that are kept.
const MAX_ITEMS: usize = 64;

/// What a device id says. Values are printable and without surrounding space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceId {
    /// MFG or MANUFACTURER.
    pub manufacturer: Option<String>,
    /// MDL or MODEL.
    pub model: Option<String>,
    /// DES or DESCRIPTION.
    pub description: Option<String>,
    /// SN, SERN or SERIALNUMBER.
    pub serial: Option<String>,
    /// CMD or COMMAND SET: the languages it understands.
    pub commands: Vec<String>,
    /// All other pairs, keys in upper case.
    pub other: Vec<(String, String)>,
}

impl DeviceId {
    /// The value of any other key, in upper case.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.other.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

fn clean(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().chars().filter(|c| !c.is_control()).collect()
}

/// Reads a device id without its length prefix. What is not a pair is skipped; of a key given twice the first counts.
pub fn parse(raw: &[u8]) -> DeviceId {
    let mut id = DeviceId::default();
    let raw = raw.get(..MAX_ID).unwrap_or(raw);
    let pairs = raw.split(|&b| b == b';').filter_map(|pair| {
        let colon = pair.iter().position(|&b| b == b':')?;
        let (key, value) = pair.split_at(colon);
        Some((clean(key).to_ascii_uppercase(), clean(value.get(1..).unwrap_or_default())))
    });
    for (key, value) in pairs.filter(|(key, value)| !key.is_empty() && !value.is_empty()).take(MAX_ITEMS) {
        let field = match key.as_str() {
            "MFG" | "MANUFACTURER" => &mut id.manufacturer,
            "MDL" | "MODEL" => &mut id.model,
            "DES" | "DESCRIPTION" => &mut id.description,
            "SN" | "SERN" | "SERIALNUMBER" => &mut id.serial,
            "CMD" | "COMMAND SET" => {
                if id.commands.is_empty() {
                    let commands = value.split(',').map(str::trim).filter(|c| !c.is_empty());
                    id.commands = commands.take(MAX_ITEMS).map(str::to_owned).collect();
                }
                continue;
            }
            _ => {
                id.other.push((key, value));
                continue;
            }
        };
        field.get_or_insert(value);
    }
    id
}

/// Reads the answer to GET_DEVICE_ID: a length of two bytes, big endian and counting itself (USB Printing Devices 1.1,
/// 4.2.1), then the id. Devices are known that send it little endian, or not counting itself; a length that cannot be
/// is ignored.
pub fn parse_answer(raw: &[u8]) -> DeviceId {
    let &[first, second, ref rest @ ..] = raw else { return DeviceId::default() };
    let fits = |length: u16| usize::from(length).checked_sub(2).filter(|&n| n > 0 && n <= rest.len());
    let length = fits(u16::from_be_bytes([first, second])).or_else(|| fits(u16::from_le_bytes([first, second])));
    parse(length.and_then(|n| rest.get(..n)).unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::*;

    const INKJET: &[u8] = b"MFG:HP;MDL:DeskJet 3700 series;CMD:PCL3GUI,PJL,Automatic,JPEG,PCLM,AppleRaster,PWGRaster,DW-PCL,802.11,DESKJET,DYN;CLS:PRINTER;DES:T8X00A;CID:HPDeskjet_P976D;LEDMDIS:USB#FF#CC#00,USB#07#01#02,USB#FF#04#01;SN:CN00000000;S:038080C484A02021006E0;Z:05000009001;";

    fn answer(id: &[u8]) -> Vec<u8> {
        let length = u16::try_from(id.len() + 2).unwrap();
        [&length.to_be_bytes()[..], id].concat()
    }

    #[test]
    fn an_inkjet_of_hp() {
        let id = parse_answer(&answer(INKJET));
        assert_eq!(id.manufacturer.as_deref(), Some("HP"));
        assert_eq!(id.model.as_deref(), Some("DeskJet 3700 series"));
        assert_eq!(id.description.as_deref(), Some("T8X00A"));
        assert_eq!(id.serial.as_deref(), Some("CN00000000"));
        assert_eq!(id.commands.len(), 11);
        assert_eq!(id.get("LEDMDIS"), Some("USB#FF#CC#00,USB#07#01#02,USB#FF#04#01"));
    }

    #[test]
    fn the_long_forms_of_a_laserjet() {
        let id = parse(b"MANUFACTURER:Hewlett-Packard;COMMAND SET:PJL,ACL,HTTP;MODEL:HP LaserJet Professional P1102w;CLASS:PRINTER;DESCRIPTION:HP LaserJet;SERN:VNF0000000\r\n");
        assert_eq!(id.manufacturer.as_deref(), Some("Hewlett-Packard"));
        assert_eq!(id.model.as_deref(), Some("HP LaserJet Professional P1102w"));
        assert_eq!(id.commands, ["PJL", "ACL", "HTTP"]);
        assert_eq!(id.serial.as_deref(), Some("VNF0000000"));
    }

    #[test]
    fn any_length_prefix() {
        let whole = parse(INKJET);
        let little = [&u16::try_from(INKJET.len() + 2).unwrap().to_le_bytes()[..], INKJET].concat();
        assert_eq!(parse_answer(&little), whole);
        assert_eq!(parse_answer(&[&[0xff, 0xff][..], INKJET].concat()), whole);
        assert_eq!(parse_answer(&[&[0, 0][..], INKJET].concat()), whole);
        let padded = [answer(INKJET), b"MFG:NOT MINE;ZZZ:1;".to_vec()].concat();
        assert_eq!(parse_answer(&padded), whole);
        assert_eq!(parse_answer(b""), DeviceId::default());
        assert_eq!(parse_answer(b"\0"), DeviceId::default());
    }

    #[test]
    fn control_characters_go_and_the_first_of_two_counts() {
        let id = parse(b"MFG:H\x1b[31mP\0;MFG:other;:x;noise;MDL:;MDL: a:b ;");
        assert_eq!(id.manufacturer.as_deref(), Some("H[31mP"));
        assert_eq!(id.model.as_deref(), Some("a:b"));
        assert!(id.other.is_empty());
    }

    #[test]
    fn much_is_bounded() {
        let id = parse("K:v;".repeat(100_000).as_bytes());
        assert!(id.other.len() <= MAX_ITEMS);
        let id = parse(format!("CMD:{}", "a,".repeat(100_000)).as_bytes());
        assert!(id.commands.len() <= MAX_ITEMS);
    }

    proptest! {
        #[test]
        fn anything_is_a_device_id(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            let id = parse_answer(&raw);
            let values = id.other.iter().map(|(_, v)| v).chain(&id.commands).chain(&id.manufacturer).chain(&id.serial);
            for value in values {
                prop_assert!(!value.is_empty() && !value.contains(char::is_control));
            }
        }

        #[test]
        fn what_is_written_is_read(mfg in "[A-Za-z0-9 ,.-]{0,20}[A-Za-z0-9]", commands in proptest::collection::vec("[A-Z0-9]{1,9}", 1..9)) {
            let id = parse_answer(&answer(format!("CMD:{};MFG:{mfg};", commands.join(",")).as_bytes()));
            prop_assert_eq!(id.manufacturer.as_deref(), Some(mfg.trim()));
            prop_assert_eq!(id.commands, commands);
        }
    }
}
