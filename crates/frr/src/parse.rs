//! Reads configuration text: a file, or `show running-config` of FRR 8.4 to 10.

use crate::tree::{Node, Scope, Tree, is_static_route};

impl Tree {
    /// The tree of a text. Lines of no known meaning are kept; comments are not.
    ///
    /// As in FRR, the context of a line follows from the words before it, not from indentation:
    /// a line that opens a context of the root ends whatever was open.
    pub fn parse(text: &str) -> Self {
        let mut cursor = Cursor::default();
        for line in text.lines() {
            cursor.read(line);
        }
        cursor.tree
    }

    /// Adds the lines of a text, into the contexts that are there already.
    pub fn append<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        let mut cursor = Cursor {
            tree: std::mem::take(self),
            open: Vec::new(),
        };
        for line in lines {
            cursor.read(line);
        }
        *self = cursor.tree;
    }
}

/// A tree being read, and the contexts open at the moment.
#[derive(Default)]
struct Cursor {
    tree: Tree,
    open: Vec<Open>,
}

struct Open {
    scope: Scope,
    index: usize,
}

impl Cursor {
    fn read(&mut self, text: &str) {
        let line = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        match line.as_str() {
            "" => {}
            comment if comment.starts_with(['!', '#']) => {}
            "end" => self.open.clear(),
            "exit" | "quit" | "exit-vrf" | "exit-address-family" | "exit-vni" | "exit1" => {
                self.open.pop();
            }
            _ => self.place(line),
        }
    }

    fn place(&mut self, line: String) {
        while let Some(open) = self.open.last() {
            if open.scope.opened_by(&line).is_some() || !self.belongs_outside(&line) {
                break;
            }
            self.open.pop();
        }
        let opened = self.scope().opened_by(&line);
        let index = self.insert(line, opened.is_some());
        if let Some(scope) = opened {
            self.open.push(Open { scope, index });
        }
    }

    fn scope(&self) -> Scope {
        self.open.last().map_or(Scope::Root, |open| open.scope)
    }

    /// Whether a line opens a context of one of the contexts around the innermost.
    fn belongs_outside(&self, line: &str) -> bool {
        let (_, around) = self.open.split_last().unwrap_or((&ROOT, &[]));
        let around = around.iter().map(|open| open.scope);
        around
            .chain([Scope::Root])
            .any(|scope| scope.opened_by(line).is_some())
            || match self.scope() {
                Scope::Other => false,
                Scope::Vrf => is_root_only(line),
                _ => is_root_only(line) || is_static_route(line),
            }
    }

    /// Puts a line into the innermost context; a context that is there already is used again.
    fn insert(&mut self, line: String, context: bool) -> usize {
        let mut nodes = &mut self.tree.nodes;
        for open in &self.open {
            nodes = &mut nodes[open.index].children;
        }
        let known = context
            .then(|| nodes.iter().position(|node| node.line == line))
            .flatten();
        known.unwrap_or_else(|| {
            nodes.push(Node::leaf(line));
            nodes.len() - 1
        })
    }
}

const ROOT: Open = Open {
    scope: Scope::Root,
    index: 0,
};

/// Lines without a context of their own that stand at the root whatever is open.
fn is_root_only(line: &str) -> bool {
    let line = line.strip_prefix("no ").unwrap_or(line);
    let first = [
        "ip prefix-list ",
        "ipv6 prefix-list ",
        "bgp route-map ",
        "hostname ",
        "log ",
    ];
    first.iter().any(|words| line.starts_with(words))
}
