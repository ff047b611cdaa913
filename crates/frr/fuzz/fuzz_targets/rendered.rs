//! Whatever strings a configuration holds, what is rendered is read as the same tree, and that tree has the lines
//! and the words of one with harmless strings.
#![no_main]

mod filled;
mod shape;

use std::cell::RefCell;
use std::collections::HashMap;

use ferroute_frr::Config;
use ferroute_frr::tree::Tree;
use libfuzzer_sys::fuzz_target;

use filled::{Present, Words};
use shape::{Shape, holds, shape};

thread_local! {
    /// The shapes of harmless configurations: there are few, and rendering them takes a third of the time.
    static HARMLESS: RefCell<HashMap<Present, Shape>> = RefCell::default();
}

fuzz_target!(|data: &[u8]| {
    let words = Words::read(data);
    let typed = words.config();
    let tree = Tree::from(&typed);
    HARMLESS.with_borrow_mut(|shapes| {
        let expected = shapes
            .entry(words.present())
            .or_insert_with(|| shape(&Tree::from(&words.harmless().config())));
        assert_eq!(&shape(&tree), expected, "another shape");
    });
    let with_raw = Config {
        raw: words.raw().into_iter().collect(),
        ..typed
    };
    let whole = Tree::from(&with_raw);
    assert_eq!(
        Tree::parse(&whole.to_string()),
        whole,
        "read as another tree"
    );
    assert!(
        holds(&whole.nodes, &tree.nodes),
        "free configuration took a line away"
    );
});
