//! What an attacker would write into a custom resource, drawn from a seed.

/// What means something to FRR, to a shell, or to whoever reads lines.
const BITS: [&str; 58] = [
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\t",
    "\x0b",
    "\x0c",
    "\x1b[A",
    "\x08",
    "\x7f",
    "\x03",
    "\x1a",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "é",
    "名",
    "🦀",
    " ",
    "  ",
    "!",
    "#",
    "\"",
    "'",
    "`",
    "\\",
    "|",
    "| ",
    " | include x",
    "?",
    "$",
    "$(reboot)",
    "{",
    "}",
    "(",
    "<",
    "[",
    ";",
    ",",
    "=",
    "*",
    "%s%n",
    "exit",
    "end",
    "no",
    "\nexit\n",
    "\nrouter bgp 666\n",
    " remote-as 666",
    "\n neighbor 6.6.6.6 remote-as 666",
    "neighbor 6.6.6.6 remote-as 666",
    "red",
    "a",
    "10",
    "65000:1",
    "large:1:2:3",
    "*:100",
    "-",
];

/// Words of FRR's own language, of which a name may be one.
const KEYWORDS: [&str; 78] = [
    "exit",
    "end",
    "quit",
    "no",
    "do",
    "list",
    "find",
    "output",
    "show",
    "write",
    "configure",
    "terminal",
    "file",
    "router",
    "bgp",
    "vrf",
    "view",
    "default",
    "all",
    "any",
    "neighbor",
    "interface",
    "remote-as",
    "peer-group",
    "internal",
    "external",
    "auto",
    "activate",
    "password",
    "description",
    "bfd",
    "profile",
    "strict",
    "route-map",
    "optimization",
    "permit",
    "deny",
    "seq",
    "sequence-number",
    "le",
    "ge",
    "prefix-list",
    "access-list",
    "ip",
    "ipv6",
    "ipv4",
    "unicast",
    "in",
    "out",
    "import",
    "export",
    "network",
    "redistribute",
    "connected",
    "kernel",
    "static",
    "vni",
    "rd",
    "route-target",
    "both",
    "advertise",
    "address-family",
    "l2vpn",
    "evpn",
    "hostname",
    "match",
    "set",
    "community",
    "none",
    "additive",
    "local-AS",
    "no-export",
    "internet",
    "listen",
    "range",
    "update-source",
    "timers",
    "null0",
];

/// What looks like a number or an address, or nearly.
const NEARLY: [&str; 20] = [
    "0",
    "1",
    "4294967295",
    "4294967296",
    "-1",
    "+1",
    "0x10",
    "1.2.3",
    "1.2.3.4",
    "1.2.3.4.5",
    "10.0.0.0/8",
    "10.0.0.1:7",
    "::",
    "::1",
    "fe80::1%eth0",
    "2001:db8::/32",
    "65000:1",
    "65536:65536",
    "0:0",
    "*:0",
];

/// The lengths around which something ends: device names, FRR's names and buffers.
const LENGTHS: [usize; 14] = [14, 15, 16, 31, 32, 63, 64, 79, 80, 81, 255, 256, 4000, 5000];

const NAME_CHARACTERS: &[u8] = b"abcxyzABCXYZ0123456789_.:/%@-";

/// A source of numbers that is the same for the same seed.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below another.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn of<'a>(&mut self, values: &[&'a str]) -> &'a str {
        values[self.below(values.len())]
    }

    fn word(&mut self) -> String {
        let length = 1 + self.below(20);
        self.characters(length)
    }

    fn characters(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(NAME_CHARACTERS[self.below(NAME_CHARACTERS.len())]))
            .collect()
    }

    fn printable(&mut self) -> String {
        let length = 1 + self.below(60);
        (0..length)
            .map(|_| char::from(b' ' + u8::try_from(self.below(95)).unwrap()))
            .collect()
    }

    fn any(&mut self) -> String {
        let length = 1 + self.below(20);
        (0..length)
            .filter_map(|_| char::from_u32(u32::try_from(self.below(0x11_0000)).unwrap()))
            .collect()
    }

    /// Numbers between colons, as communities and route targets have them.
    fn numbers(&mut self) -> String {
        let first = ["", "", "", "large:", "*:", "10.0.0.1:"][self.below(6)];
        let parts = 1 + self.below(3);
        let number = |draw: &mut Self| draw.below([10, 70_000, 1 << 31][parts - 1]).to_string();
        let parts: Vec<String> = (0..parts).map(|_| number(self)).collect();
        format!("{first}{}", parts.join(":"))
    }

    fn bits(&mut self) -> String {
        (0..=self.below(4)).map(|_| self.of(&BITS)).collect()
    }

    fn long(&mut self) -> String {
        let length = LENGTHS[self.below(LENGTHS.len())];
        self.characters(length)
    }
}

impl Iterator for Draw {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        Some(match self.below(13) {
            0 | 1 => self.bits(),
            2 => self.word() + &self.bits(),
            3 => self.bits() + &self.word(),
            4 => self.of(&KEYWORDS).to_owned(),
            5 => format!("{} {}", self.of(&KEYWORDS), self.of(&KEYWORDS)),
            6 => format!("{}{}", self.of(&KEYWORDS), self.word()),
            7 => self.of(&NEARLY).to_owned() + &self.word(),
            8 => self.long(),
            9 => self.word(),
            10 => self.printable(),
            11 => self.numbers(),
            _ => self.any(),
        })
    }
}
