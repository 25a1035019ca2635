//! `<adapter>/Profiles/Active`: the network that an adapter is set to, read here for its address \[C: HPLIP\], and
//! written to join a network \[C: HPLIP, DeskJet 3750\].
//!
//! What is read may hold a passphrase; that is not looked at.
//!
//! ```
//! use plugprint::hp::ledm::profile;
//!
//! let address = profile::parse(br#"<io:Profile
//!         xmlns:io="http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30"
//!         xmlns:dd="http://www.hp.com/schemas/imaging/con/dictionaries/1.0/">
//!     <io:NetworkProfile><io:IPv4Network><dd:IPAddress>192.0.2.7</dd:IPAddress></io:IPv4Network></io:NetworkProfile>
//! </io:Profile>"#).unwrap();
//! assert_eq!(address.unwrap().ip.to_string(), "192.0.2.7");
//! ```

use zeroize::Zeroizing;

use super::address::Address;
use super::xml;
use super::{IO, IO_WRITTEN, PROLOGUE, WIFI_WRITTEN};
use crate::secret::Passphrase;
use crate::wifi::Ssid;

/// The resource, below an adapter's own.
pub const BELOW_ADAPTER: &str = "/Profiles/Active";

/// Reads the address of the active profile; `None` where it has none.
///
/// # Errors
/// Where it is not well-formed, too much, or another document.
pub fn parse(document: &[u8]) -> Result<Option<Address>, xml::Error> {
    let root = xml::parse_as(document, IO, "Profile")?;
    Ok(root
        .child(IO, "NetworkProfile")
        .and_then(|profile| profile.child(IO, "IPv4Network"))
        .and_then(|network| Address::read(network, "IPAddress", "ConfigMethod")))
}

/// The encryption of a network that is open \[C: HPLIP\].
pub(super) const NONE: &str = "none";

/// The longest document that [`compose`] writes, in bytes: the fixed text, a word of 64 bytes twice, and 32 and 64
/// bytes in hexadecimal.
const CAPACITY: usize = 2048;

/// Writes the profile that makes an adapter join this network. `encryption` is the printer's own word for it, out of
/// its scan; it stands for the authentication, too \[C: HPLIP\]. `None` where that word can't stand in a document.
///
/// The document holds the passphrase. It has its size from the start, so that no half of it stays behind in freed
/// memory, and is wiped when it is dropped.
pub(super) fn compose(ssid: &Ssid, encryption: &str, passphrase: Option<&Passphrase>) -> Option<Zeroizing<Vec<u8>>> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'+' | b' ');
    if encryption.is_empty() || encryption.len() > 64 || !encryption.bytes().all(plain) {
        return None;
    }
    let mut document = Zeroizing::new(Vec::with_capacity(CAPACITY));
    let mut write = |text: &str| document.extend_from_slice(text.as_bytes());
    write(PROLOGUE);
    write("<io:Profile xmlns:io=\"");
    write(IO_WRITTEN);
    write("\" xmlns:wifi=\"");
    write(WIFI_WRITTEN);
    write("\"><io:AdapterProfile><io:WifiProfile><wifi:SSID>");
    write(&ssid.to_hex());
    write("</wifi:SSID><wifi:CommunicationMode>infrastructure</wifi:CommunicationMode><wifi:EncryptionType>");
    write(encryption);
    write("</wifi:EncryptionType><wifi:AuthenticationMode>");
    write(if encryption == NONE { "open" } else { encryption });
    write("</wifi:AuthenticationMode>");
    if let Some(passphrase) = passphrase {
        write("<io:KeyInfo><io:WpaPassPhraseInfo><wifi:RsnEncryption>AESOrTKIP</wifi:RsnEncryption>");
        write("<wifi:RsnAuthorization>autoWPA</wifi:RsnAuthorization><wifi:PassPhrase>");
        for byte in passphrase.expose() {
            for digit in [byte >> 4, byte & 15] {
                write(DIGITS.get(usize::from(digit)..=usize::from(digit)).unwrap_or_default());
            }
        }
        write("</wifi:PassPhrase></io:WpaPassPhraseInfo></io:KeyInfo>");
    }
    write("</io:WifiProfile></io:AdapterProfile></io:Profile>");
    debug_assert!(document.len() <= CAPACITY, "a copy was left behind");
    Some(document)
}

const DIGITS: &str = "0123456789abcdef";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::super::WIFI;
    use super::super::testing::{fixture, never_panics};
    use super::*;
    use crate::wifi::passphrase;

    #[test]
    fn an_active_profile() {
        let address = parse(&fixture("profile-active.xml")).unwrap().unwrap();
        assert_eq!(address.ip.to_string(), "192.0.2.7");
        assert_eq!(address.subnet_mask.unwrap().to_string(), "255.255.255.0");
        assert_eq!(address.method, None);
    }

    #[test]
    fn a_network_with_a_passphrase() {
        let passphrase = passphrase::parse(b"correct horse").unwrap();
        let document = compose(&Ssid::new("T\u{fc}").unwrap(), "WPA2_PSK", Some(&passphrase)).unwrap();
        assert_eq!(
            std::str::from_utf8(&document).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <io:Profile xmlns:io=\"http://www.hp.com/schemas/imaging/con/ledm/iomgmt/2008/11/30\" \
             xmlns:wifi=\"http://www.hp.com/schemas/imaging/con/wifi/2009/06/26\">\
             <io:AdapterProfile><io:WifiProfile>\
             <wifi:SSID>54c3bc</wifi:SSID>\
             <wifi:CommunicationMode>infrastructure</wifi:CommunicationMode>\
             <wifi:EncryptionType>WPA2_PSK</wifi:EncryptionType>\
             <wifi:AuthenticationMode>WPA2_PSK</wifi:AuthenticationMode>\
             <io:KeyInfo><io:WpaPassPhraseInfo>\
             <wifi:RsnEncryption>AESOrTKIP</wifi:RsnEncryption>\
             <wifi:RsnAuthorization>autoWPA</wifi:RsnAuthorization>\
             <wifi:PassPhrase>636f727265637420686f727365</wifi:PassPhrase>\
             </io:WpaPassPhraseInfo></io:KeyInfo>\
             </io:WifiProfile></io:AdapterProfile></io:Profile>"
        );
    }

    #[test]
    fn an_open_network() {
        let document = compose(&Ssid::new("Home").unwrap(), NONE, None).unwrap();
        let root = xml::parse_as(&document, IO, "Profile").unwrap();
        let profile = root.child(IO, "AdapterProfile").unwrap().child(IO, "WifiProfile").unwrap();
        assert_eq!(profile.value(WIFI, "EncryptionType"), Some("none"));
        assert_eq!(profile.value(WIFI, "AuthenticationMode"), Some("open"));
        assert!(profile.child(IO, "KeyInfo").is_none());
    }

    #[test]
    fn a_word_that_would_break_the_document_is_refused() {
        for word in ["", "<", "WPA2&amp;", "WPA2\"", "WPÄ", "WPA2\n", &"a".repeat(65)] {
            assert!(compose(&Ssid::new("Home").unwrap(), word, None).is_none(), "{word}");
        }
    }

    proptest! {
        #[test]
        fn every_name_and_passphrase_arrives_whole(
            name in prop::collection::vec(any::<u8>(), 0..=32),
            phrase in "[ -~]{8,63}|[0-9a-fA-F]{64}",
            word in "[A-Za-z0-9_+./-]{1,64}",
        ) {
            let ssid = Ssid::new(&name).unwrap();
            let document = compose(&ssid, &word, passphrase::parse(phrase.as_bytes()).ok().as_ref()).unwrap();
            prop_assert!(document.capacity() == CAPACITY, "it was moved while it was written");
            let root = xml::parse_as(&document, IO, "Profile").unwrap();
            let text = |name| root.descendants().find(|e| e.is(WIFI, name)).map(|e| e.text().to_owned());
            prop_assert_eq!(text("SSID"), Some(ssid.to_hex()));
            let digits = text("PassPhrase").unwrap();
            let bytes: Vec<u8> = (0..digits.len()).step_by(2)
                .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
            prop_assert_eq!(bytes, phrase.as_bytes());
        }
    }

    #[test]
    fn damaged_documents_end_in_a_value() {
        never_panics("profile-active.xml", |bytes| parse(bytes).map(drop));
    }
}
