//! Nothing is sent, and no session is reset, where nothing changed.

use crate::lab::{Instance, apply, eventually, frr_version};
use crate::oracle::{live, sessions};
use crate::sample::everything;
use crate::sample::known::known;

#[tokio::test]
async fn the_same_a_hundred_times_sends_nothing_and_resets_nothing() {
    let instance = Instance::start("router").await;
    let peer = Instance::start("router").await;
    live::connect(&instance, &peer).await;
    let mut config = everything();
    live::plug_in(&mut config);
    let config = known(&config, &frr_version());
    let mut engine = instance.engine();
    apply(&mut engine, &config).await;
    let before = eventually("all sessions", async || {
        let up = sessions(&instance).await;
        (up.len() == live::able(&config).len()).then_some(up)
    })
    .await;
    assert!(!before.is_empty());
    for round in 0..100 {
        // Every tenth client knows nothing and asks FRR.
        if round % 10 == 9 {
            engine = instance.engine();
        }
        assert_eq!(engine.apply(&config).await.unwrap().commands_sent, 0);
    }
    assert_eq!(sessions(&instance).await, before);
}
